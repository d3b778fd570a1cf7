/**
 * The proxy's settings: from the environment to checked values, or every error at once.
 *
 *   HALLPASS_DOMAIN=ide-proxy.example.org  HALLPASS_FLEET="nyc 10.20.0.0/16 12"  …
 *
 * Compiled to Lua too: in the image, where there is no Node, the same check runs before HAProxy starts.
 */
import { parseDigits, parseIpv4 } from "../fleet/address-plan.ts";
import { decodeFleet, type Fleet, isDnsLabel } from "../fleet/fleet.ts";
import { decodeKeyRing, type KeyRing } from "../fleet/keys.ts";

/** Another name on the same port 443, and where its requests go. */
export interface Site {
  readonly name: string;
  /** "127.0.0.1:8000" */
  readonly upstream: string;
}

export interface ProxySettings {
  readonly fleet: Fleet;
  readonly fleetKeys: KeyRing;
  /** Whose allocators come first; the others help when these are full. */
  readonly region: string;
  /** "https://school.example.org": who may frame notebooks. */
  readonly schoolOrigins: readonly string[];
  readonly sites: readonly Site[];
  /** A PEM file: certificate, chain, key. */
  readonly certificate: string;
  readonly bind: string;
  readonly ports: readonly { readonly name: PortSetting; readonly port: number }[];
  readonly passSeconds: number;
}

export type ProxySettingsResult = { ok: true; settings: ProxySettings } | { ok: false; errors: string[] };

/** A setting's value, or undefined when it is not set. */
export type ReadSetting = (this: void, name: string) => string | undefined;

/** Ports of the proxy itself, ports at the notebook hosts, and the one that browsers see. */
const PORT_DEFAULTS = [
  ["HALLPASS_HTTPS_PORT", 8443],
  ["HALLPASS_HTTP_PORT", 8080],
  ["HALLPASS_HEALTH_PORT", 8404],
  ["HALLPASS_PUBLIC_PORT", 443],
  ["HALLPASS_ALLOCATOR_PORT", 7001],
  ["HALLPASS_AGENT_PORT", 7002],
] as const;
type PortSetting = (typeof PORT_DEFAULTS)[number][0];

/** Twelve hours: a student who opens the lesson in the morning is not asked again that day. */
const PASS_SECONDS = "43200";
/** A pass that outlives its notebook opens nothing, so that a week is no danger; longer is a mistake. */
const MAX_PASS_SECONDS = 604800;

export function parseProxySettings(readRaw: ReadSetting): ProxySettingsResult {
  const errors: string[] = [];
  const read = (name: string): string | undefined => {
    const value = readRaw(name);
    return value === "" ? undefined : value;
  };
  const text = (name: string, example: string): string => {
    const value = read(name);
    if (value !== undefined) return value;
    errors.push(`${name} is not set. Set it as in "${example}".`);
    return "";
  };
  const domain = text("HALLPASS_DOMAIN", "ide-proxy.example.org");
  const fleetText = text("HALLPASS_FLEET", "nyc 10.20.0.0/16 12");
  const keys = text("HALLPASS_FLEET_KEYS", "1:<base64 of 32 bytes>");
  const origins = text("HALLPASS_SCHOOL_ORIGINS", "https://school.example.org");
  const certificate = text("HALLPASS_CERTIFICATE", "/certificates/proxy.pem");
  if (errors.length > 0) return { ok: false, errors };

  const decoded = decodeFleet({ domain, ports: read("HALLPASS_NOTEBOOK_PORTS") ?? "6000-6999", fleet: fleetText });
  if (!decoded.ok) return decoded;
  const settings = {
    fleet: decoded.fleet,
    fleetKeys: parseKeys(keys, errors),
    region: parseRegion(read("HALLPASS_REGION"), decoded.fleet, errors),
    schoolOrigins: parseOrigins(origins, errors),
    sites: parseSites(read("HALLPASS_SITES") ?? "", errors),
    certificate,
    bind: parseBind(read("HALLPASS_BIND") ?? "*", errors),
    ports: parsePorts(read, errors),
    passSeconds: parsePassSeconds(read("HALLPASS_PASS_SECONDS") ?? PASS_SECONDS, errors),
  };
  return errors.length > 0 ? { ok: false, errors } : { ok: true, settings };
}

/** The keys are secret: the error tells which one is wrong, and nothing of it. */
function parseKeys(text: string, errors: string[]): KeyRing {
  const decoded = decodeKeyRing(text);
  if (decoded.ok) return decoded.ring;
  errors.push(
    `HALLPASS_FLEET_KEYS is refused: ${decoded.reason}. Set it as "1:$(openssl rand -base64 32)", the current key first, with commas between.`,
  );
  return [];
}

function parseRegion(text: string | undefined, fleet: Fleet, errors: string[]): string {
  const names = fleet.regions.map((region) => region.name);
  if (text === undefined) return names[0] ?? "";
  if (!names.includes(text))
    errors.push(
      `HALLPASS_REGION is "${text}", but the fleet's regions are: ${names.join(", ")}. Set it to one of them, or add a region to HALLPASS_FLEET.`,
    );
  return text;
}

/** A host name, with or without a port; no path, no wildcard. */
function isAuthority(text: string): boolean {
  const [name, port, ...more] = text.split(":") as [string, ...string[]];
  if (more.length > 0 || (port !== undefined && parsePort(port) === undefined)) return false;
  return name.split(".").every((label) => isDnsLabel(label));
}

function parsePort(text: string): number | undefined {
  const port = parseDigits(text, 5);
  return port === undefined || port < 1 || port > 65535 ? undefined : port;
}

/** Exact origins only: with "*" any page could frame a student's notebook and lay a button over it. */
function parseOrigins(text: string, errors: string[]): string[] {
  const scheme = "https://";
  const origins = text.split(" ").filter((word) => word !== "");
  for (const origin of origins) {
    if (!origin.startsWith(scheme) || !isAuthority(origin.slice(scheme.length)))
      errors.push(
        `HALLPASS_SCHOOL_ORIGINS has "${origin}", but an origin is https:// and a name in lower case, with a port where it is not 443. Write "https://school.example.org", with spaces between several.`,
      );
  }
  return origins;
}

function parseSites(text: string, errors: string[]): Site[] {
  const sites: Site[] = [];
  for (const entry of text.split(" ").filter((word) => word !== "")) {
    const [name, upstream, ...more] = entry.split("=") as [string, ...string[]];
    const isSite = more.length === 0 && upstream !== undefined && upstream.includes(":") && isAuthority(upstream);
    if (!isSite || name.includes(":") || !isAuthority(name))
      errors.push(
        `HALLPASS_SITES has "${entry}", but a site is a name in lower case, "=", and the address and port behind it. Write "school.example.org=10.0.0.5:8000", with spaces between several.`,
      );
    else sites.push({ name, upstream });
  }
  return sites;
}

function parsePorts(read: ReadSetting, errors: string[]): { name: PortSetting; port: number }[] {
  return PORT_DEFAULTS.map(([name, preset]) => {
    const text = read(name) ?? `${preset}`;
    const port = parsePort(text);
    if (port === undefined)
      errors.push(
        `${name} is "${text}", but a port is a number from 1 to 65535. Set it as in "${preset}", or leave it out.`,
      );
    return { name, port: port ?? preset };
  });
}

/** The port that this setting gives. */
export function portOf(settings: ProxySettings, name: PortSetting): number {
  for (const entry of settings.ports) if (entry.name === name) return entry.port;
  return 0;
}

/** All of this machine's addresses, or one of them. */
function parseBind(text: string, errors: string[]): string {
  if (text !== "*" && parseIpv4(text) === undefined)
    errors.push(
      `HALLPASS_BIND is "${text}", but the proxy listens on "*" (all addresses) or on one IPv4 address. Set it as in "127.0.0.1", or leave it out.`,
    );
  return text;
}

function parsePassSeconds(text: string, errors: string[]): number {
  const seconds = parseDigits(text, 6);
  if (seconds !== undefined && seconds >= 60 && seconds <= MAX_PASS_SECONDS) return seconds;
  errors.push(
    `HALLPASS_PASS_SECONDS is "${text}", but a pass lasts from 60 to ${MAX_PASS_SECONDS} seconds. Set it as in "${PASS_SECONDS}", or leave it out.`,
  );
  return 0;
}
