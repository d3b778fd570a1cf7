/**
 * The school's key: what it signs JWTs with, and what the allocators check them with, on one machine.
 *
 *   .hallpass/school.key   the base64url of 32 random bytes, mode 600
 *
 * Kept across starts, so that a token that was printed before goes on being good.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** HS256 wants a key at least as long as its hash, 32 bytes (RFC 7518 §3.2): 43 characters. */
const MIN_LENGTH = 43;

/** The key at `path`, made if there is none. Of two starts at the same moment both get the same one. */
export async function ensureSchoolKey(path: string): Promise<string> {
  const found = await readKey(path);
  if (found !== undefined) return found;
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, `${randomBytes(32).toString("base64url")}\n`, { mode: 0o600 });
  // A link, unlike a rename, is refused when the file is there: whoever came first has decided.
  await link(draft, path).catch(() => undefined);
  await rm(draft);
  const made = await readKey(path);
  if (made === undefined)
    throw new Error(`${path} could not be written. Check who owns the folder: ls -ld ${dirname(path)}`);
  return made;
}

async function readKey(path: string): Promise<string | undefined> {
  const key = (await readFile(path, "utf8").catch(() => undefined))?.trim();
  if (key === undefined || key.length >= MIN_LENGTH) return key;
  throw new Error(
    `${path} has ${key.length} characters, but the school's key has at least ${MIN_LENGTH}. Remove it, and the next start makes a new one: rm ${path}`,
  );
}
