/**
 * The router's decision: from what a request brings to where it goes, or why not.
 *
 * Pure: the time and the HMAC come in, no request goes out. Asked once a minute for each pass; in
 * between, HAProxy remembers the answer in its table of passes.
 *
 * Compiled to Lua. Every case in decide.cases.ts runs as TypeScript, as Lua, and inside HAProxy.
 */
import type { Fleet } from "../../fleet/fleet.ts";
import { findKey, type Hmac, type KeyRing } from "../../fleet/keys.ts";
import { decodeName, type NotebookName } from "../../fleet/notebook-name.ts";
import { decodePass, decodeTicket, encodePass } from "../../fleet/pass.ts";

export interface RouterSettings {
  readonly fleet: Fleet;
  readonly fleetKeys: KeyRing;
  readonly passSeconds: number;
}

/** All texts as the client sent them; "" for what it did not send. */
export interface RouterRequest {
  readonly host: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  /** The pass, from its cookie. */
  readonly pass: string;
  /** The ticket, from the form or the query. */
  readonly ticket: string;
  /** Where to go with the new pass, from the form or the query of the entrance; decoded. */
  readonly next: string;
}

export type Decision =
  | { kind: "admit"; address: string; port: number; id: string; expiry: number }
  | { kind: "enter"; location: string; cookie: string; isNew: boolean }
  | { kind: "refuse"; status: number; reason: string };

/** Where a browser brings a ticket. */
const ENTRANCE = "/.hallpass/enter";
const PASS_COOKIE = "__Host-hallpass";

const refuse = (status: number, reason: string): Decision => ({ kind: "refuse", status, reason });

export function decide(hmac: Hmac, settings: RouterSettings, request: RouterRequest, now: number): Decision {
  const decoded = decodeName(request.host, settings.fleet);
  if (!decoded.ok) return refuse(decoded.status, decoded.reason);
  if (request.ticket !== "") return enter(hmac, settings, request, decoded.name, now);
  if (request.pass === "") return refuse(401, "no pass");
  const pass = decodePass(hmac, settings.fleetKeys, decoded.name, request.pass, now);
  if (!pass.ok) return refuse(pass.reason === "expired" ? 401 : 403, `pass ${pass.reason}`);
  if (request.path === ENTRANCE) return refuse(403, "no ticket");
  const address = settings.fleet.addresses.get(decoded.name.host);
  if (address === undefined) return refuse(404, "no such notebook host");
  return { kind: "admit", address, port: decoded.name.port, id: pass.id, expiry: pass.expiry };
}

/** A good ticket is answered with the pass, and with the way to the page: without the ticket in it. */
function enter(
  hmac: Hmac,
  settings: RouterSettings,
  request: RouterRequest,
  name: NotebookName,
  now: number,
): Decision {
  const ticket = decodeTicket(hmac, settings.fleetKeys, name, request.ticket, now);
  if (!ticket.ok) return refuse(403, `ticket ${ticket.reason}`);
  const key = findKey(settings.fleetKeys, ticket.keyNumber);
  if (key === undefined) return refuse(403, "ticket unknown key");
  const notebook = { host: name.host, port: name.port, id: ticket.id };
  const pass = encodePass(hmac, key, notebook, now + settings.passSeconds);
  const cookie = `${PASS_COOKIE}=${pass}; Max-Age=${settings.passSeconds}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned`;
  const query = dropParameter(request.query, "ticket");
  const page = request.path === ENTRANCE ? request.next : query === "" ? request.path : `${request.path}?${query}`;
  return {
    kind: "enter",
    location: isLocalPath(page) ? page : "/",
    cookie,
    isNew: !isPassFor(ticket.id, request.pass),
  };
}

/**
 * Whether the browser has been in this very notebook: its pass, however old, has the notebook's id.
 * Otherwise what the browser keeps for this name may be of the port's last notebook: a script of it would
 * run in this one.
 */
function isPassFor(id: string, pass: string): boolean {
  return pass.split(".")[1] === id;
}

/**
 * Whether a browser that is sent to this path stays on the notebook's own origin: it begins with one
 * slash (two, or a slash and a backslash, would begin a host name: WHATWG URL, "relative slash state"),
 * and holds only visible ASCII, so that it cannot end the header it is put into.
 */
function isLocalPath(path: string): boolean {
  if (!path.startsWith("/") || path.length > 2048) return false;
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i);
    if (code < 33 || code > 126 || code === 92) return false;
  }
  return !path.startsWith("//");
}

/** The query without every parameter of this name; order and spelling of the others are kept. */
function dropParameter(query: string, name: string): string {
  const kept = query.split("&").filter((part) => part !== name && !part.startsWith(`${name}=`));
  return kept.join("&");
}
