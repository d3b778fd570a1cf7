/**
 * The router's decision as text in, text out: so that the same questions can be put to the TypeScript
 * and to the Lua made of it, and their answers compared to the letter.
 */
import { decodeFleet } from "../../../fleet/fleet.ts";
import { decodeKeyRing, type Hmac } from "../../../fleet/keys.ts";
import { decide, type RouterSettings } from "../../../proxy-image/router/decide.ts";

/** `fields`: domain, ports, fleet, keys, in that order; passes last `passSeconds`. */
export function readDriverSettings(fields: string[], passSeconds: number): RouterSettings {
  const [domain, ports, fleet, keys] = fields as [string, string, string, string];
  const decoded = decodeFleet({ domain, ports, fleet });
  const ring = decodeKeyRing(keys);
  if (!decoded.ok || !ring.ok) throw new Error("the settings of the test are wrong");
  return { fleet: decoded.fleet, fleetKeys: ring.ring, passSeconds };
}

/** `fields`: host, path, query, pass, ticket, next, in that order. */
export function describeDecision(hmac: Hmac, settings: RouterSettings, fields: string[], now: number): string {
  const [host, path, query, pass, ticket, next] = fields as [string, string, string, string, string, string];
  const decision = decide(hmac, settings, { host, path, query, pass, ticket, next }, now);
  if (decision.kind === "admit") return `${decision.address}:${decision.port} ${decision.id} ${decision.expiry}`;
  if (decision.kind === "enter")
    return `303 ${decision.location} ${decision.isNew ? "new" : "known"} ${decision.cookie}`;
  return `${decision.status} ${decision.reason}`;
}
