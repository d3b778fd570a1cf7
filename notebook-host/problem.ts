/**
 * Problems: what the allocator answers when it cannot do what was asked (RFC 9457).
 *
 *   HTTP/1.1 503
 *   content-type: application/problem+json
 *   retry-after: 15
 *
 *   { "type": "urn:hallpass:problem:no-room", "title": "No room", "status": 503, "detail": "Every …" }
 *
 * A problem is thrown anywhere and answered in one place (server.ts). Its detail is read by students:
 * plain words, and nothing from inside.
 */
import { z } from "zod";

export const problemSchema = z
  .object({
    type: z.string().describe("Which problem: the same text for the same cause"),
    title: z.string(),
    status: z.number().int(),
    detail: z.string().describe("What happened and what to do, in words for a student"),
  })
  .describe("A problem (RFC 9457)");

export type ProblemBody = z.infer<typeof problemSchema>;

export class Problem extends Error {
  override readonly name = "Problem";
  readonly body: ProblemBody;
  readonly headers: Readonly<Record<string, string>>;

  constructor(body: ProblemBody, headers: Record<string, string> = {}) {
    super(body.detail);
    this.body = body;
    this.headers = headers;
  }
}

/** Seconds after which a full fleet is worth asking again: notebooks end all the time. */
const NO_ROOM_SECONDS = 15;
/** Seconds after which a program that this host needs (Docker, the school's keys) may answer again. */
const AGAIN_SECONDS = 5;

function problem(
  name: string,
  status: number,
  title: string,
  detail: string,
  headers: Record<string, string> = {},
): Problem {
  return new Problem({ type: `urn:hallpass:problem:${name}`, title, status, detail }, headers);
}

export const noRoom = () =>
  problem("no-room", 503, "No room", "Every place for a notebook is taken. Try again in a moment.", {
    "retry-after": `${NO_ROOM_SECONDS}`,
  });

export const unavailable = (detail: string) =>
  problem("unavailable", 503, "Not available at the moment", detail, { "retry-after": `${AGAIN_SECONDS}` });

export const noSuchNotebook = () =>
  problem("no-such-notebook", 404, "No such notebook", "You have no such notebook, or it has ended. Ask for it again.");

export const notFound = () => problem("not-found", 404, "Not found", "There is nothing at this address.");

export const badRequest = (detail: string) => problem("bad-request", 400, "Bad request", detail);

export const failedToStart = (detail: string) =>
  problem("failed-to-start", 500, "Your notebook did not start", `${detail} Try again.`);

/** While it was being started, somebody ended the notebook. */
export const endedMeanwhile = () =>
  problem("ended", 410, "Your notebook has ended", "Your notebook was ended while it was starting. Ask for it again.");

/** RFC 6750 §3: a request without a token gets no error code, one with a bad token does. */
export const unauthorized = (detail: string, error?: "invalid_token") =>
  problem("unauthorized", 401, "Not signed in", detail, {
    "www-authenticate":
      error === undefined
        ? 'Bearer realm="hallpass"'
        : `Bearer realm="hallpass", error="${error}", error_description="${detail}"`,
  });

const TITLES = new Map<number, string>([
  [400, "Bad request"],
  [413, "Too large"],
  [415, "Not JSON"],
]);

/** For what the web framework itself refuses: the client's mistake with its status, anything else 500. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const { statusCode: status, message } = error as { statusCode?: unknown; message?: unknown };
  if (typeof status !== "number" || status < 400 || status > 499 || typeof message !== "string")
    return problem("internal", 500, "Something went wrong", "Something went wrong on our side. Try again.");
  return problem(status === 400 ? "bad-request" : `status-${status}`, status, TITLES.get(status) ?? "Refused", message);
}
