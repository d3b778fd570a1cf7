/**
 * One part of the running system, such as the proxy or an allocator: started, watched, ended.
 *
 *   const part = startPart({ name: "dev-01", command: [node, "notebook-host/main.ts"], environment, … })
 *   part.ended    resolves with { why: "exit code 1", lastLines: […] } when it ends, for whatever reason
 *   part.stop()   SIGTERM to it and its children, SIGKILL after a while
 *
 * The surprise: every part leads a process group of its own. Ctrl-C in a terminal signals the whole
 * group of npm; a part that shared it would die at the same moment, and look like the cause.
 */
import { spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

export interface Ending {
  readonly why: string;
  readonly lastLines: readonly string[];
}

export interface Part {
  readonly name: string;
  readonly ended: Promise<Ending>;
  stop(): Promise<void>;
}

export interface PartCommand {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** What it prints is appended there. */
  readonly logFile: string;
}

const LAST_LINES = 20;
/** Of the ten seconds that everything together may take. */
const PATIENCE_MS = 3000;
/** A process that waits for a disk does not even take SIGKILL. */
const KILL_MS = 1000;

/** The last lines of a text that arrives in pieces, for the message when its writer has ended. */
function lastLinesOf(count: number): { add(piece: string): void; lines(): string[] } {
  let tail = "";
  return {
    add: (piece) => {
      tail = (tail + piece)
        .split("\n")
        .slice(-count - 1)
        .join("\n");
    },
    lines: () =>
      tail
        .trimEnd()
        .split("\n")
        .filter((line) => line !== ""),
  };
}

export function startPart(part: PartCommand): Part {
  const [program, ...words] = part.command;
  const child = spawn(program, words, {
    env: { ...part.environment },
    cwd: part.folder,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const file = createWriteStream(part.logFile, { flags: "a", mode: 0o600 });
  // The run's folder may be removed while the last lines arrive.
  file.on("error", () => undefined);
  const last = lastLinesOf(LAST_LINES);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (piece: string) => {
      last.add(piece);
      file.write(piece);
    });
  }
  const ended = new Promise<Ending>((resolve) => {
    child.once("error", (error) => resolve({ why: error.message, lastLines: last.lines() }));
    child.once("close", (code, signal) => {
      file.end();
      resolve({ why: signal === null ? `exit code ${code}` : `signal ${signal}`, lastLines: last.lines() });
    });
  });
  return { name: part.name, ended, stop: () => stopGroup(child.pid, ended) };
}

/** Ends a process group, first kindly. Comes back when its leader has ended, or cannot be ended at all. */
async function stopGroup(pid: number | undefined, ended: Promise<Ending>): Promise<void> {
  if (pid === undefined) return;
  signalGroup(pid, "SIGTERM");
  await settleWithin(ended, PATIENCE_MS);
  signalGroup(pid, "SIGKILL");
  await settleWithin(ended, KILL_MS);
}

async function settleWithin(ended: Promise<Ending>, ms: number): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([ended, delay(ms, undefined, { signal: waiting.signal }).catch(() => undefined)]);
  waiting.abort();
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}
