/**
 * What to do next, decided from plain values: no DOM, no clock, no network.
 *
 *   503, Retry-After 20, first time    →  ask again in 20 to 25 s, and say so
 *   401                                →  ask the page for a token
 *   401 for the third token            →  stop, and say so
 *
 * Everything that happens by itself counts, and every count has an end: whatever the other side
 * answers, the element stops and shows a button. After that only a person goes on.
 */
import type { Answer, Notebook, Problem } from "./answer.ts";
import { type Say, words } from "./words.ts";

export type Step =
  | { readonly do: "enter"; readonly notebook: Notebook }
  /** Ask again by itself. With an id: about that notebook; without: for a notebook. */
  | { readonly do: "ask"; readonly id: string | undefined; readonly afterMs: number; readonly say: Say | undefined }
  | { readonly do: "ask-token"; readonly say: Say }
  | { readonly do: "stop"; readonly say: Say };

/** How often each thing has happened by itself since a person last acted. */
export type Tries = Readonly<Record<"poll" | "network" | "room" | "trouble" | "token", number>>;

export const noTries: Tries = { poll: 0, network: 0, room: 0, trouble: 0, token: 0 };

/** 40 polls are about three minutes; 60 refusals for want of room about half an hour at 30 s each. */
export const limits: Tries = { poll: 40, network: 6, room: 60, trouble: 4, token: 3 };

/** A new pass is fetched by itself at most so often in so many milliseconds. */
export const mendLimit = { times: 3, withinMs: 600_000 };

/** `random` is from 0 to 1: a class of thirty that was refused together must not come back together. */
function backOff(tries: number, firstMs: number, mostMs: number, random: number): number {
  return Math.round(Math.min(mostMs, firstMs * 2 ** tries) * (0.75 + random / 2));
}

/** Never before Retry-After, and up to a quarter later; at least a second, at most two minutes. */
export function waitForRoom(retryAfterMs: number | undefined, random: number): number {
  const ms = Math.min(120_000, Math.max(1000, retryAfterMs ?? 10_000));
  return Math.round(ms + random * Math.max(1000, ms / 4));
}

/** Decides after an answer. `askedId` is the notebook that was asked about, if it was one. */
export function planNext(
  answer: Answer,
  tries: Tries,
  askedId: string | undefined,
  random: number,
): { step: Step; tries: Tries } {
  if (answer.kind === "ready") return { step: { do: "enter", notebook: answer.notebook }, tries: noTries };
  const cause = causeOf(answer, askedId);
  if (cause === "final") return { step: { do: "stop", say: withProblem(words.refused, answer) }, tries };
  const isLast = tries[cause] >= limits[cause];
  const after = { ...tries, [cause]: tries[cause] + 1 };
  if (isLast) return { step: { do: "stop", say: withProblem(lastWords[cause], answer) }, tries };
  if (cause === "token")
    return { step: { do: "ask-token", say: withProblem(words.tokenNeeded, answer) }, tries: after };
  const id = answer.kind === "starting" ? answer.id : undefined;
  const afterMs = waitMs[cause](tries, answer, random);
  return { step: { do: "ask", id, afterMs, say: retryWords(cause, answer) }, tries: after };
}

type Cause = keyof Tries;

function causeOf(answer: Exclude<Answer, { kind: "ready" }>, askedId: string | undefined): Cause | "final" {
  if (answer.kind === "starting") return "poll";
  if (answer.kind === "unreachable") return "network";
  if (answer.kind === "nonsense") return "trouble";
  const { status } = answer.problem;
  if (status === 401) return "token";
  if (status === 503 || status === 429) return "room";
  // The notebook asked about is gone (or on a host that this allocator does not know): ask for one.
  if (status === 404 && askedId !== undefined) return "poll";
  return status >= 500 || status === 408 ? "trouble" : "final";
}

const lastWords: Record<Cause, Say> = {
  poll: words.tooSlow,
  network: words.stillNoNetwork,
  room: words.noRoomAtAll,
  trouble: words.refused,
  token: words.tokenRefused,
};

function retryWords(cause: Exclude<Cause, "token">, answer: Answer): Say | undefined {
  if (cause === "poll") return undefined;
  const say = { network: words.noNetwork, room: words.noRoom, trouble: words.trouble }[cause];
  return withProblem(say, answer);
}

const waitMs: Record<Exclude<Cause, "token">, (tries: Tries, answer: Answer, random: number) => number> = {
  poll: (tries, _, random) => backOff(tries.poll, 500, 5000, random),
  network: (tries, _, random) => backOff(tries.network, 1000, 30_000, random),
  room: (_, answer, random) => waitForRoom(answer.kind === "refused" ? answer.retryAfterMs : undefined, random),
  trouble: (tries, _, random) => backOff(tries.trouble, 2000, 30_000, random),
};

/** The allocator's own words under ours, unless they add nothing. */
function withProblem(say: Say, answer: Answer): Say {
  if (answer.kind !== "refused") return say;
  const detail = wordsOf(answer.problem);
  return detail === "" ? say : { ...say, detail };
}

function wordsOf({ status, title, detail }: Problem): string {
  const text = [title, detail].filter((part) => part !== "").join(": ");
  return text === "" ? `The answer was ${status}.` : text;
}

/** What a notebook's page, or the proxy in its place, tells the page around it. */
export interface Message {
  readonly status: number;
  readonly reason: string;
}

/** A message in the form that the proxy's pages send; undefined for anything else. */
export function parseMessage(data: unknown): Message | undefined {
  if (typeof data !== "object" || data === null) return undefined;
  const { type, status, reason } = data as Record<string, unknown>;
  if (type !== "hallpass" || typeof status !== "number") return undefined;
  return { status, reason: typeof reason === "string" ? reason : "" };
}

/**
 * Decides after a message from the notebook's origin; undefined: nothing to do. `mendedMs` says when
 * passes were fetched by themselves before, so that a browser that refuses the cookie makes no loop.
 */
export function planMending(
  message: Message,
  mendedMs: readonly number[],
  nowMs: number,
  random: number,
): Step | undefined {
  const { status, reason } = message;
  if (status === 410 || status === 404) return { do: "stop", say: words.ended };
  const isPass = status === 401 || status === 403 || reason === "expired";
  if (!isPass && status < 500) return undefined;
  const recent = mendedMs.filter((ms) => nowMs - ms < mendLimit.withinMs).length;
  if (recent >= mendLimit.times) return { do: "stop", say: isPass ? words.blocked : words.machineStaysDown };
  const afterMs = backOff(recent, isPass ? 300 : 4000, 60_000, random);
  return { do: "ask", id: undefined, afterMs, say: isPass ? words.mending : words.machineDown };
}
