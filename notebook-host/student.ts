/**
 * A student, as everything but the school's token knows them: a hash of the token's `sub`.
 *
 *   "ada"  →  "b1946ac92492d2347c6235b4d2611184"
 *
 * It names a container's labels, a volume and a folder, which have rules for letters and lengths that
 * a `sub` need not keep; and so no list of containers or log line says who a student is. It is no
 * secret: whoever can guess a `sub` can compute the hash.
 */
import { createHash } from "node:crypto";

/** 32 characters of 0-9 and a-f. The same on every notebook host of a domain, and for ever: homes are found by it. */
export type StudentHash = string;

export function hashStudent(domain: string, sub: string): StudentHash {
  return createHash("sha256").update(`${domain}/student/${sub}`).digest("hex").slice(0, 32);
}

export function isStudentHash(text: string): boolean {
  return /^[0-9a-f]{32}$/.test(text);
}
