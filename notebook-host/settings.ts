/**
 * The allocator's settings: from the environment, all checked at once, before anything starts.
 *
 *   HALLPASS_HOST=dev-01 HALLPASS_FLEET="dev 127.77.0.0/16 2" HALLPASS_CAPACITY=20 …  →  Settings
 *
 * A setting of spaces is as good as none. What is refused brings the setting, the value (never of a
 * secret), what is allowed, and what to do.
 */
import { join } from "node:path";
import { decodeFleet, type Fleet } from "../fleet/fleet.ts";
import { decodeKeyRing, type KeyRing } from "../fleet/keys.ts";
import type { SchoolSettings } from "./school-token.ts";
import { type Environment, SettingReader } from "./setting-reader.ts";

export interface DockerSettings {
  readonly kind: "docker";
  /** Allowed images; the first is the default. */
  readonly images: readonly [string, ...string[]];
  readonly memoryBytes: number;
  readonly cpus: number;
  readonly pids: number;
}

export interface ProcessSettings {
  readonly kind: "process";
  readonly state: string;
  /** The folder in which `jupyter` is. */
  readonly jupyterBin: string;
  /** notebook-image/start-notebook. */
  readonly startScript: string;
}

export interface Settings {
  readonly fleet: Fleet;
  readonly host: string;
  readonly address: string;
  readonly keys: KeyRing;
  readonly publicPort: number;
  readonly allocatorPort: number;
  readonly agentPort: number;
  readonly schoolOrigins: readonly string[];
  readonly school: SchoolSettings;
  readonly capacity: number;
  readonly runtime: DockerSettings | ProcessSettings;
  /** While this file exists the host takes no new notebooks; undefined when there is no HALLPASS_STATE. */
  readonly cordonFile: string | undefined;
  readonly embedFile: string;
}

export type SettingsResult = { ok: true; settings: Settings } | { ok: false; errors: string[] };

/** RFC 7518 §3.2: a secret for HS256 has at least the hash's length. */
const MIN_SECRET_BYTES = 32;

/** Of a fleet whose ports are refused, for the other settings' sake. */
const MAX_PLACES = 31_744;

/** `root`: the folder that holds notebook-image/ and dist/, for the defaults. */
export function parseSettings(environment: Environment, root: string): SettingsResult {
  const reader = new SettingReader(environment);
  const fleet = readFleet(reader);
  const host = reader.required("HALLPASS_HOST", "this notebook host's name", "dev-01");
  const address = fleet?.addresses.get(host ?? "");
  if (fleet !== undefined && host !== undefined && address === undefined)
    reader.refuse(
      "HALLPASS_HOST",
      host,
      "is no notebook host of HALLPASS_FLEET",
      `one of them, as in "${firstHost(fleet)}"`,
    );
  const keys = readKeys(reader);
  const places = fleet === undefined ? MAX_PLACES : fleet.ports.last - fleet.ports.first + 1;
  const capacity = reader.integer("HALLPASS_CAPACITY", { min: 1, max: places, example: "20" });
  const ports = readPorts(reader, fleet);
  const schoolOrigins = readOrigins(reader);
  const school = readSchool(reader);
  const runtime = readRuntime(reader, root);
  const state = reader.optional("HALLPASS_STATE");
  if (reader.errors.length > 0) return { ok: false, errors: reader.errors };
  if (!fleet || !host || !address || !keys || !capacity || !ports || !school || !runtime)
    throw new Error("a setting is missing and no error says so");
  const cordonFile = state === undefined ? undefined : join(state, `${host}.cordoned`);
  const embedFile = reader.optional("HALLPASS_EMBED") ?? join(root, "dist", "embed.js");
  return {
    ok: true,
    settings: { fleet, host, address, keys, ...ports, schoolOrigins, school, capacity, runtime, cordonFile, embedFile },
  };
}

function firstHost(fleet: Fleet): string {
  return [...fleet.addresses.keys()][0] ?? "";
}

function readFleet(reader: SettingReader): Fleet | undefined {
  const domain = reader.required("HALLPASS_DOMAIN", "the notebooks' domain", "ide-proxy.example.org");
  const ports = reader.optional("HALLPASS_NOTEBOOK_PORTS") ?? "6000-6999";
  const text = reader.required("HALLPASS_FLEET", "all notebook hosts", "nyc 10.20.0.0/16 12");
  if (domain === undefined || text === undefined) return undefined;
  const decoded = decodeFleet({ domain, ports, fleet: text });
  if (decoded.ok) return decoded.fleet;
  reader.errors.push(...decoded.errors);
  return undefined;
}

function readKeys(reader: SettingReader): KeyRing | undefined {
  const text = reader.required("HALLPASS_HOST_KEYS", "this host's keys", "1:<base64 of 32 bytes>");
  if (text === undefined) return undefined;
  const decoded = decodeKeyRing(text);
  if (decoded.ok) return decoded.ring;
  reader.refuseSecret(
    "HALLPASS_HOST_KEYS",
    decoded.reason,
    "the keys that the fleet key's owner derived for this host",
  );
  return undefined;
}

function readPorts(reader: SettingReader, fleet: Fleet | undefined) {
  const port = (name: string, standard: number) =>
    reader.integer(name, { min: 1, max: 65535, example: `${standard}`, standard });
  const publicPort = port("HALLPASS_PUBLIC_PORT", 443);
  const allocatorPort = port("HALLPASS_ALLOCATOR_PORT", 7001);
  const agentPort = port("HALLPASS_AGENT_PORT", 7002);
  if (publicPort === undefined || allocatorPort === undefined || agentPort === undefined) return undefined;
  const isNotebooks = (own: number) => fleet !== undefined && own >= fleet.ports.first && own <= fleet.ports.last;
  for (const [name, own] of [
    ["HALLPASS_ALLOCATOR_PORT", allocatorPort],
    ["HALLPASS_AGENT_PORT", agentPort],
  ] as const)
    if (isNotebooks(own))
      reader.refuse(name, `${own}`, "is one of the notebooks' ports", "a port outside HALLPASS_NOTEBOOK_PORTS");
  if (allocatorPort === agentPort)
    reader.refuse(
      "HALLPASS_AGENT_PORT",
      `${agentPort}`,
      "is HALLPASS_ALLOCATOR_PORT too",
      "a port of its own, as in 7002",
    );
  return { publicPort, allocatorPort, agentPort };
}

function readOrigins(reader: SettingReader): string[] {
  const origins = reader.words("HALLPASS_SCHOOL_ORIGINS");
  for (const origin of origins) {
    const isOrigin = URL.canParse(origin) && new URL(origin).origin === origin && /^https?:/.test(origin);
    if (!isOrigin)
      reader.refuse(
        "HALLPASS_SCHOOL_ORIGINS",
        origin,
        "is no origin",
        'scheme, name and port only, as in "https://school.example.org"',
      );
  }
  return origins;
}

function readSchool(reader: SettingReader): SchoolSettings | undefined {
  const url = reader.optional("HALLPASS_JWKS_URL");
  const secret = reader.optional("HALLPASS_JWT_SECRET");
  const claims = { audience: reader.optional("HALLPASS_JWT_AUDIENCE"), issuer: reader.optional("HALLPASS_JWT_ISSUER") };
  if ((url === undefined) === (secret === undefined)) {
    const how =
      url === undefined
        ? "Neither HALLPASS_JWKS_URL nor HALLPASS_JWT_SECRET is"
        : "Both HALLPASS_JWKS_URL and HALLPASS_JWT_SECRET are";
    reader.errors.push(
      `${how} set, but exactly one says whose tokens are good. Set HALLPASS_JWKS_URL to the school's public keys, as in "https://school.example.org/.well-known/jwks.json", or, for development only, HALLPASS_JWT_SECRET.`,
    );
    return undefined;
  }
  if (secret !== undefined) {
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES)
      reader.refuseSecret(
        "HALLPASS_JWT_SECRET",
        `it is shorter than ${MIN_SECRET_BYTES} bytes`,
        "the output of `openssl rand -base64 32`",
      );
    return { trust: { secret }, ...claims };
  }
  const jwksUrl = url !== undefined && URL.canParse(url) ? new URL(url) : undefined;
  if (jwksUrl === undefined || !isTrustworthy(jwksUrl)) {
    reader.refuse(
      "HALLPASS_JWKS_URL",
      url ?? "",
      "is no https URL",
      'one, as in "https://school.example.org/.well-known/jwks.json" (http only for this machine itself)',
    );
    return undefined;
  }
  return { trust: { jwksUrl }, ...claims };
}

/** Keys fetched over plain HTTP are whatever somebody on the way says they are. */
function isTrustworthy(url: URL): boolean {
  return (
    url.protocol === "https:" || (url.protocol === "http:" && /^(localhost|127\.\d+\.\d+\.\d+)$/.test(url.hostname))
  );
}

function readRuntime(reader: SettingReader, root: string): DockerSettings | ProcessSettings | undefined {
  const kind = reader.required("HALLPASS_RUNTIME", "what runs the notebooks", "docker");
  if (kind === undefined) return undefined;
  if (kind === "docker") return readDocker(reader);
  if (kind === "process") return readProcess(reader, root);
  reader.refuse("HALLPASS_RUNTIME", kind, "is no runtime", '"docker", or "process" (which does not isolate)');
  return undefined;
}

function readDocker(reader: SettingReader): DockerSettings | undefined {
  const [first, ...more] = reader.words("HALLPASS_IMAGES");
  if (first === undefined)
    reader.missing("HALLPASS_IMAGES", "the images that notebooks may be made of", "hallpass-notebook:7.6.5");
  const memoryMib = reader.integer("HALLPASS_NOTEBOOK_MEMORY_MIB", {
    min: 256,
    max: 1_048_576,
    example: "1024",
    standard: 1024,
  });
  const cpus = reader.integer("HALLPASS_NOTEBOOK_CPUS", { min: 1, max: 256, example: "1", standard: 1 });
  const pids = reader.integer("HALLPASS_NOTEBOOK_PIDS", { min: 32, max: 32768, example: "512", standard: 512 });
  if (first === undefined || memoryMib === undefined || cpus === undefined || pids === undefined) return undefined;
  return { kind: "docker", images: [first, ...more], memoryBytes: memoryMib * 1024 * 1024, cpus, pids };
}

function readProcess(reader: SettingReader, root: string): ProcessSettings | undefined {
  const state = reader.required("HALLPASS_STATE", "the folder for homes and records", "/var/lib/hallpass");
  const jupyterBin = reader.required("HALLPASS_JUPYTER", "the folder that holds jupyter", "/opt/hallpass/venv/bin");
  const startScript = reader.optional("HALLPASS_START_NOTEBOOK") ?? join(root, "notebook-image", "start-notebook");
  if (state === undefined || jupyterBin === undefined) return undefined;
  return { kind: "process", state, jupyterBin, startScript };
}
