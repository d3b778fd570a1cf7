/**
 * The grammar of a notebook's host name, in both directions.
 *
 *   nyc-01-6578.ide-proxy.example.org  ⇄  { host: "nyc-01", port: 6578 }
 *
 * The last dash separates the port, so that a notebook host may have dashes in its name. Nothing is
 * looked up in DNS: a name that decodes leads to a notebook host of the fleet, on a notebook's port,
 * and nowhere else.
 *
 * Compiled to Lua, which has no regular expressions. Every case in notebook-name.cases.ts runs as
 * TypeScript, as Lua, and inside HAProxy.
 */
import { parseDigits } from "./address-plan.ts";
import { type Fleet, isDnsLabel } from "./fleet.ts";

export interface NotebookName {
  readonly host: string;
  readonly port: number;
}

/** 400: malformed under our domain. 404: no such notebook host or port. 421: not a name of this fleet (RFC 9110 §15.5.20). */
export type DecodedName = { ok: true; name: NotebookName } | { ok: false; status: 400 | 404 | 421; reason: string };

/** A name of 253 characters (RFC 1035 §2.3.4), a trailing dot, and a colon with five digits. */
const MAX_HOST_HEADER = 260;

const refuse = (status: 400 | 404 | 421, reason: string): DecodedName => ({ ok: false, status, reason });

export function encodeName(name: NotebookName, fleet: Fleet): string {
  return `${name.host}-${name.port}.${fleet.domain}`;
}

/**
 * Decodes a Host header into the notebook that it names.
 *
 * Accepts any letter case, one trailing dot, and a port after the name (RFC 9110 §7.2). Everything
 * else is refused with a status and a reason, in which the name itself never stands.
 */
export function decodeName(hostHeader: string, fleet: Fleet): DecodedName {
  if (hostHeader.length === 0 || hostHeader.length > MAX_HOST_HEADER) return refuse(400, "a missing or overlong Host");
  const name = canonicalName(hostHeader);
  if (name === undefined) return refuse(400, "a malformed Host");
  if (name === fleet.domain) return refuse(400, "the domain itself, which names no notebook");
  const suffix = `.${fleet.domain}`;
  if (!name.endsWith(suffix)) return refuse(421, "not a name of this fleet");
  return decodeLabel(name.slice(0, name.length - suffix.length), fleet);
}

/** Lower case, without the port after a colon and without one trailing dot; undefined when that port is malformed. */
function canonicalName(hostHeader: string): string | undefined {
  const [name, port, ...more] = hostHeader.toLowerCase().split(":") as [string, ...string[]];
  if (more.length > 0) return undefined;
  if (port !== undefined && parseDigits(port, 5) === undefined) return undefined;
  return name.endsWith(".") ? name.slice(0, name.length - 1) : name;
}

function decodeLabel(label: string, fleet: Fleet): DecodedName {
  if (!isDnsLabel(label)) return refuse(400, "not one DNS label");
  const words = label.split("-");
  const digits = words[words.length - 1] as string;
  const port = parseDigits(digits, 5);
  const host = words.slice(0, words.length - 1).join("-");
  if (port === undefined || host === "") return refuse(400, "not <notebook host>-<port>");
  if (port < fleet.ports.first || port > fleet.ports.last) return refuse(404, "a port outside the notebooks' range");
  if (!fleet.addresses.has(host)) return refuse(404, "no such notebook host");
  return { ok: true, name: { host, port } };
}
