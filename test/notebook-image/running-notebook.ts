/** A real Jupyter, started as a process by the image's own script, with a home and a port of its own. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ensureJupyter } from "../../scripts/jupyter-venv.ts";
import { freePort } from "../support/free-port.ts";

const START = resolve(import.meta.dirname, "../../notebook-image/start-notebook");

export interface RunningNotebook {
  readonly port: number;
  readonly token: string;
  readonly home: string;
  /** What it has written so far, to both outputs. */
  log(): string;
  /** A request with the token, as the proxy would send it. */
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  stop(): Promise<void>;
}

export async function makeHome(): Promise<string> {
  return mkdtemp(join(tmpdir(), "hallpass-home-"));
}

/** Starts the script and nothing more: `environment` replaces what a notebook needs, to leave something out. */
export async function spawnNotebook(
  environment: Record<string, string>,
): Promise<{ child: ChildProcess; log: () => string }> {
  const jupyter = await ensureJupyter((line) => console.error(line));
  const child = spawn(START, [], {
    env: { PATH: `${jupyter}:${process.env.PATH ?? ""}`, NOTEBOOK_ADDRESS: "127.0.0.1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
  return { child, log: () => text };
}

export async function startNotebook(home: string, environment: Record<string, string> = {}): Promise<RunningNotebook> {
  const [port, token] = [await freePort(), "a-token-of-the-tests"];
  const all = { HOME: home, JUPYTER_TOKEN: token, NOTEBOOK_PORT: `${port}`, ...environment };
  const { child, log } = await spawnNotebook(all);
  const get = (path: string, headers: Record<string, string> = { authorization: `token ${token}` }) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers, redirect: "manual" });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGTERM");
      await once(child, "close");
    }
    await rm(home, { recursive: true, force: true });
  };
  const end = Date.now() + 60_000;
  while (
    !(await get("/api/me").then(
      (answer) => answer.ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > end) {
      await stop();
      throw new Error(`The notebook has not become ready:\n${log()}`);
    }
    await wait(50);
  }
  return { port, token, home, log, get, stop };
}
