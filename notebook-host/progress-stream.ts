/**
 * A notebook's start as server-sent events (HTML Standard, "Server-sent events").
 *
 *   event: progress
 *   data: {"state":"starting","message":"Starting your notebook…"}
 *
 *   event: ready
 *   data: {"id":"k3v9x2m4p7q8r5ta","url":"https://…","ticket":"…",…}
 *
 * or, at the end, `event: failed` with a problem. The ticket is made when the event is: one made at the
 * beginning could be over before the notebook is ready.
 */
import { PassThrough, type Readable } from "node:stream";
import type { ReadyAnswer } from "./answers.ts";
import type { Notebook } from "./notebook.ts";

/** A comment now and then: whoever is on the way does not take the silence for a dead connection. */
const COMMENT_MS = 10_000;

export function progressStream(notebook: Notebook, answer: () => ReadyAnswer, closing: AbortSignal): Readable {
  const stream = new PassThrough();
  const write = (event: string, data: unknown) => stream.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  const tell = () => {
    const { state } = notebook;
    if (state === "starting") write("progress", notebook.progress);
    else if (state === "ready") write("ready", answer());
    else write("failed", notebook.problem.body);
    if (state !== "starting") stream.end();
  };
  const comments = setInterval(() => stream.write(": still starting\n\n"), COMMENT_MS);
  const close = () => stream.end();
  const stop = notebook.listen(tell);
  closing.addEventListener("abort", close);
  stream.once("close", () => {
    clearInterval(comments);
    stop();
    closing.removeEventListener("abort", close);
  });
  tell();
  return stream;
}
