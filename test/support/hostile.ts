/**
 * Hostile names and passes, generated: each a good one with something done to it, or noise.
 *
 * Seeded, so that a failure can be seen again; the seed is printed with it. What is still good
 * afterwards is told by an oracle that shares no code with the router.
 */
import { createHmac } from "node:crypto";
import { FLEET, KEYS } from "../proxy-image/decide.cases.ts";

export interface Hostile {
  readonly host: string;
  readonly pass: string;
}

/** Numbers from 0 to below 1 (mulberry32): the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const ODD = "-.:;=,/\\@%&?#_ \t~^!'\"()[]{}<>|*+0189azAZé٥\u0130\u212a";

export function hostileGenerator(seed: number, goodPasses: readonly string[]): () => Hostile {
  const random = randomFrom(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const below = (end: number): number => Math.floor(random() * end);
  const character = (): string => pick([...ODD]);
  const mutations: ((text: string) => string)[] = [
    (text) => text,
    (text) => text.slice(0, below(text.length + 1)),
    (text) => text.slice(below(text.length + 1)),
    (text) => text.slice(0, below(text.length + 1)) + character() + text.slice(below(text.length + 1)),
    (text) => text.replace(pick([...text, "x"]), character()),
    (text) => text.replaceAll(".", pick([".", "..", "-", "", "%2e"])),
    (text) =>
      text.replace(/\d+/, (digits) =>
        pick([`0${digits}`, `${digits}0`, `${Number(digits) + 1}`, `+${digits}`, "-1", "1e3", "99999999999999999999"]),
      ),
    (text) => text.toUpperCase(),
    (text) => text + pick([".", "..", ":443", ":0443", ":", ".evil.test", " ", "\t", "%00", `.${FLEET.domain}`]),
    (text) => pick(["evil.test.", "x", "-", "a.", "127.0.0.1-", "localhost-"]) + text,
    (text) => text.split(".").reverse().join("."),
    (text) =>
      text
        .split(".")
        .sort(() => random() - 0.5)
        .join("."),
    (text) => text.split("-").reverse().join("-"),
  ];
  const mutate = (text: string): string => {
    if (random() < 0.1) return text;
    let changed = text;
    for (let times = below(3); times >= 0; times--) changed = pick(mutations)(changed);
    return changed.slice(0, 400);
  };
  const hosts = ["dev-01-6001", "dev-02-6002", "dev-01-6002", "dev-02-6001", "dev-01-22", "dev-99-6001", "dev-1-6001"];
  return () => ({
    host: random() < 0.4 ? `${pick(hosts)}.${FLEET.domain}` : mutate(`${pick(hosts)}.${FLEET.domain}`),
    pass: mutate(
      random() < 0.2
        ? `${below(100)}.${"a".repeat(16)}.${below(2 ** 31)}.${"b".repeat(43)}.${"c".repeat(43)}`
        : pick(goodPasses),
    ),
  });
}

/** Where a name and a pass may lead: "127.91.0.11:6001", or undefined for nowhere. Written once more, from the texts. */
export function allowedTarget({ host, pass }: Hostile, nowSeconds: number): string | undefined {
  const name = /^dev-(0[12])-([1-9]\d{3})\.ide-proxy\.localhost\.?(:(0|[1-9]\d{0,4}))?$/.exec(
    host.replace(/[A-Z]/g, (c) => c.toLowerCase()),
  );
  const fields = /^([12])\.([a-z2-7]{16})\.([1-9]\d{0,9})\.([\w-]{43})\.([\w-]{43})$/.exec(pass);
  if (name === null || fields === null || Number(fields[3]) <= nowSeconds) return undefined;
  const [number, port] = [name[1], Number(name[2])];
  if (port < 6000 || port > 6999) return undefined;
  const fleetKey = Buffer.from(fields[1] === "2" ? KEYS.current : KEYS.previous, "base64");
  const sign = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
  const text = `pass/dev-${number}/${port}/${fields[2]}/${fields[3]}/${fields[4]}`;
  if (sign(sign(fleetKey, "pass"), text).toString("base64url") !== fields[5]) return undefined;
  return `${number === "01" ? "127.91.0.11" : "127.91.16.12"}:${port}`;
}
