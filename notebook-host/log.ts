/**
 * The log: one JSON object a line on stdout, with nothing in it that opens anything.
 *
 *   {"level":30,"time":…,"host":"dev-01","method":"POST","route":"/v1/notebooks","status":201,"ms":812}
 *
 * What is logged is chosen, field by field; the redaction below is for what slips in by way of an
 * error or a library. No student's name either: only the hash.
 */
import { type DestinationStream, type Logger, pino } from "pino";

export type Log = Logger;

const SECRETS = ["authorization", "cookie", "ticket", "token", "JUPYTER_TOKEN", "set-cookie"];
const PATHS = SECRETS.flatMap((name) => {
  const key = name.includes("-") ? `["${name}"]` : name;
  const dot = name.includes("-") ? "" : ".";
  return [key, `*${dot}${key}`, `*.*${dot}${key}`, `*.*.*${dot}${key}`];
});

export function createLog(host: string, destination?: DestinationStream): Log {
  const options = {
    base: { host },
    redact: { paths: PATHS, censor: "<secret>" },
    serializers: { err: describeError, req: () => undefined, res: () => undefined },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Not the error's own members: libraries hang requests, headers and tokens on them. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: "not an error" };
  const { name, message, stack } = error;
  return { type: name, message: withoutTokens(message), stack: stack === undefined ? undefined : withoutTokens(stack) };
}

/** Whatever looks like a JWT, a ticket's signature or a notebook's token: 43 characters of base64url or more. */
function withoutTokens(text: string): string {
  return text.replaceAll(/[A-Za-z0-9_-]{43,}/g, "<secret>");
}
