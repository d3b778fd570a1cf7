/**
 * How a notebook becomes an answer: ready at once, 202 and a stream, or a neighbour's answer passed on.
 */
import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import { type AnswerMeans, readyAnswer } from "./answers.ts";
import type { Metrics } from "./metrics.ts";
import type { Notebook } from "./notebook.ts";
import { progressStream } from "./progress-stream.ts";

export interface ReplyMeans extends AnswerMeans {
  readonly metrics: Metrics;
  /** Aborted when the service ends: streams end, and whoever reads them asks again. */
  readonly closing: AbortSignal;
}

/** Within it a warm notebook answers; longer than that, a person wants to see something happen. */
const PATIENCE_MS = 1000;

/** What of a neighbour's answer goes on to the student. */
const PASSED_ON = ["content-type", "location", "retry-after", "www-authenticate", "cache-control"];

/** The ready notebook, or 202 and what happens until it is ready. Throws the notebook's problem when it is over. */
export async function sendNotebook(
  notebook: Notebook,
  status: 200 | 201,
  request: FastifyRequest,
  reply: FastifyReply,
  means: ReplyMeans,
): Promise<FastifyReply> {
  await notebook.settled(PATIENCE_MS);
  if (notebook.state === "over") throw notebook.problem;
  const ready = () => readyAnswer(notebook, means, Date.now());
  if (notebook.state === "ready") return reply.code(status).send(ready());
  reply.code(202).header("location", `/v1/notebooks/${notebook.id}`);
  if (wantsJson(request.headers.accept))
    return reply.send({ id: notebook.id, state: notebook.state, server: means.host });
  // Some proxies hold an answer back until it is whole, and leave this one alone when told so.
  reply.type("text/event-stream").header("x-accel-buffering", "no");
  return reply.send(progressStream(notebook, ready, means.closing));
}

/** Whether JSON is asked for, and a stream is not. */
function wantsJson(accept: string | undefined): boolean {
  const types = (accept ?? "*/*").toLowerCase();
  return types.includes("application/json") && !types.includes("text/event-stream") && !types.includes("*/*");
}

export function sendNeighboursAnswer(
  answer: IncomingMessage,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  for (const name of PASSED_ON) {
    const value = answer.headers[name];
    if (value !== undefined) reply.header(name, value);
  }
  // The student may have gone while the neighbour was asked.
  if (request.socket.destroyed) answer.destroy();
  return reply.code(answer.statusCode ?? 502).send(answer);
}

/** Measures from the request's beginning to the notebook's readiness, whether or not anybody still listens. */
export function observeAllocation(notebook: Notebook, isCold: boolean, reply: FastifyReply, metrics: Metrics): void {
  const began = performance.now() - reply.elapsedTime;
  const done = () => metrics.observeAllocation((performance.now() - began) / 1000, isCold);
  if (notebook.state === "ready") done();
  if (notebook.state !== "starting") return;
  const stop = notebook.listen(() => {
    if (notebook.state === "starting") return;
    stop();
    if (notebook.state === "ready") done();
  });
}
