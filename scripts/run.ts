/**
 * One run of the system on this machine, from its first part to the last trace of it.
 *
 *   const run = await beginRun(".hallpass/runs", log)
 *   run.watch(part)                   when it ends by itself, everything ends
 *   run.onEnd(() => …)                what else has to be undone
 *   await run.ending                  { why: "Ctrl-C", failed: false }
 *   await run.end()                   within ten seconds, and nothing is left
 *
 * The surprise: a run may have to end while it is still starting. Whatever is watched after the end has
 * begun is ended at once, and a last look for marked processes finds what was on its way (an installer,
 * say).
 */
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { endMarkedProcesses, START_MARK } from "./marked-processes.ts";
import type { Part } from "./part.ts";
import type { Log } from "./programs.ts";
import { createRunFolder, type RunFolder, readDeadRuns } from "./run-folder.ts";

/** What a run left outside of this machine's processes, by its id: containers, networks, volumes. */
export type Sweep = (run: RunFolder, log: Log) => Promise<void>;

export interface Reason {
  readonly why: string;
  readonly failed: boolean;
}

export interface Run extends RunFolder {
  /** A short path, outside of the work tree: a socket's path has at most 107 characters (unix(7)). */
  readonly socketFolder: string;
  /** Aborted when the end begins. */
  readonly signal: AbortSignal;
  readonly ending: Promise<Reason>;
  watch(part: Part): void;
  onEnd(action: () => Promise<void>): void;
  /** Asks for the end; the first reason counts. */
  requestEnd(reason: Reason): void;
  end(): Promise<void>;
}

const KIND_MS = 3000;

/** Ends what starts that died have left below `parent`. A start that runs is not touched. */
export async function sweepDeadRuns(parent: string, sweep: Sweep, log: Log): Promise<void> {
  for (const dead of await readDeadRuns(parent)) {
    log(`An earlier start (${dead.id}) was killed: ending what it left …`);
    await endMarkedProcesses(dead, KIND_MS);
    await sweep(dead, log);
    await removeFolders(dead);
  }
}

export async function beginRun(parent: string, sweep: Sweep, log: Log): Promise<Run> {
  const folder = await createRunFolder(parent);
  // Every process that is started from here on inherits it, installers and kernels too.
  process.env[START_MARK] = folder.id;
  const controller = new AbortController();
  const parts: Part[] = [];
  const actions: (() => Promise<void>)[] = [];
  const { promise: ending, resolve } = Promise.withResolvers<Reason>();
  const requestEnd = (reason: Reason): void => {
    resolve(reason);
    controller.abort(new Error(reason.why));
  };
  const watch = (part: Part): void => {
    if (controller.signal.aborted) void part.stop();
    else parts.push(part);
    void part.ended.then(({ why, lastLines }) =>
      requestEnd({
        why: [`${part.name} has ended (${why}). Its last lines:`, ...lastLines].join("\n  "),
        failed: true,
      }),
    );
  };
  const end = async (): Promise<void> => {
    requestEnd({ why: "the end", failed: false });
    await Promise.allSettled([...parts.map((part) => part.stop()), ...actions.map((action) => action())]);
    await endMarkedProcesses(folder, KIND_MS);
    await sweep(folder, log);
    await removeFolders(folder);
  };
  const onEnd = (action: () => Promise<void>): void => void actions.push(action);
  return {
    ...folder,
    socketFolder: socketFolder(folder),
    signal: controller.signal,
    ending,
    watch,
    onEnd,
    requestEnd,
    end,
  };
}

function socketFolder(run: RunFolder): string {
  return join(tmpdir(), `hallpass-${run.id}`);
}

async function removeFolders(run: RunFolder): Promise<void> {
  for (const folder of [socketFolder(run), run.folder])
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** Turns Ctrl-C, SIGTERM, a closed terminal and the death of npm into the end of a run. */
export function endOnSignals(run: Run): void {
  const names = { SIGINT: "Ctrl-C", SIGTERM: "SIGTERM", SIGHUP: "the terminal was closed" } as const;
  for (const [signal, why] of Object.entries(names)) process.on(signal, () => run.requestEnd({ why, failed: false }));
  // npm killed with SIGKILL can hand on nothing: its child then gets another parent.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event === undefined) return;
  setInterval(() => {
    if (process.ppid !== parent) run.requestEnd({ why: "npm has ended", failed: false });
  }, 500).unref();
}
