/**
 * Certificates (RFC 5280) for the local authority: ECDSA on P-256, signed with SHA-256.
 *
 *   createAuthority(now)                          a CA that can speak for *.localhost and nothing else
 *   createCertificate(authority, names, now)      for "ide-proxy.localhost", "*.ide-proxy.localhost", …
 *
 * The surprise: a CA in a browser's trust store can speak for every site in the world. This one is
 * limited by name constraints, which browsers, curl and OpenSSL enforce: whoever steals its key can
 * pretend to be this machine's own pages and nobody else.
 */
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { bits, boolean, integer, octets, oid, sequence, set, tagged, taggedBytes, text, time } from "./der.ts";

/** A certificate and its key, as PEM. */
export interface Issued {
  readonly certificate: string;
  readonly key: string;
}

interface Authority {
  readonly name: string;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
}

const DAY_MS = 24 * 3600 * 1000;
const AUTHORITY_DAYS = 3650;
/** Browsers refuse more than 398 days (CA/Browser Forum, Baseline Requirements §6.3.2). */
const CERTIFICATE_DAYS = 397;
/** A clock that is a little behind must not find the certificate "not yet valid". */
const BACKDATE_MS = 3600 * 1000;

const ECDSA_WITH_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
const SERVER_AUTH = sequence(oid("1.3.6.1.5.5.7.3.1"));

/** A new authority. Its name carries some of its key, so that two of them can be told apart in a trust store. */
export function createAuthority(now: Date): Issued {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const self = {
    name: `Hallpass local authority ${keyId(pair.publicKey).toString("hex").slice(0, 8)}`,
    key: pair.privateKey,
    publicKey: pair.publicKey,
  };
  const extensions = [
    extension("2.5.29.19", sequence(boolean(true), integer(0)), "critical"),
    // keyCertSign and cRLSign: bits 5 and 6 (RFC 5280 §4.2.1.3).
    extension("2.5.29.15", bits(Buffer.from([0b00000110]), 1), "critical"),
    extension("2.5.29.37", SERVER_AUTH),
    extension("2.5.29.14", octets(keyId(pair.publicKey))),
    extension("2.5.29.30", onlyLocalhost(), "critical"),
  ];
  const certificate = issue(self, {
    name: self.name,
    publicKey: pair.publicKey,
    days: AUTHORITY_DAYS,
    extensions,
    now,
  });
  return { certificate, key: toPem(pair.privateKey) };
}

/** A certificate for these DNS names, the first of which is its title. */
export function createCertificate(authority: Authority, names: readonly string[], now: Date): Issued {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const extensions = [
    extension("2.5.29.19", sequence(), "critical"),
    // digitalSignature: bit 0.
    extension("2.5.29.15", bits(Buffer.from([0b10000000]), 7), "critical"),
    extension("2.5.29.37", SERVER_AUTH),
    extension("2.5.29.14", octets(keyId(pair.publicKey))),
    extension("2.5.29.35", sequence(taggedBytes(0, keyId(authority.publicKey)))),
    extension("2.5.29.17", sequence(...names.map((name) => taggedBytes(2, Buffer.from(name))))),
  ];
  const subject = { name: names[0] ?? "", publicKey: pair.publicKey, days: CERTIFICATE_DAYS, extensions, now };
  return { certificate: issue(authority, subject), key: toPem(pair.privateKey) };
}

/**
 * Name constraints (RFC 5280 §4.2.1.10): DNS names only under "localhost". A constraint speaks for its
 * own kind of name only, so every IP address is excluded too, of version 4 and of version 6.
 */
function onlyLocalhost(): Buffer {
  const anyIpv4 = taggedBytes(7, Buffer.alloc(8));
  const anyIpv6 = taggedBytes(7, Buffer.alloc(32));
  return sequence(
    tagged(0, sequence(taggedBytes(2, Buffer.from("localhost")))),
    tagged(1, sequence(anyIpv4), sequence(anyIpv6)),
  );
}

interface Subject {
  readonly name: string;
  readonly publicKey: KeyObject;
  readonly days: number;
  readonly extensions: Buffer[];
  readonly now: Date;
}

function issue(authority: Authority, subject: Subject): string {
  const from = new Date(subject.now.getTime() - BACKDATE_MS);
  const until = new Date(from.getTime() + subject.days * DAY_MS - 1000);
  const body = sequence(
    tagged(0, integer(2)),
    // 127 random bits: positive, and never zero.
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    ECDSA_WITH_SHA256,
    commonName(authority.name),
    sequence(time(from), time(until)),
    commonName(subject.name),
    subject.publicKey.export({ type: "spki", format: "der" }),
    tagged(3, sequence(...subject.extensions)),
  );
  const signed = sequence(body, ECDSA_WITH_SHA256, bits(sign("sha256", body, authority.key)));
  const lines = signed.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`;
}

const commonName = (name: string): Buffer => sequence(set(sequence(oid("2.5.4.3"), text(name))));

function extension(id: string, value: Buffer, critical?: "critical"): Buffer {
  return critical ? sequence(oid(id), boolean(true), octets(value)) : sequence(oid(id), octets(value));
}

/** What names a key in certificates (RFC 5280 §4.2.1.2, any unique value will do): 20 bytes. */
function keyId(publicKey: KeyObject): Buffer {
  return createHash("sha256")
    .update(publicKey.export({ type: "spki", format: "der" }))
    .digest()
    .subarray(0, 20);
}

function toPem(key: KeyObject): string {
  return key.export({ type: "pkcs8", format: "pem" }).toString();
}
