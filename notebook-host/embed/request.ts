/**
 * Asks the allocator, and reads whatever comes into an `Answer`. It never throws, except when aborted.
 *
 *   POST {api}/v1/notebooks         for this student's notebook
 *   GET  {api}/v1/notebooks/{id}    about one that is starting
 *
 * The answer may be JSON at once, or a stream of progress that some proxy on the way holds back, or
 * cuts, or leaves hanging: the last by silence, which we count as a cut.
 */
import {
  type Answer,
  parseId,
  parseJson,
  parseLocation,
  parseNotebook,
  parseProblem,
  parseProgress,
  parseRetryAfter,
  parseStatus,
} from "./answer.ts";
import { createEventReader } from "./event-stream.ts";

export interface Question {
  readonly api: string;
  readonly token: string;
  readonly page: string | undefined;
  /** About this notebook; without it, for a notebook. */
  readonly id: string | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}

/** A minute of nothing at all, on a phone in a train, is no connection. */
const SILENCE_MS = 60_000;

export async function ask(question: Question): Promise<Answer> {
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(), SILENCE_MS);
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(), SILENCE_MS);
  };
  try {
    const response = await send(question, AbortSignal.any([question.signal, silence.signal]));
    return await read(response, question, heard);
  } catch {
    question.signal.throwIfAborted();
    return { kind: "unreachable" };
  } finally {
    clearTimeout(timer);
  }
}

function send({ api, token, page, id }: Question, signal: AbortSignal): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, accept: "text/event-stream, application/json" };
  // No cookies: the token alone says who asks. An answer from a cache would be an old ticket.
  const always = { signal, credentials: "omit", cache: "no-store" } as const;
  if (id !== undefined) return fetch(`${api}/v1/notebooks/${id}`, { ...always, headers });
  return fetch(`${api}/v1/notebooks`, {
    ...always,
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ page }),
  });
}

async function read(response: Response, question: Question, heard: () => void): Promise<Answer> {
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
    const found = await readStream(response, question, heard);
    return found ?? { kind: "starting", id: parseLocation(response.headers.get("location")) ?? question.id };
  }
  const value = parseJson(await response.text());
  if (!response.ok) {
    const retryAfterMs = parseRetryAfter(response.headers.get("retry-after"), Date.now());
    return { kind: "refused", problem: parseProblem(response.status, value), retryAfterMs };
  }
  if (response.status === 202) return { kind: "starting", id: parseId(value) };
  return readReady(value, question);
}

function readReady(value: unknown, { api }: Question): Answer {
  const notebook = parseNotebook(value, api);
  return notebook === undefined ? { kind: "nonsense" } : { kind: "ready", notebook };
}

/** Undefined when the stream ends, or breaks off, before it has said how the start went. */
async function readStream(response: Response, question: Question, heard: () => void): Promise<Answer | undefined> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  const readEvents = createEventReader();
  try {
    for (let piece = await reader?.read(); piece?.value !== undefined; piece = await reader?.read()) {
      heard();
      for (const { name, data } of readEvents(piece.value)) {
        const value = parseJson(data);
        if (name === "progress") question.onProgress(parseProgress(value));
        if (name === "ready") return readReady(value, question);
        if (name === "failed")
          return { kind: "refused", problem: parseProblem(parseStatus(value), value), retryAfterMs: undefined };
      }
    }
  } catch {
    question.signal.throwIfAborted();
  } finally {
    void reader?.cancel().catch(() => {});
  }
  return undefined;
}
