/** What embed.js does next, as data: the specification of notebook-host/embed/decision.ts and answer.ts. */
import type { Answer } from "../../notebook-host/embed/answer.ts";
import type { Tries } from "../../notebook-host/embed/decision.ts";

export const ID = "k3v7x2m4p7q5r5ta";
export const API = "https://ide-proxy.example.org";

const problem = (status: number, retryAfterMs?: number, title = "", detail = ""): Answer => ({
  kind: "refused",
  problem: { status, title, detail },
  retryAfterMs,
});

export interface NextCase {
  readonly what: string;
  readonly answer: Answer;
  readonly tries?: Partial<Tries>;
  readonly askedId?: string;
  /** `random` is 0 in these cases: the earliest that it may happen. */
  readonly expected: { do: string; afterMs?: number; id?: string; title?: string; state?: string };
}

export const nextCases: NextCase[] = [
  {
    what: "a ready notebook is entered",
    answer: {
      kind: "ready",
      notebook: { id: ID, origin: "https://dev-01-6001.ide-proxy.example.org", next: "/", ticket: "t" },
    },
    expected: { do: "enter" },
  },
  {
    what: "one that is starting is asked about",
    answer: { kind: "starting", id: ID },
    expected: { do: "ask", id: ID, afterMs: 375 },
  },
  {
    what: "without its id the question is asked again: the same student gets the same notebook",
    answer: { kind: "starting", id: undefined },
    tries: { poll: 2 },
    expected: { do: "ask", afterMs: 1500 },
  },
  {
    what: "polls do not grow rarer than every five seconds",
    answer: { kind: "starting", id: ID },
    tries: { poll: 39 },
    expected: { do: "ask", id: ID, afterMs: 3750 },
  },
  {
    what: "a start that never ends is given up",
    answer: { kind: "starting", id: ID },
    tries: { poll: 40 },
    expected: { do: "stop", title: "Your notebook takes too long to start", state: "failed" },
  },
  {
    what: "a notebook that is gone while it is asked about is asked for anew",
    answer: problem(404),
    askedId: ID,
    expected: { do: "ask", afterMs: 375 },
  },
  {
    what: "404 to the first question is a wrong address",
    answer: problem(404),
    expected: { do: "stop", state: "failed" },
  },
  {
    what: "no room: after Retry-After, never before",
    answer: problem(503, 20_000),
    expected: { do: "ask", afterMs: 20_000, state: "waiting", title: "No free place yet" },
  },
  {
    what: "no room, Retry-After 0: after a second all the same",
    answer: problem(503, 0),
    expected: { do: "ask", afterMs: 1000 },
  },
  {
    what: "no room, Retry-After of a day: after two minutes",
    answer: problem(503, 86_400_000),
    expected: { do: "ask", afterMs: 120_000 },
  },
  {
    what: "no room and no Retry-After: after ten seconds",
    answer: problem(503),
    expected: { do: "ask", afterMs: 10_000 },
  },
  { what: "too many requests wait likewise", answer: problem(429, 5000), expected: { do: "ask", afterMs: 5000 } },
  {
    what: "no room for half an hour",
    answer: problem(503, 30_000),
    tries: { room: 60 },
    expected: { do: "stop", title: "No free place", state: "failed" },
  },
  {
    what: "401: the page is asked for a token",
    answer: problem(401),
    expected: { do: "ask-token", state: "signed-out" },
  },
  {
    what: "401 for the fourth token: signed out",
    answer: problem(401),
    tries: { token: 3 },
    expected: { do: "stop", title: "You are signed out", state: "signed-out" },
  },
  {
    what: "no answer: again in a moment",
    answer: { kind: "unreachable" },
    expected: { do: "ask", afterMs: 750, state: "waiting", title: "No connection" },
  },
  {
    what: "no answer for long: a person decides",
    answer: { kind: "unreachable" },
    tries: { network: 6 },
    expected: { do: "stop", title: "No connection", state: "failed" },
  },
  {
    what: "an answer that is not ours, as of a café's wifi",
    answer: { kind: "nonsense" },
    expected: { do: "ask", afterMs: 1500, title: "That did not work" },
  },
  { what: "500: again", answer: problem(500), tries: { trouble: 1 }, expected: { do: "ask", afterMs: 3000 } },
  { what: "502, 504, 408: again", answer: problem(502), expected: { do: "ask", afterMs: 1500 } },
  {
    what: "500 five times",
    answer: problem(500),
    tries: { trouble: 4 },
    expected: { do: "stop", state: "failed", title: "Your notebook could not be started" },
  },
  { what: "400 cannot be mended by asking again", answer: problem(400), expected: { do: "stop", state: "failed" } },
  { what: "403 neither", answer: problem(403), expected: { do: "stop", state: "failed" } },
  { what: "413 neither", answer: problem(413), expected: { do: "stop", state: "failed" } },
];

export interface MendingCase {
  readonly what: string;
  readonly message: { status: number; reason: string };
  /** How long ago passes were fetched by themselves, in ms. */
  readonly mendedAgo?: number[];
  readonly expected: { do: string; title: string; afterMs?: number } | undefined;
}

const again = "Opening your notebook again";

export const mendingCases: MendingCase[] = [
  {
    what: "the notebook ended",
    message: { status: 410, reason: "ended" },
    expected: { do: "stop", title: "Your notebook has ended" },
  },
  {
    what: "there is none of that name",
    message: { status: 404, reason: "unknown" },
    expected: { do: "stop", title: "Your notebook has ended" },
  },
  { what: "no pass", message: { status: 401, reason: "no-pass" }, expected: { do: "ask", title: again, afterMs: 225 } },
  {
    what: "a pass that is refused",
    message: { status: 403, reason: "refused" },
    expected: { do: "ask", title: again, afterMs: 225 },
  },
  {
    what: "a pass that has run out, whatever the status",
    message: { status: 200, reason: "expired" },
    expected: { do: "ask", title: again, afterMs: 225 },
  },
  {
    what: "the third time in ten minutes, later",
    message: { status: 401, reason: "no-pass" },
    mendedAgo: [9000, 500],
    expected: { do: "ask", title: again, afterMs: 900 },
  },
  {
    what: "the fourth time: the browser does not keep it",
    message: { status: 401, reason: "no-pass" },
    mendedAgo: [9000, 500, 10],
    expected: { do: "stop", title: "Your browser keeps the notebook out of this page" },
  },
  {
    what: "three times, but long ago: a long day",
    message: { status: 401, reason: "no-pass" },
    mendedAgo: [900_000, 800_000, 700_000],
    expected: { do: "ask", title: again, afterMs: 225 },
  },
  {
    what: "its machine is down",
    message: { status: 503, reason: "unreachable" },
    expected: { do: "ask", title: "Your notebook does not answer", afterMs: 3000 },
  },
  {
    what: "its machine stays down",
    message: { status: 502, reason: "broken" },
    mendedAgo: [9000, 500, 10],
    expected: { do: "stop", title: "Your notebook does not answer" },
  },
  {
    what: "malformed: the page in the frame says it",
    message: { status: 400, reason: "malformed" },
    expected: undefined,
  },
  { what: "all is well", message: { status: 200, reason: "" }, expected: undefined },
];

const url = "https://dev-01-6001.ide-proxy.example.org:8443/notebooks/lesson.ipynb?a=1#b";

/** Answers with status 200 that are none: [what, JSON]. */
export const notReady: [what: string, value: unknown][] = [
  ["no object", "ready"],
  ["null", null],
  ["an empty object", {}],
  ["no ticket", { id: ID, url }],
  ["an empty ticket", { id: ID, url, ticket: "" }],
  ["a ticket that is a number", { id: ID, url, ticket: 5 }],
  ["no id", { url, ticket: "t" }],
  ["an id with a slash: it would be part of a path", { id: "k3v7x2m4p7q5r5/a", url, ticket: "t" }],
  ["no url", { id: ID, ticket: "t" }],
  ["a relative url", { id: ID, url: "/notebooks/lesson.ipynb", ticket: "t" }],
  ["a script as url", { id: ID, url: "javascript:alert(1)//.ide-proxy.example.org", ticket: "t" }],
  ["plain http", { id: ID, url: url.replace("https", "http"), ticket: "t" }],
  ["another domain", { id: ID, url: "https://dev-01-6001.evil.test/", ticket: "t" }],
  ["our domain as a prefix", { id: ID, url: "https://dev-01-6001.ide-proxy.example.org.evil.test/", ticket: "t" }],
  ["our domain as a suffix without a dot", { id: ID, url: "https://evil-ide-proxy.example.org/", ticket: "t" }],
  ["our domain as a user name", { id: ID, url: "https://a.ide-proxy.example.org@evil.test/", ticket: "t" }],
];

export const retryAfters: [text: string | null, ms: number | undefined][] = [
  [null, undefined],
  ["", undefined],
  ["20", 20_000],
  [" 7 ", 7000],
  ["0", 0],
  ["-5", undefined],
  ["soon", undefined],
  ["Thu, 01 Jan 1970 00:00:30 GMT", 20_000],
  ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
];

/** [attribute, origin]; the rest is refused. */
export const apis: [text: string, origin: string | undefined][] = [
  ["https://ide-proxy.example.org", "https://ide-proxy.example.org"],
  ["https://ide-proxy.example.org:8443/anything?", "https://ide-proxy.example.org:8443"],
  ["http://ide-proxy.localhost:8080", "http://ide-proxy.localhost:8080"],
  ["http://ide-proxy.example.org", undefined],
  ["http://localhost.evil.test", undefined],
  ["ide-proxy.example.org", undefined],
  ["javascript:alert(1)", undefined],
  ["", undefined],
];
