/**
 * The JWT (RFC 7519) by which a school says who its student is.
 *
 *   mintStudentToken(secret, "ada", 600)  →  "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEi…"
 *
 * HS256 with a secret that the allocators share: for one machine only. A real school signs with a
 * private key and lets the allocators read the public one (HALLPASS_JWKS_URL), so that no notebook
 * host can sign.
 */
import { SignJWT } from "jose";

/** Letters, digits, and dashes inside, at most 40: what `parseStudent` lets through. */
const STUDENT = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}[A-Za-z0-9])?$/;

/** A student's name as it stands in an address, or why it is refused. */
export function parseStudent(text: string): { ok: true; student: string } | { ok: false; reason: string } {
  if (STUDENT.test(text)) return { ok: true, student: text };
  return {
    ok: false,
    reason: "A student's name has letters, digits and dashes inside, at most 40. Write it as in ?student=ada.",
  };
}

/** `secret` is HALLPASS_JWT_SECRET as text; its UTF-8 bytes are the key. */
export async function mintStudentToken(secret: string, student: string, seconds: number): Promise<string> {
  const parsed = parseStudent(student);
  if (!parsed.ok) throw new Error(parsed.reason);
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT()
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(parsed.student)
    .setIssuedAt(now)
    .setExpirationTime(now + seconds)
    .sign(new TextEncoder().encode(secret));
}
