/**
 * The real allocator in a process of its own, to be killed and started again.
 *
 *   const allocator = await startAllocator({ HALLPASS_RUNTIME: "docker", … })
 *   allocator.kill("SIGKILL")
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SignJWT } from "jose";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const SECRET = randomBytes(32).toString("base64");
/** The same for every start, so that a restarted allocator knows its notebooks' tokens. */
const HOST_KEYS = `1:${randomBytes(32).toString("base64")}`;
const START_MS = 20_000;

export interface AllocatorProcess {
  readonly url: string;
  readonly child: ChildProcess;
  /** What it has printed so far. */
  output(): string;
  /** The header of a student. */
  authorization(student: string): Promise<string>;
  /** Accepts JSON only. */
  ask(path: string, student: string, init?: RequestInit): Promise<Response>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export function allocatorSettings(network: string, more: Record<string, string>): Record<string, string> {
  return {
    HALLPASS_DOMAIN: "ide-proxy.example.org",
    // None that fetch refuses (Fetch Standard, "bad port"): tests ask the notebooks directly.
    HALLPASS_NOTEBOOK_PORTS: "6100-6499",
    HALLPASS_FLEET: `dev ${network} 2`,
    HALLPASS_HOST: "dev-01",
    HALLPASS_HOST_KEYS: HOST_KEYS,
    HALLPASS_JWT_SECRET: SECRET,
    HALLPASS_CAPACITY: "20",
    ...more,
  };
}

/** Resolves when it serves. */
export async function startAllocator(address: string, settings: Record<string, string>): Promise<AllocatorProcess> {
  const child = spawn(process.execPath, ["notebook-host/main.ts"], {
    cwd: REPOSITORY,
    env: { PATH: process.env.PATH, ...settings },
    stdio: ["ignore", "pipe", "pipe"],
    // Of a process group of its own, as in a terminal.
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (piece) => (output += piece));
  const exited = once(child, "exit");
  const url = `http://${address}:7001`;
  const until = Date.now() + START_MS;
  while (!(await isHealthy(url))) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`the allocator does not start:\n${output}`);
    await sleep(50);
  }
  return {
    url,
    child,
    output: () => output,
    authorization,
    ask: async (path, student, init = {}) => {
      const headers = { accept: "application/json", authorization: await authorization(student) };
      return fetch(`${url}${path}`, { ...init, headers });
    },
    kill: async (signal) => {
      child.kill(signal);
      await exited;
    },
  };
}

async function authorization(student: string): Promise<string> {
  const jwt = new SignJWT().setProtectedHeader({ alg: "HS256" }).setSubject(student).setExpirationTime("1h");
  return `Bearer ${await jwt.sign(new TextEncoder().encode(SECRET))}`;
}

async function isHealthy(url: string): Promise<boolean> {
  return fetch(`${url}/healthz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

/** Asks until the notebook is ready: its id. */
export async function waitForNotebook(
  allocator: AllocatorProcess,
  student: string,
  timeoutMs = 60_000,
): Promise<{ id: string; port: number }> {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const response = await allocator.ask("/v1/notebooks", student, { method: "POST" });
    const body = (await response.json()) as { id: string; port: number; detail?: string };
    if (response.status === 200 || response.status === 201) return body;
    if (Date.now() > until)
      throw new Error(
        `${student} has no notebook after ${timeoutMs} ms: ${response.status} ${body.detail}\n${allocator.output()}`,
      );
    await sleep(100);
  }
}
