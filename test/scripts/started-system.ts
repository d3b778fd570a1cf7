/** A real `npm start`, for tests: started at a free port, asked as a browser would ask, and ended. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { DATA, REPOSITORY } from "../../scripts/data-folder.ts";
import { readMarkedProcesses } from "../../scripts/marked-processes.ts";
import { loopbackLookup } from "../../scripts/readiness.ts";
import type { RunFolder } from "../../scripts/run-folder.ts";
import { freePort } from "../support/free-port.ts";

export interface Started {
  readonly school: string;
  readonly api: string;
  readonly domain: string;
  readonly port: number;
  readonly ca: string;
}

export interface StartedSystem {
  readonly child: ChildProcess;
  readonly port: number;
  /** What it has written so far. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The exit code, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** To be asked for while it runs. */
  readonly run: () => RunFolder;
  readonly ready: () => Promise<Started>;
}

const READY_MS = 120_000;

/** Polls until `read` answers something; throws what `explain` says when that takes too long. */
export async function eventually<T>(
  read: () => Promise<T | undefined> | T | undefined,
  explain: () => string,
  ms = 15_000,
): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const found = await read();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(explain());
    await delay(50);
  }
}

/** Ended with the test, or when `onFinish` says. `command`: what is run, with `--json --port <free>` behind it; a process group of its own, as a shell makes. */
export async function startSystem(
  words: string[] = [],
  options: { port?: number; command?: readonly string[]; onFinish?: (end: () => Promise<void>) => void } = {},
): Promise<StartedSystem> {
  const port = options.port ?? (await freePort());
  const [program = "", ...first] = options.command ?? [process.execPath, "scripts/start.ts"];
  const child = spawn(program, [...first, "--json", "--port", `${port}`, ...words], {
    cwd: REPOSITORY,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const ended = new Promise<number | NodeJS.Signals>((resolve) =>
    child.once("close", (code, signal) => resolve(code ?? signal ?? 1)),
  );
  const onFinish = options.onFinish ?? onTestFinished;
  onFinish(async () => {
    child.kill("SIGTERM");
    // Should it not end, which is what the test is about: nothing of it may keep the others waiting.
    const timer = setTimeout(() => killGroup(child.pid), 15_000);
    await ended;
    clearTimeout(timer);
  });
  // Under npm the start is not the child itself: found by the port on its command line.
  const run = () => findRun(port);
  const ready = () =>
    eventually(
      () => (stdout.endsWith("\n") ? (JSON.parse(stdout) as Started) : refuseEnd(child, stderr)),
      () => `npm start is not ready:\n${stderr}`,
      READY_MS,
    );
  return { child, port, stdout: () => stdout, stderr: () => stderr, ended, run, ready };
}

export function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}

function refuseEnd(child: ChildProcess, stderr: string): undefined {
  if (child.exitCode !== null) throw new Error(`npm start has ended with ${child.exitCode}:\n${stderr}`);
}

/** The run of the start at this port: its folder's name begins with the number of its process. */
function findRun(port: number): RunFolder {
  const ids = existsSync(DATA.runs) ? readdirSync(DATA.runs) : [];
  const id = ids.find((name) => {
    const path = `/proc/${name.split("-")[0]}/cmdline`;
    return existsSync(path) && readFileSync(path, "utf8").split("\0").includes(`${port}`);
  });
  const name = id ?? "no run yet";
  return { id: name, folder: join(DATA.runs, name), temporary: join(tmpdir(), `hallpass-${name}`) };
}

/** What is left of a run: processes with their commands, and folders. Nothing is []. */
export async function readLeft(run: RunFolder): Promise<string[]> {
  const processes = (await readMarkedProcesses(run)).map((pid) => `process ${pid} ${readCommand(pid)}`);
  return [...processes, ...[run.folder, run.temporary].filter((folder) => existsSync(folder))];
}

function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: string;
}

/** A request that trusts the start's own authority and nothing else. */
export function ask(
  started: Started,
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body } = options;
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method, headers, ca: readFileSync(started.ca), lookup: loopbackLookup, agent: false },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        response.once("end", () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      },
    );
    sent.once("error", reject);
    sent.end(body);
  });
}

/** The JWT that `npm run token -- <student>` prints. */
function printToken(student: string): string {
  return execFileSync(process.execPath, ["scripts/token.ts", student], { cwd: REPOSITORY }).toString().trim();
}

export interface OpenNotebook {
  readonly url: string;
  /** The pass, as a Cookie header. */
  readonly cookie: string;
}

/** A student's notebook, with a pass for it: asked for until it is ready. */
export async function openNotebook(started: Started, student: string): Promise<OpenNotebook> {
  const headers = { authorization: `Bearer ${printToken(student)}`, accept: "application/json" };
  let last: Answer | undefined;
  const body = await eventually(
    async () => {
      last = await ask(started, `${started.api}/v1/notebooks`, { method: "POST", headers });
      return last.status === 200 || last.status === 201 ? last.body : undefined;
    },
    () => `no notebook for ${student}: ${last?.status} ${last?.body}`,
    60_000,
  );
  const { url, ticket } = JSON.parse(body) as { url: string; ticket: string };
  const entered = await ask(started, `${url}?ticket=${encodeURIComponent(ticket)}`);
  const cookie = String(entered.headers["set-cookie"] ?? "").split(";")[0] ?? "";
  return { url, cookie };
}
