/**
 * Allocators that run in the test's own process, each on its own loopback address, with fake runtimes.
 *
 *   const fleet = await startFleet({ hosts: 2, capacity: 4 })
 *   await fleet.ask("dev-01", "ada")   →  the answer to her POST
 */
import { randomBytes } from "node:crypto";
import { Writable } from "node:stream";
import { SignJWT } from "jose";
import { decodeFleet } from "../../fleet/fleet.ts";
import { hostKeyRing, type KeyRing } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import type { HostView, ReadyAnswer } from "../../notebook-host/answers.ts";
import { createLog } from "../../notebook-host/log.ts";
import type { ProblemBody } from "../../notebook-host/problem.ts";
import { createService, type Service, type ServiceOptions } from "../../notebook-host/service.ts";
import type { Settings } from "../../notebook-host/settings.ts";
import { hashStudent, type StudentHash } from "../../notebook-host/student.ts";
import { FakeRuntime } from "./fake-runtime.ts";
import { claimNetwork } from "./network.ts";

const DOMAIN = "ide-proxy.example.org";
export const SCHOOL_ORIGIN = "https://school.example.org";
const SECRET = "a secret of the school, of more than 32 bytes";

export interface FleetPlan extends ServiceOptions {
  hosts?: number;
  capacity?: number;
  /** Changes one host's settings. */
  settings?: (host: string) => Partial<Settings>;
}

export interface StartedFleet {
  /** What the proxies hold. */
  readonly fleetKeys: KeyRing;
  readonly hosts: ReadonlyMap<string, StartedHost>;
  host(name: string): StartedHost;
  ask(host: string, student: string, body?: object, headers?: Record<string, string>): Promise<Response>;
  request(host: string, path: string, init?: RequestInit & { student?: string }): Promise<Response>;
  hash(student: string): StudentHash;
  /** Every line of every allocator's log. */
  readonly log: string[];
  stop(): Promise<void>;
}

export interface StartedHost {
  readonly address: string;
  readonly settings: Settings;
  readonly runtime: FakeRuntime;
  readonly service: Service;
}

export const readReady = async (response: Response) => (await response.json()) as ReadyAnswer;
export const readProblem = async (response: Response) => (await response.json()) as ProblemBody;
export const readView = async (response: Response) => (await response.json()) as HostView;

function signToken(student: string, claims: Record<string, unknown> = {}): Promise<string> {
  const jwt = new SignJWT(claims).setProtectedHeader({ alg: "HS256" }).setSubject(student).setExpirationTime("1h");
  return jwt.sign(new TextEncoder().encode(SECRET));
}

export async function startFleet(plan: FleetPlan = {}): Promise<StartedFleet> {
  const { network, release } = await claimNetwork();
  const decoded = decodeFleet({ domain: DOMAIN, ports: "6000-6049", fleet: `dev ${network} ${plan.hosts ?? 1}` });
  if (!decoded.ok) throw new Error(decoded.errors.join("\n"));
  const fleetKeys = [{ number: 1, base64: randomBytes(32).toString("base64") }];
  const log: string[] = [];
  const destination = new Writable({
    write: (line, _encoding, done) => {
      log.push(String(line));
      done();
    },
  });
  const hosts = new Map<string, StartedHost>();
  for (const [host, address] of decoded.fleet.addresses) {
    const standard = { fleet: decoded.fleet, host, address, capacity: plan.capacity ?? 4 };
    const keys = hostKeyRing(nodeHmac, fleetKeys, host);
    const settings: Settings = { ...commonSettings(), ...standard, keys, ...plan.settings?.(host) };
    const runtime = new FakeRuntime(address);
    const service = await createService(settings, runtime, createLog(host, destination), plan);
    hosts.set(host, { address, settings, runtime, service });
  }
  await Promise.all([...hosts.values()].map(({ service }) => service.start()));
  const host = (name: string): StartedHost => {
    const found = hosts.get(name);
    if (found === undefined) throw new Error(`no host ${name}`);
    return found;
  };
  const request: StartedFleet["request"] = async (name, path, { student, ...init } = {}) => {
    const headers = new Headers(init.headers);
    if (student !== undefined) headers.set("authorization", `Bearer ${await signToken(student)}`);
    return fetch(`http://${host(name).address}:7001${path}`, { ...init, headers });
  };
  return {
    fleetKeys,
    hosts,
    host,
    request,
    ask: (name, student, body, headers = {}) =>
      request(name, "/v1/notebooks", {
        method: "POST",
        student,
        headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    hash: (student) => hashStudent(DOMAIN, student),
    log,
    stop: async () => {
      await Promise.all([...hosts.values()].map(({ service }) => service.stop()));
      for (const { runtime } of hosts.values()) runtime.close();
      release();
    },
  };
}

function commonSettings(): Omit<Settings, "fleet" | "host" | "address" | "capacity" | "keys"> {
  return {
    publicPort: 8443,
    allocatorPort: 7001,
    agentPort: 7002,
    schoolOrigins: [SCHOOL_ORIGIN],
    school: { trust: { secret: SECRET }, audience: undefined, issuer: undefined },
    runtime: { kind: "docker", images: ["lesson:1", "lesson:2"], memoryBytes: 1, cpus: 1, pids: 1 },
    cordonFile: undefined,
    embedFile: "/nowhere/embed.js",
  };
}
