/**
 * The local authority: where its files are, and when they are made anew.
 *
 *   .hallpass/authority/ca.pem        the authority's certificate: what a browser is told to trust
 *   .hallpass/authority/ca-key.pem    its key (mode 600)
 *   .hallpass/authority/<domain>.pem  certificate, then key: what the proxy serves with (mode 600)
 *
 * Kept across starts, so that it has to be trusted once. Two starts at the same moment end with one
 * authority: its folder is made under another name and moved into place, which only one of them can do.
 */
import { createPrivateKey, randomUUID, X509Certificate } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createAuthority, createCertificate } from "./certificate.ts";

export interface LocalAuthority {
  /** Path of the authority's certificate. */
  readonly ca: string;
  /** Path of certificate and key for the names. */
  readonly certificate: string;
}

/** Renewed before a class that began on the old one can end on an expired one. */
const RENEWAL_MS = 7 * 24 * 3600 * 1000;
const CLOCK_MS = 3600 * 1000;

/**
 * The authority in `folder` and a certificate for `names`, made or renewed if need be. Every name is
 * "localhost" or ends in ".localhost": browsers would refuse others from this authority.
 */
export async function ensureAuthority(
  folder: string,
  names: readonly string[],
  now = new Date(),
): Promise<LocalAuthority> {
  const foreign = names.find((name) => name !== "localhost" && !name.endsWith(".localhost"));
  if (foreign !== undefined)
    throw new Error(
      `The local authority was asked for "${foreign}", but is limited to names under ".localhost". Use a name such as "ide-proxy.localhost".`,
    );
  const paths = { ca: join(folder, "ca.pem"), certificate: join(folder, `${names[0]}.pem`) };
  if (!(await isAuthorityGood(folder, now))) await replaceAuthority(folder, now);
  const ca = new X509Certificate(await readFile(paths.ca, "utf8"));
  if (!(await isCertificateGood(paths.certificate, ca, names, now))) await replaceCertificate(folder, names);
  return paths;
}

/** `now` may be a moment ago, before another start has made it; an hour ahead it was made by a clock that was wrong. */
function isOutOfTime(certificate: X509Certificate, now: Date): boolean {
  const left = certificate.validToDate.getTime() - now.getTime();
  const ahead = certificate.validFromDate.getTime() - now.getTime();
  return left < RENEWAL_MS || ahead > CLOCK_MS;
}

async function isAuthorityGood(folder: string, now: Date): Promise<boolean> {
  try {
    const ca = new X509Certificate(await readFile(join(folder, "ca.pem"), "utf8"));
    const key = createPrivateKey(await readFile(join(folder, "ca-key.pem"), "utf8"));
    return ca.checkPrivateKey(key) && !isOutOfTime(ca, now);
  } catch {
    return false;
  }
}

async function replaceAuthority(folder: string, now: Date): Promise<void> {
  await mkdir(dirname(folder), { recursive: true });
  const draft = await mkdtemp(`${folder}-`);
  await createAuthority(draft);
  // Refused when a folder is there that is not empty: another start's, as good as ours, or one to renew.
  const isPlaced = await rename(draft, folder).then(
    () => true,
    () => false,
  );
  if (isPlaced) return;
  if (!(await isAuthorityGood(folder, now))) {
    await rename(folder, `${draft}-old`);
    await rename(draft, folder);
  }
  for (const left of [draft, `${draft}-old`]) await rm(left, { recursive: true, force: true });
}

async function isCertificateGood(
  path: string,
  ca: X509Certificate,
  names: readonly string[],
  now: Date,
): Promise<boolean> {
  try {
    const pem = await readFile(path, "utf8");
    const certificate = new X509Certificate(pem);
    const wanted = names.map((name) => `DNS:${name}`).join(", ");
    const isOurs = certificate.verify(ca.publicKey) && certificate.checkPrivateKey(createPrivateKey(pem));
    return isOurs && certificate.subjectAltName === wanted && !isOutOfTime(certificate, now);
  } catch {
    return false;
  }
}

async function replaceCertificate(folder: string, names: readonly string[]): Promise<void> {
  const authority = { certificate: join(folder, "ca.pem"), key: join(folder, "ca-key.pem") };
  const path = join(folder, `${names[0]}.pem`);
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, await createCertificate(authority, names), { mode: 0o600 });
  await rename(draft, path);
}
