/**
 * The router's decisions, by example. Runs as TypeScript, as Lua, and inside HAProxy.
 *
 * A pass or a ticket is written as what it was made for, and what was done to it afterwards.
 */

/** Two hosts on this machine's loopback, so that HAProxy can run the cases too. */
export const FLEET = { domain: "ide-proxy.localhost", ports: "6000-6999", fleet: "dev 127.91.0.0/16 2" };
export const KEYS = {
  current: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
  previous: "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=",
  foreign: "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=",
};
export const PASS_SECONDS = 3600;

export interface Credential {
  readonly host: string;
  readonly port: number;
  /** Whose notebook: made into an id. */
  readonly student: "ada" | "grace";
  /** From now; below zero: it has expired. */
  readonly seconds: number;
  readonly key?: keyof typeof KEYS;
  /** What an attacker did to the text. */
  readonly change?: (text: string) => string;
}

export interface Case {
  readonly why: string;
  readonly host: string;
  readonly path?: string;
  readonly query?: string;
  readonly next?: string;
  readonly pass?: Credential | string;
  readonly ticket?: Credential | string;
  /** "127.91.0.11:6001", "303 /lab", or a status. */
  readonly expected: string;
}

const ADA = "dev-01-6001.ide-proxy.localhost";
const GRACE = "dev-02-6002.ide-proxy.localhost";
const ada = { host: "dev-01", port: 6001, student: "ada", seconds: 600 } as const;
const grace = { host: "dev-02", port: 6002, student: "grace", seconds: 600 } as const;
const field = (index: number, change: (text: string) => string) => (text: string) =>
  text
    .split(".")
    .map((part, i) => (i === index ? change(part) : part))
    .join(".");
const flipLast = (text: string): string => text.slice(0, -2) + (text.at(-2) === "A" ? "B" : "A") + text.at(-1);

export const cases: Case[] = [
  // Admitted
  { why: "ada's pass opens ada's notebook", host: ADA, pass: ada, expected: "127.91.0.11:6001" },
  { why: "grace's pass opens grace's notebook", host: GRACE, pass: grace, expected: "127.91.16.12:6002" },
  {
    why: "a pass does not mind capitals in the name",
    host: ADA.toUpperCase(),
    pass: ada,
    expected: "127.91.0.11:6001",
  },
  { why: "nor a trailing dot", host: `${ADA}.`, pass: ada, expected: "127.91.0.11:6001" },
  { why: "a pass of the previous key", host: ADA, pass: { ...ada, key: "previous" }, expected: "127.91.0.11:6001" },

  // Refused: passes
  { why: "no pass", host: ADA, expected: "401" },
  { why: "ada's pass at grace's notebook", host: GRACE, pass: ada, expected: "403" },
  { why: "grace's pass at ada's notebook", host: ADA, pass: grace, expected: "403" },
  { why: "a pass for another port", host: ADA, pass: { ...ada, port: 6003 }, expected: "403" },
  { why: "a pass for another host", host: ADA, pass: { ...ada, host: "dev-02" }, expected: "403" },
  { why: "a pass that has ended", host: ADA, pass: { ...ada, seconds: -1 }, expected: "401" },
  { why: "a pass made with another fleet's key", host: ADA, pass: { ...ada, key: "foreign" }, expected: "403" },
  {
    why: "a key's number that there is not",
    host: ADA,
    pass: { ...ada, change: field(0, () => "9") },
    expected: "403",
  },
  { why: "another key's number", host: ADA, pass: { ...ada, change: field(0, () => "1") }, expected: "403" },
  {
    why: "a key's number in another spelling",
    host: ADA,
    pass: { ...ada, change: field(0, (n) => `0${n}`) },
    expected: "403",
  },
  {
    why: "another notebook's id",
    host: ADA,
    pass: { ...ada, change: field(1, () => "b".repeat(16)) },
    expected: "403",
  },
  {
    why: "an id in capitals",
    host: ADA,
    pass: { ...ada, change: field(1, (id) => id.toUpperCase()) },
    expected: "403",
  },
  { why: "an expiry moved", host: ADA, pass: { ...ada, change: field(2, (n) => `${Number(n) + 1}`) }, expected: "403" },
  {
    why: "an expiry in another spelling",
    host: ADA,
    pass: { ...ada, change: field(2, (n) => `0${n}`) },
    expected: "403",
  },
  { why: "an expiry with a sign", host: ADA, pass: { ...ada, change: field(2, (n) => `+${n}`) }, expected: "403" },
  {
    why: "an expiry of eleven digits",
    host: ADA,
    pass: { ...ada, change: field(2, () => "99999999999") },
    expected: "403",
  },
  { why: "another token", host: ADA, pass: { ...ada, change: field(3, flipLast) }, expected: "403" },
  { why: "another signature", host: ADA, pass: { ...ada, change: field(4, flipLast) }, expected: "403" },
  { why: "a signature cut short", host: ADA, pass: { ...ada, change: (text) => text.slice(0, -1) }, expected: "403" },
  { why: "no signature", host: ADA, pass: { ...ada, change: field(4, () => "") }, expected: "403" },
  { why: "a field more", host: ADA, pass: { ...ada, change: (text) => `${text}.x` }, expected: "403" },
  { why: "a word that is no pass", host: ADA, pass: "let-me-in", expected: "403" },
  { why: "only dots", host: ADA, pass: "....", expected: "403" },

  // Refused: names, whatever the pass
  { why: "a port outside the range", host: "dev-01-22.ide-proxy.localhost", pass: ada, expected: "404" },
  { why: "no such host", host: "dev-03-6001.ide-proxy.localhost", pass: ada, expected: "404" },
  { why: "malformed under our domain", host: "dev-01-06001.ide-proxy.localhost", pass: ada, expected: "400" },
  { why: "our domain as a prefix", host: `${ADA}.evil.test`, pass: ada, expected: "421" },
  { why: "not ours", host: "example.org", pass: ada, expected: "421" },

  // Tickets
  {
    why: "a ticket at the entrance leads to the page it names",
    host: ADA,
    path: "/.hallpass/enter",
    next: "/lab?x=1",
    ticket: ada,
    expected: "303 /lab?x=1",
  },
  {
    why: "a ticket without a page leads to the front page",
    host: ADA,
    path: "/.hallpass/enter",
    ticket: ada,
    expected: "303 /",
  },
  {
    why: "a ticket in a page's query leads to that page without it",
    host: ADA,
    path: "/lab",
    query: "a=1&ticket=x&b=2",
    ticket: ada,
    expected: "303 /lab?a=1&b=2",
  },
  {
    why: "a ticket replaces a pass that has ended",
    host: ADA,
    path: "/lab",
    ticket: ada,
    pass: { ...ada, seconds: -1 },
    expected: "303 /lab",
  },
  {
    why: "a ticket of the previous key",
    host: ADA,
    path: "/lab",
    ticket: { ...ada, key: "previous" },
    expected: "303 /lab",
  },
  { why: "the entrance without a ticket", host: ADA, path: "/.hallpass/enter", pass: ada, expected: "403" },
  { why: "ada's ticket at grace's notebook", host: GRACE, path: "/lab", ticket: ada, expected: "403" },
  { why: "a ticket that has ended", host: ADA, path: "/lab", ticket: { ...ada, seconds: 0 }, expected: "403" },
  { why: "a bad ticket beside a good pass", host: ADA, path: "/lab", ticket: "x", pass: ada, expected: "403" },
  {
    why: "a ticket made with another fleet's key",
    host: ADA,
    path: "/lab",
    ticket: { ...ada, key: "foreign" },
    expected: "403",
  },
  {
    why: "a ticket with another notebook's id",
    host: ADA,
    path: "/lab",
    ticket: { ...ada, change: field(1, () => "b".repeat(16)) },
    expected: "403",
  },
  {
    why: "a ticket that would last longer",
    host: ADA,
    path: "/lab",
    ticket: { ...ada, change: field(2, (n) => `${Number(n) + 1}`) },
    expected: "403",
  },

  // Where a ticket may lead
  {
    why: "to another site, by two slashes",
    host: ADA,
    path: "/.hallpass/enter",
    next: "//evil.test/",
    ticket: ada,
    expected: "303 /",
  },
  {
    why: "to another site, by a backslash",
    host: ADA,
    path: "/.hallpass/enter",
    next: "/\\evil.test/",
    ticket: ada,
    expected: "303 /",
  },
  {
    why: "to another site, by its URL",
    host: ADA,
    path: "/.hallpass/enter",
    next: "https://evil.test/",
    ticket: ada,
    expected: "303 /",
  },
  {
    why: "to a script",
    host: ADA,
    path: "/.hallpass/enter",
    next: "javascript:alert(1)",
    ticket: ada,
    expected: "303 /",
  },
  {
    why: "into a second header",
    host: ADA,
    path: "/.hallpass/enter",
    next: "/lab\r\nSet-Cookie: a=1",
    ticket: ada,
    expected: "303 /",
  },
  {
    why: "past a tab, which browsers drop",
    host: ADA,
    path: "/.hallpass/enter",
    next: "/\t/evil.test",
    ticket: ada,
    expected: "303 /",
  },
  { why: "beyond ASCII", host: ADA, path: "/.hallpass/enter", next: "/läb", ticket: ada, expected: "303 /" },
  {
    why: "to a page that begins with two slashes",
    host: ADA,
    path: "//evil.test/",
    query: "ticket=x",
    ticket: ada,
    expected: "303 /",
  },
];
