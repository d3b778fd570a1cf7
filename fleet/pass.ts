/**
 * Tickets and passes: what lets one student into one notebook.
 *
 *   ticket   1.k3v9x2m4p7q8r5ta.1900000000.<mac>            60 s, signed by the notebook host
 *   pass     1.k3v9x2m4p7q8r5ta.1900040000.<token>.<mac>    hours, signed by the proxy
 *
 * The allocator answers a student with a ticket; the browser brings it to the proxy, which answers
 * with the pass as a cookie. Both begin with the key's number, the notebook's id and the expiry
 * (seconds since 1970); both are HMACs over kind, host, port, id and expiry, so that neither opens
 * another notebook, nor the next notebook on the same port.
 *
 * The pass carries the notebook's own token, so that the proxy can put it into later requests
 * without computing anything. No page can read the cookie, and the token is of use only to whoever
 * reaches the notebook's port, which is the proxy.
 *
 * Compiled to Lua too.
 */
import { parseDigits } from "./address-plan.ts";
import { findKey, type Hmac, hostKey, type Key, type KeyRing, notebookToken, passKey, toBase64Url } from "./keys.ts";

/** Which notebook: ports are used again, so that host and port alone do not say. */
export interface Notebook {
  readonly host: string;
  readonly port: number;
  /** 16 characters of a-z and 2-7 (base32, RFC 4648 §6): 80 random bits. */
  readonly id: string;
}

export type Opened =
  | { ok: true; id: string; expiry: number; keyNumber: string; token: string }
  | { ok: false; reason: "malformed" | "unknown key" | "expired" | "not genuine" };

/** Long enough for a form post over a slow line; short, since a ticket can be used again until then. */
export const TICKET_SECONDS = 60;

const ID_LENGTH = 16;
/** 32 bytes in base64url. */
const MAC_LENGTH = 43;

export function isNotebookId(text: string): boolean {
  if (text.length !== ID_LENGTH) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (!((code >= 97 && code <= 122) || (code >= 50 && code <= 55))) return false;
  }
  return true;
}

function ticketMac(hmac: Hmac, key: Key, notebook: Notebook, expiry: number): string {
  const text = `ticket/${notebook.host}/${notebook.port}/${notebook.id}/${expiry}`;
  return toBase64Url(hmac(key.base64, text));
}

function passMac(hmac: Hmac, key: Key, notebook: Notebook, expiry: number, token: string): string {
  const text = `pass/${notebook.host}/${notebook.port}/${notebook.id}/${expiry}/${token}`;
  return toBase64Url(hmac(key.base64, text));
}

/** Made by the allocator, with its own host's key. `expiry` in seconds since 1970. */
export function encodeTicket(hmac: Hmac, ownKey: Key, notebook: Notebook, expiry: number): string {
  return `${ownKey.number}.${notebook.id}.${expiry}.${ticketMac(hmac, ownKey, notebook, expiry)}`;
}

/** Made by the proxy, for a ticket that it has opened. `fleetKey` is the one that the ticket was made under. */
export function encodePass(hmac: Hmac, fleetKey: Key, notebook: Notebook, expiry: number): string {
  const token = notebookToken(hmac, hostKey(hmac, fleetKey, notebook.host), notebook.id);
  const mac = passMac(hmac, passKey(hmac, fleetKey), notebook, expiry, token);
  return `${fleetKey.number}.${notebook.id}.${expiry}.${token}.${mac}`;
}

/** Opens a ticket at the notebook that the request's name leads to. `now` in seconds since 1970. */
export function decodeTicket(
  hmac: Hmac,
  fleetKeys: KeyRing,
  at: { host: string; port: number },
  text: string,
  now: number,
): Opened {
  const fields = text.split(".");
  const found = readFields(fields, 4, fleetKeys, now);
  if (!found.ok) return found;
  const key = hostKey(hmac, found.key, at.host);
  const notebook: Notebook = { host: at.host, port: at.port, id: found.id };
  if (!isSame(hmac, key, ticketMac(hmac, key, notebook, found.expiry), fields[3] ?? ""))
    return { ok: false, reason: "not genuine" };
  const token = notebookToken(hmac, key, found.id);
  return { ok: true, id: found.id, expiry: found.expiry, keyNumber: fields[0] ?? "", token };
}

/** Opens a pass at the notebook that the request's name leads to. `now` in seconds since 1970. */
export function decodePass(
  hmac: Hmac,
  fleetKeys: KeyRing,
  at: { host: string; port: number },
  text: string,
  now: number,
): Opened {
  const fields = text.split(".");
  const found = readFields(fields, 5, fleetKeys, now);
  if (!found.ok) return found;
  const token = fields[3] ?? "";
  if (token.length !== MAC_LENGTH) return { ok: false, reason: "malformed" };
  const key = passKey(hmac, found.key);
  const notebook: Notebook = { host: at.host, port: at.port, id: found.id };
  if (!isSame(hmac, key, passMac(hmac, key, notebook, found.expiry, token), fields[4] ?? ""))
    return { ok: false, reason: "not genuine" };
  return { ok: true, id: found.id, expiry: found.expiry, keyNumber: fields[0] ?? "", token };
}

type Fields =
  | { ok: true; key: Key; id: string; expiry: number }
  | { ok: false; reason: "malformed" | "unknown key" | "expired" };

function readFields(fields: string[], count: number, fleetKeys: KeyRing, now: number): Fields {
  const [number, id, digits] = fields;
  // Not fields[n]?.length: TypeScriptToLua makes of that a field of the string, which is always nil.
  const mac = fields[count - 1] ?? "";
  const expiry = parseDigits(digits ?? "", 10);
  if (fields.length !== count || number === undefined || id === undefined || expiry === undefined)
    return { ok: false, reason: "malformed" };
  if (!isNotebookId(id) || mac.length !== MAC_LENGTH) return { ok: false, reason: "malformed" };
  const key = findKey(fleetKeys, number);
  if (key === undefined) return { ok: false, reason: "unknown key" };
  if (expiry <= now) return { ok: false, reason: "expired" };
  return { ok: true, key, id, expiry };
}

/** Compares two HMACs of what is compared: how long that takes tells nothing about the genuine one. */
function isSame(hmac: Hmac, key: Key, genuine: string, offered: string): boolean {
  return hmac(key.base64, `compare/${genuine}`) === hmac(key.base64, `compare/${offered}`);
}
