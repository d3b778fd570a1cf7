/**
 * The development fleet as data: which address and ports each part has on one machine, and its settings.
 *
 *   { port: 8443, hosts: 2, network: 77, … }  →  dev-01 at 127.77.0.11, dev-02 at 127.77.16.12,
 *                                                 the proxy's settings, and each allocator's
 *
 * A pure function: whoever runs the parts (as processes or as containers) only does what it says.
 *
 * The surprise: every notebook host has a loopback address of its own, so that all of them use the same
 * ports on one machine, as they do on many. A second fleet beside the first is on another 127.N.
 */
import { decodeFleet, hostsOf } from "../fleet/fleet.ts";
import { encodeKeyRing, hostKeyRing, type KeyRing } from "../fleet/keys.ts";
import { nodeHmac } from "../fleet/node-hmac.ts";

export const DOMAIN = "ide-proxy.localhost";
const SCHOOL = "school.localhost";
/** `*.<domain>` are the notebooks; the school's page is another site, as in real life. */
export const CERTIFICATE_NAMES = [DOMAIN, `*.${DOMAIN}`, SCHOOL] as const;

const NOTEBOOK_PORTS = "6000-6999";
const ALLOCATOR_PORT = 7001;
const AGENT_PORT = 7002;
/** The first fleet's network. */
export const FIRST_NETWORK = 77;
/** What a notebook with a kernel holds when a student works in it, with room to spare. */
const NOTEBOOK_BYTES = 512 * 1024 * 1024;

export interface DevelopmentSettings {
  /** Of the proxy, on 127.0.0.1. */
  readonly port: number;
  readonly hosts: number;
  /** N in 127.N.0.0/16, where the notebook hosts are. */
  readonly network: number;
  /** Where the school's page listens, and free ports for the proxy's other listeners; all on 127.0.0.1. */
  readonly freePorts: { readonly school: number; readonly http: number; readonly health: number };
  readonly memoryBytes: number;
  readonly fleetKeys: KeyRing;
  readonly jwtSecret: string;
  /** Path of certificate and key, as the proxy sees it. */
  readonly certificate: string;
  /** The folder of this run: every notebook host has one of its own below. */
  readonly stateFolder: string;
  readonly runtime: ProcessRuntime | DockerRuntime;
}

export interface ProcessRuntime {
  readonly kind: "process";
  /** Path of the venv's bin folder. */
  readonly jupyter: string;
}

export interface DockerRuntime {
  readonly kind: "docker";
  /** The first is the default. */
  readonly images: readonly [string, ...string[]];
}

export type Environment = Readonly<Record<string, string>>;

export interface NotebookHostPlan {
  readonly name: string;
  readonly address: string;
  readonly stateFolder: string;
  readonly environment: Environment;
}

export interface DevelopmentFleet {
  /** "https://school.localhost:8443" and "https://ide-proxy.localhost:8443", without a slash at the end. */
  readonly schoolOrigin: string;
  readonly apiOrigin: string;
  readonly proxy: Environment;
  readonly notebookHosts: readonly NotebookHostPlan[];
}

/** Where the first notebook host of a network answers: what is tried to see whether a network is free. */
export function firstAllocator(network: number): { address: string; port: number } {
  return { address: `127.${network}.0.11`, port: ALLOCATOR_PORT };
}

/** The URL of a name at a port; browsers and the Origin header leave 443 out. */
export function originOf(name: string, port: number): string {
  return port === 443 ? `https://${name}` : `https://${name}:${port}`;
}

/**
 * "dev". All starts of a machine share one Docker, in whose labels the notebook hosts' names are: there a
 * second start has other names, as in "dev78-01".
 */
function regionOf({ network, runtime }: DevelopmentSettings): string {
  return runtime.kind === "process" || network === FIRST_NETWORK ? "dev" : `dev${network}`;
}

export function planDevelopmentFleet(settings: DevelopmentSettings): DevelopmentFleet {
  const text = {
    domain: DOMAIN,
    ports: NOTEBOOK_PORTS,
    fleet: `${regionOf(settings)} 127.${settings.network}.0.0/16 ${settings.hosts}`,
  };
  const decoded = decodeFleet(text);
  if (!decoded.ok) throw new Error(decoded.errors.join("\n"));
  const shared = {
    HALLPASS_DOMAIN: text.domain,
    HALLPASS_NOTEBOOK_PORTS: text.ports,
    HALLPASS_FLEET: text.fleet,
    HALLPASS_PUBLIC_PORT: `${settings.port}`,
    HALLPASS_ALLOCATOR_PORT: `${ALLOCATOR_PORT}`,
    HALLPASS_AGENT_PORT: `${AGENT_PORT}`,
    HALLPASS_SCHOOL_ORIGINS: originOf(SCHOOL, settings.port),
  };
  return {
    schoolOrigin: originOf(SCHOOL, settings.port),
    apiOrigin: originOf(DOMAIN, settings.port),
    proxy: { ...shared, ...planProxy(settings) },
    notebookHosts: decoded.fleet.regions.flatMap(hostsOf).map((name) => {
      const stateFolder = `${settings.stateFolder}/${name}`;
      const environment = { ...shared, ...planAllocator(settings, name), HALLPASS_STATE: stateFolder };
      return { name, address: decoded.fleet.addresses.get(name) ?? "", stateFolder, environment };
    }),
  };
}

function planProxy(settings: DevelopmentSettings): Environment {
  return {
    HALLPASS_REGION: regionOf(settings),
    HALLPASS_FLEET_KEYS: encodeKeyRing(settings.fleetKeys),
    HALLPASS_SITES: `${SCHOOL}=127.0.0.1:${settings.freePorts.school}`,
    HALLPASS_CERTIFICATE: settings.certificate,
    HALLPASS_BIND: "127.0.0.1",
    HALLPASS_HTTPS_PORT: `${settings.port}`,
    HALLPASS_HTTP_PORT: `${settings.freePorts.http}`,
    HALLPASS_HEALTH_PORT: `${settings.freePorts.health}`,
  };
}

function planAllocator(settings: DevelopmentSettings, host: string): Environment {
  const { runtime } = settings;
  return {
    HALLPASS_HOST: host,
    HALLPASS_HOST_KEYS: encodeKeyRing(hostKeyRing(nodeHmac, settings.fleetKeys, host)),
    HALLPASS_JWT_SECRET: settings.jwtSecret,
    HALLPASS_CAPACITY: `${planCapacity(settings)}`,
    HALLPASS_RUNTIME: runtime.kind,
    ...(runtime.kind === "docker"
      ? { HALLPASS_IMAGES: runtime.images.join(" ") }
      : { HALLPASS_JUPYTER: runtime.jupyter }),
  };
}

/** Half of the machine's memory is left to everything else; a small machine still shows two notebooks a host. */
function planCapacity(settings: DevelopmentSettings): number {
  return Math.min(50, Math.max(2, Math.floor(settings.memoryBytes / 2 / NOTEBOOK_BYTES / settings.hosts)));
}
