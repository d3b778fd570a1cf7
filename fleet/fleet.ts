/**
 * The fleet: all regions and their notebook hosts, and the one place where its settings are checked.
 *
 *   domain   ide-proxy.example.org
 *   ports    6000-6999
 *   fleet    nyc 10.20.0.0/16 12; lon 10.21.0.0/16 8; lab 192.0.2.7
 *
 * An entry of three words is a region: its name, its network, how many notebook hosts it has
 * (nyc-01 to nyc-12). An entry of two words is a machine that is not ours: its name and address.
 * The same text configures the router, the allocators and the Pulumi programs.
 *
 * Compiled to Lua too, for the router: no regular expressions, no JSON.
 */
import { isReachable, MAX_HOSTS, parseDigits, parseIpv4, parseNetwork, planAddress } from "./address-plan.ts";

export interface Region {
  readonly name: string;
  /** As written: "10.20.0.0/16". */
  readonly network: string;
  readonly hosts: number;
}

/** A machine outside the address plan, listed with its address. */
export interface Machine {
  readonly name: string;
  readonly address: string;
}

export interface Fleet {
  /** Lower case, without a dot at either end. */
  readonly domain: string;
  readonly ports: { readonly first: number; readonly last: number };
  readonly regions: readonly Region[];
  readonly machines: readonly Machine[];
  /** Every notebook host's name and its IPv4 address. */
  readonly addresses: ReadonlyMap<string, string>;
}

export type FleetResult = { ok: true; fleet: Fleet } | { ok: false; errors: string[] };

/** A host's name and a five-digit port fit into one DNS label of 63 (RFC 1035 §2.3.4) with the dash between. */
const MAX_HOST_LENGTH = 57;
/** So that host and pass fit the proxy's table of passes; it would cut a longer key without a word. */
const MAX_DOMAIN_LENGTH = 80;

/** One DNS label in lower case: letters, digits, dashes inside. */
export function isDnsLabel(text: string): boolean {
  if (text.length === 0 || text.length > 63 || text.startsWith("-") || text.endsWith("-")) return false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isLetter = code >= 97 && code <= 122;
    const isDigit = code >= 48 && code <= 57;
    if (!isLetter && !isDigit && code !== 45) return false;
  }
  return true;
}

/** The name of a region's host: hostName("nyc", 7) is "nyc-07". */
function hostName(region: string, number: number): string {
  return number < 10 ? `${region}-0${number}` : `${region}-${number}`;
}

/** The names of a region's notebook hosts, in order. */
export function hostsOf(region: Region): string[] {
  const names: string[] = [];
  for (let number = 1; number <= region.hosts; number++) names.push(hostName(region.name, number));
  return names;
}

/** A domain of two labels or more, in lower case. Of one label, browsers refuse cookies. */
function parseDomain(text: string, errors: string[]): string {
  const labels = text.split(".");
  if (text.length > MAX_DOMAIN_LENGTH || labels.length < 2 || !labels.every((label) => isDnsLabel(label)))
    errors.push(
      `HALLPASS_DOMAIN is "${text}", but must be a name of two labels or more, in lower case, of at most ${MAX_DOMAIN_LENGTH} characters. Set it to the name under which notebooks appear, as in "ide-proxy.example.org".`,
    );
  return text;
}

/** Notebook ports: above those that only root may open, and below those that Linux gives to outgoing connections (32768). */
function parsePorts(text: string, errors: string[]): { first: number; last: number } {
  const ends = text.split("-");
  const first = parseDigits(ends[0] ?? "", 5);
  const last = parseDigits(ends[1] ?? "", 5);
  if (ends.length !== 2 || first === undefined || last === undefined || first < 1024 || last > 32767 || first > last) {
    errors.push(
      `HALLPASS_NOTEBOOK_PORTS is "${text}", but must be two ports from 1024 to 32767, the lower one first. Set it as in "6000-6999".`,
    );
    return { first: 0, last: 0 };
  }
  return { first, last };
}

function readRegion(words: string[], fleet: { regions: Region[]; addresses: Map<string, string> }): string | undefined {
  const [name, network, count] = words as [string, string, string];
  const parsed = parseNetwork(network);
  if (typeof parsed === "string") return `network "${network}" must be ${parsed}`;
  const hosts = parseDigits(count, 2);
  if (hosts === undefined || hosts < 1) return `"${count}" hosts: must be a number from 1 to ${MAX_HOSTS}`;
  const region: Region = { name, network, hosts };
  for (const other of fleet.regions)
    if (other.network === network) return `network "${network}" is ${other.name}'s already`;
  for (let number = 1; number <= hosts; number++) {
    const host = hostName(name, number);
    if (host.length > MAX_HOST_LENGTH) return `"${host}" is longer than ${MAX_HOST_LENGTH} characters`;
    if (fleet.addresses.has(host)) return `"${host}" is listed twice`;
    fleet.addresses.set(host, planAddress(parsed, number));
  }
  fleet.regions.push(region);
  return undefined;
}

function readMachine(
  words: string[],
  fleet: { machines: Machine[]; addresses: Map<string, string> },
): string | undefined {
  const [name, address] = words as [string, string];
  if (name.length > MAX_HOST_LENGTH) return `"${name}" is longer than ${MAX_HOST_LENGTH} characters`;
  const octets = parseIpv4(address);
  if (octets === undefined || !isReachable(octets))
    return `"${address}" must be a machine's IPv4 address, as in "192.0.2.7"`;
  if (fleet.addresses.has(name)) return `"${name}" is listed twice`;
  fleet.machines.push({ name, address });
  fleet.addresses.set(name, address);
  return undefined;
}

/** Two hosts at one address would be two names for one notebook. */
function findShared(addresses: Map<string, string>): string | undefined {
  const owners = new Map<string, string>();
  for (const [host, address] of addresses) {
    const owner = owners.get(address);
    if (owner !== undefined) return `${owner} and ${host} have the same address, ${address}`;
    owners.set(address, host);
  }
  return undefined;
}

/**
 * Decodes the fleet's settings, as text, and checks all of them: `ok: false` brings every error, each
 * with the setting, the value, what is allowed and what to do.
 */
export function decodeFleet(text: { domain: string; ports: string; fleet: string }): FleetResult {
  const errors: string[] = [];
  const domain = parseDomain(text.domain, errors);
  const ports = parsePorts(text.ports, errors);
  const found = { regions: [] as Region[], machines: [] as Machine[], addresses: new Map<string, string>() };
  for (const entry of text.fleet.split(";")) {
    const words = entry.split(" ").filter((word) => word !== "");
    if (words.length === 0) continue;
    let problem: string | undefined;
    if (!isDnsLabel(words[0] ?? "")) problem = `"${words[0]}" must be a DNS label in lower case`;
    else if (words.length === 3) problem = readRegion(words, found);
    else if (words.length === 2) problem = readMachine(words, found);
    else problem = "it must have two or three words";
    if (problem !== undefined) errors.push(fleetError(entry.trim(), problem));
  }
  if (errors.length === 0 && found.addresses.size === 0) errors.push(fleetError("", "it lists no notebook host"));
  const shared = findShared(found.addresses);
  if (shared !== undefined) errors.push(fleetError(text.fleet, shared));
  if (errors.length > 0) return { ok: false, errors };
  return { ok: true, fleet: { domain, ports, ...found } };
}

function fleetError(entry: string, problem: string): string {
  return `HALLPASS_FLEET has "${entry}": ${problem}. Write a region as "nyc 10.20.0.0/16 12" (name, network, hosts) or a machine as "lab 192.0.2.7", with a semicolon between.`;
}

/** The text that `decodeFleet` takes: the two undo each other. */
export function encodeFleet(fleet: Fleet): { domain: string; ports: string; fleet: string } {
  const entries = fleet.regions.map((region) => `${region.name} ${region.network} ${region.hosts}`);
  for (const machine of fleet.machines) entries.push(`${machine.name} ${machine.address}`);
  return { domain: fleet.domain, ports: `${fleet.ports.first}-${fleet.ports.last}`, fleet: entries.join("; ") };
}
