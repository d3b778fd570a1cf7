/**
 * The keys, and who holds which.
 *
 *   fleet key             proxies only
 *   host key of nyc-01    HMAC(fleet key, "host/nyc-01"): the proxies, and nyc-01
 *   pass key              HMAC(fleet key, "pass"): proxies only
 *   a notebook's token    HMAC(host key, "notebook/" + its id): the proxies, its host, the notebook
 *
 * So a machine that a student has broken out of can make tickets for its own notebooks and for no
 * other machine's, and can make no pass at all.
 *
 * Keys have numbers, and are written as "2:<base64>,1:<base64>": the first one signs, all are accepted,
 * so that a key can be changed while notebooks run.
 */

/**
 * HMAC-SHA256 (RFC 2104). The key is base64 (RFC 4648 §4) and so is the answer, since HAProxy's converter
 * wants its key that way. A key that is not base64 crashes HAProxy 2.6: `decodeKeyRing` refuses it.
 */
export type Hmac = (this: void, keyBase64: string, text: string) => string;

export interface Key {
  /** 1 to 99. */
  readonly number: number;
  readonly base64: string;
}

/** The current key first. */
export type KeyRing = readonly Key[];

/** The base64 of 32 bytes: what HMAC-SHA256 gives, and what `openssl rand -base64 32` prints. */
function isKey(text: string): boolean {
  if (text.length !== 44 || !text.endsWith("=")) return false;
  for (let i = 0; i < 43; i++) {
    const code = text.charCodeAt(i);
    const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
    const isDigit = code >= 48 && code <= 57;
    if (!isLetter && !isDigit && code !== 43 && code !== 47) return false;
  }
  return true;
}

/** A ring of keys from its text, or what is wrong with it: never with a key in it. */
export function decodeKeyRing(text: string): { ok: true; ring: KeyRing } | { ok: false; reason: string } {
  const ring: Key[] = [];
  for (const entry of text.split(",")) {
    const [digits, base64, ...more] = entry.trim().split(":");
    const number = digits === undefined ? undefined : KEY_NUMBERS.get(digits);
    if (number === undefined)
      return { ok: false, reason: "an entry does not begin with a number from 1 to 99 and a colon" };
    if (base64 === undefined || more.length > 0 || !isKey(base64))
      return { ok: false, reason: `key ${number} is not the base64 of 32 bytes` };
    if (ring.some((key) => key.number === number)) return { ok: false, reason: `key ${number} is there twice` };
    ring.push({ number, base64 });
  }
  return { ok: true, ring };
}

export function encodeKeyRing(ring: KeyRing): string {
  return ring.map((key) => `${key.number}:${key.base64}`).join(",");
}

/** "1" to "99", as texts: a key's number has one spelling. */
const KEY_NUMBERS = new Map<string, number>();
for (let number = 1; number <= 99; number++) KEY_NUMBERS.set(`${number}`, number);

/** The key of this number, which came as text from outside; undefined when the ring has none. */
export function findKey(ring: KeyRing, number: string): Key | undefined {
  return ring.find((key) => `${key.number}` === number);
}

export function hostKey(hmac: Hmac, fleetKey: Key, host: string): Key {
  return { number: fleetKey.number, base64: hmac(fleetKey.base64, `host/${host}`) };
}

/** What one notebook host is given: a key of its own for each of the fleet's keys. */
export function hostKeyRing(hmac: Hmac, fleetKeys: KeyRing, host: string): KeyRing {
  return fleetKeys.map((key) => hostKey(hmac, key, host));
}

export function passKey(hmac: Hmac, fleetKey: Key): Key {
  return { number: fleetKey.number, base64: hmac(fleetKey.base64, "pass") };
}

/** What the notebook is started with, and what the proxy puts into every request for it. */
export function notebookToken(hmac: Hmac, key: Key, id: string): string {
  return toBase64Url(hmac(key.base64, `notebook/${id}`));
}

/** Base64 to base64url without padding (RFC 4648 §5): for cookies, URLs and headers. */
export function toBase64Url(base64: string): string {
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
