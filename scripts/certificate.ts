/**
 * Certificates of the local authority, made by OpenSSL: ECDSA on P-256, signed with SHA-256.
 *
 *   await createAuthority(folder)               folder/ca.pem, folder/ca-key.pem: for *.localhost and nothing else
 *   await createCertificate(authority, names)   certificate and key for "ide-proxy.localhost", "*.ide-proxy.localhost", …
 *
 * What they may do stands in authority.cnf. No key is on a command line, nor in a file that others can read.
 */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { runCommand } from "./command.ts";
import { ensureProgram } from "./programs.ts";

const CONFIGURATION = join(import.meta.dirname, "authority.cnf");
const AUTHORITY_DAYS = "3650";
/** Browsers refuse more than 398 days (CA/Browser Forum, Baseline Requirements §6.3.2). */
const CERTIFICATE_DAYS = "397";
const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

/** Paths of an authority's certificate and key. */
export interface AuthorityFiles {
  readonly certificate: string;
  readonly key: string;
}

/** `names`: what the configuration wants to know, though an authority has none. */
async function openssl(words: readonly string[], names: readonly string[] = ["localhost"]): Promise<string> {
  const program = await ensureProgram("openssl", (line) => console.error(line));
  const env = { ...process.env, HALLPASS_NAMES: names.map((name) => `DNS:${name}`).join(",") };
  return runCommand([program, ...words], { env });
}

/** A new authority in an empty folder. Its name has a number in it, so that two can be told apart in a trust store. */
export async function createAuthority(folder: string): Promise<void> {
  const name = `/CN=Hallpass local authority ${randomBytes(4).toString("hex")}`;
  const kind = ["req", "-x509", "-config", CONFIGURATION, "-extensions", "authority", "-days", AUTHORITY_DAYS];
  const files = ["-keyout", join(folder, "ca-key.pem"), "-out", join(folder, "ca.pem")];
  await openssl([...kind, ...NEW_KEY, "-sha256", "-subj", name, ...files]);
}

/** Certificate, then key, as PEM, for these DNS names, the first of which is its title. */
export async function createCertificate(authority: AuthorityFiles, names: readonly string[]): Promise<string> {
  // Of mode 700, beside the authority's own key, and gone at once.
  const folder = await mkdtemp(join(authority.key, "..", "request-"));
  const [key, request] = [join(folder, "key.pem"), join(folder, "request.pem")];
  try {
    const subject = ["-subj", `/CN=${names[0]}`, "-keyout", key, "-out", request];
    await openssl(["req", "-new", "-config", CONFIGURATION, ...NEW_KEY, ...subject], names);
    const signer = ["-CA", authority.certificate, "-CAkey", authority.key, "-sha256"];
    // 120 random bits: a serial number is positive, and never the same twice.
    const serial = ["-set_serial", `0x01${randomBytes(15).toString("hex")}`, "-days", CERTIFICATE_DAYS];
    const rules = ["-extfile", CONFIGURATION, "-extensions", "certificate"];
    const certificate = await openssl(["x509", "-req", "-in", request, ...signer, ...serial, ...rules], names);
    return certificate + (await readFile(key, "utf8"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
