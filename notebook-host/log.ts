/**
 * The log: one JSON object a line on stdout, with nothing in it that opens anything.
 *
 *   {"level":30,"time":…,"host":"dev-01","method":"POST","route":"/v1/notebooks","status":201,"ms":812}
 *
 * What is logged is chosen, field by field. Two nets are below that, for what comes along in an error
 * or from a library: members of these names are redacted, and whatever looks like a JWT, a signature or
 * a token is taken out of the finished line. No student's name is logged either.
 */
import { type DestinationStream, type Logger, pino } from "pino";

export type Log = Logger;

const SECRETS = ["authorization", "cookie", "ticket", "token", "JUPYTER_TOKEN", "HALLPASS_HOST_KEYS"];
const PATHS = SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`]);

/** A JWT; or 43 characters of base64url, which is how 32 bytes are written. */
const LOOKS_SECRET = /eyJ[\w-]+\.[\w-]+\.[\w-]*|[\w-]{43,}/g;

export function createLog(host: string, destination?: DestinationStream): Log {
  const options = {
    base: { host },
    redact: { paths: PATHS, censor: "<secret>" },
    serializers: { err: describeError, req: () => undefined, res: () => undefined },
    hooks: { streamWrite: (line: string) => line.replaceAll(LOOKS_SECRET, "<secret>") },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Not the error's own members: libraries hang requests, headers and tokens on them. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: "not an error" };
  const { name, message, stack } = error;
  return { type: name, message, stack };
}
