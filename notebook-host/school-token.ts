/**
 * The school's token: a JWT that says which student asks.
 *
 *   Authorization: Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEiLCJleHAiOjE5MDAwMDAwMDB9.…
 *   →  { sub: "ada", image: undefined }
 *
 * Two ways to check it, and never both: the school's public keys at a JWKS URL, so that no notebook
 * host could make a token; or a shared secret, for development. Each has its own algorithms: were
 * HS256 allowed with public keys, anybody could sign with the public key as the secret
 * (RFC 8725 §2.1), and `alg: none` is in neither list.
 */
import { createRemoteJWKSet, errors, type JWTPayload, jwtVerify } from "jose";
import { type Problem, unauthorized, unavailable } from "./problem.ts";

export interface SchoolSettings {
  readonly trust: { readonly jwksUrl: URL } | { readonly secret: string };
  readonly audience: string | undefined;
  readonly issuer: string | undefined;
}

export interface SchoolClaims {
  /** The student, as the school names them: 1 to 256 characters. */
  readonly sub: string;
  /** The image that the school chose, when it chose one. */
  readonly image: string | undefined;
}

/** Gives the claims of an Authorization header, or throws a 401 or 503 problem. */
export type CheckToken = (authorization: string | undefined) => Promise<SchoolClaims>;

const PUBLIC_KEY_ALGORITHMS = [
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
  ...["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
] as const;

const MAX_SUB_LENGTH = 256;
/** The school's clock may be ahead of ours, and its `nbf` then in the future. Not for `exp`: expired is expired. */
const CLOCK_TOLERANCE_SECONDS = 5;
/** The school's keys are asked for while a student waits. */
const JWKS_TIMEOUT_MS = 3000;

export function createTokenCheck(school: SchoolSettings, now: () => number = Date.now): CheckToken {
  const verify = createVerify(school);
  return async (authorization) => {
    if (authorization === undefined) throw unauthorized("Send the school's token as Authorization: Bearer.");
    const token = /^Bearer +([A-Za-z0-9_.-]+)$/i.exec(authorization)?.[1];
    if (token === undefined) throw refuse("The Authorization header is not Bearer and a token.");
    const payload = await verify(token, new Date(now())).catch((error: unknown) => {
      throw problemOfToken(error);
    });
    return readClaims(payload, now());
  };
}

function createVerify(school: SchoolSettings): (token: string, currentDate: Date) => Promise<JWTPayload> {
  const options = {
    requiredClaims: ["exp", "sub"],
    clockTolerance: CLOCK_TOLERANCE_SECONDS,
    ...(school.audience === undefined ? {} : { audience: school.audience }),
    ...(school.issuer === undefined ? {} : { issuer: school.issuer }),
  };
  const { trust } = school;
  if ("secret" in trust) {
    const secret = new TextEncoder().encode(trust.secret);
    return async (token, currentDate) =>
      (await jwtVerify(token, secret, { ...options, algorithms: ["HS256"], currentDate })).payload;
  }
  const keys = createRemoteJWKSet(trust.jwksUrl, { timeoutDuration: JWKS_TIMEOUT_MS });
  return async (token, currentDate) =>
    (await jwtVerify(token, keys, { ...options, algorithms: [...PUBLIC_KEY_ALGORITHMS], currentDate })).payload;
}

function readClaims(payload: JWTPayload, nowMs: number): SchoolClaims {
  const { sub, exp, image } = payload;
  if (typeof sub !== "string" || sub.length === 0 || sub.length > MAX_SUB_LENGTH)
    throw refuse(`The token's sub is not a text of 1 to ${MAX_SUB_LENGTH} characters.`);
  if (typeof exp !== "number" || exp * 1000 <= nowMs) throw refuse("The token has expired.");
  if (image !== undefined && typeof image !== "string") throw refuse("The token's image is not a text.");
  return { sub, image };
}

const refuse = (detail: string) => unauthorized(detail, "invalid_token");

/** What a student may know: that the token is bad, and roughly why; never a value from it. */
function problemOfToken(error: unknown): Problem {
  if (error instanceof errors.JWTExpired) return refuse("The token has expired.");
  if (error instanceof errors.JWTClaimValidationFailed) {
    const how = error.reason === "missing" ? "is missing" : "is not as required";
    return refuse(`The token's ${error.claim} ${how}.`);
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return refuse("The token's algorithm is not allowed.");
  if (isOfKeySet(error)) return unavailable("The school's keys cannot be read at the moment. Try again.");
  return refuse("The token is not genuine.");
}

/**
 * Whether the school's key server is what failed: then the token may well be good. jose throws its base
 * class when the answer is no 200 or no JSON, and fetch a TypeError when there is no answer at all.
 */
function isOfKeySet(error: unknown): boolean {
  if (error instanceof errors.JWKSTimeout || error instanceof errors.JWKSInvalid) return true;
  return !(error instanceof errors.JOSEError) || error.code === errors.JOSEError.code;
}
