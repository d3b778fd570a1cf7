/**
 * One run of the system on this machine, from its first part to the last trace of it.
 *
 *   const run = await Run.begin(".hallpass/runs", removeContainers, log)
 *   run.watch(proxy)                     when it ends by itself, everything ends
 *   run.watch(allocator, "allocators")   all but the last of them may end: the others stand in
 *   await run.ending                     { why: "Ctrl-C", failed: false }
 *   await run.end()                      within ten seconds, and nothing is left
 *
 * The surprise: a run may have to end while it is still starting. What is watched after the end has begun
 * is ended at once, and a last look for marked processes finds what was on its way, such as an installer.
 */
import { setTimeout as delay } from "node:timers/promises";
import { endMarkedProcesses, START_MARK } from "./marked-processes.ts";
import type { Ending, Part } from "./part.ts";
import type { Log } from "./programs.ts";
import { createRunFolder, type RunFolder, readDeadRuns, removeRunFolder } from "./run-folder.ts";

/** Removes what a run has elsewhere than in this machine's processes. */
export type Sweep = (run: RunFolder) => Promise<void>;

interface Reason {
  readonly why: string;
  readonly failed: boolean;
}

/** Between SIGTERM and SIGKILL. */
const PATIENCE_MS = 2000;
const SETTLE_MS = 1000;

export class Run implements RunFolder {
  readonly id: string;
  readonly folder: string;
  readonly temporary: string;
  readonly #sweep: Sweep;
  readonly #log: Log;
  readonly #controller = new AbortController();
  readonly #ending = Promise.withResolvers<Reason>();
  readonly #parts = new Map<Part, string | undefined>();
  readonly #undo: (() => Promise<void>)[] = [];
  #isReady = false;

  private constructor(folder: RunFolder, sweep: Sweep, log: Log) {
    this.id = folder.id;
    this.folder = folder.folder;
    this.temporary = folder.temporary;
    this.#sweep = sweep;
    this.#log = log;
  }

  static async begin(parent: string, sweep: Sweep, log: Log): Promise<Run> {
    const run = new Run(await createRunFolder(parent), sweep, log);
    // Every process that is started from here on inherits both, installers and notebooks too.
    process.env[START_MARK] = run.id;
    process.env.TMPDIR = run.temporary;
    return run;
  }

  /** Aborted when the end begins. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Resolves with the first reason to end. */
  get ending(): Promise<Reason> {
    return this.#ending.promise;
  }

  requestEnd(reason: Reason): void {
    this.#ending.resolve(reason);
    this.#controller.abort(new Error(reason.why));
  }

  /** `group`: parts that stand in for each other. Once all is ready, one of them may end while another is there. */
  watch(part: Part, group?: string): void {
    if (this.signal.aborted) void part.stop();
    else this.#parts.set(part, group);
    void part.ended.then((ending) => this.#notice(part, ending, group));
  }

  markReady(): void {
    this.#isReady = true;
  }

  /** What else the end has to undo. */
  onEnd(action: () => Promise<void>): void {
    this.#undo.push(action);
  }

  #notice(part: Part, ending: Ending, group: string | undefined): void {
    this.#parts.delete(part);
    const why = [`${part.name} has ended (${ending.why}). Its last lines:`, ...ending.lastLines].join("\n  ");
    const hasOthers = group !== undefined && [...this.#parts.values()].includes(group);
    if (this.#isReady && hasOthers && !this.signal.aborted) this.#log(`${why}\nThe other ${group} go on.`);
    else this.requestEnd({ why, failed: true });
  }

  /**
   * Ends everything; resolves with the numbers of the processes that would not end. `starting` is given a
   * moment to finish what it is doing: a container that is being made cannot be found yet.
   */
  async end(starting: Promise<unknown>): Promise<number[]> {
    this.requestEnd({ why: "All is done", failed: false });
    const stops = [...this.#parts.keys()].map((part) => part.stop());
    const undone = this.#undo.map((action) => action());
    await Promise.allSettled([...stops, ...undone, Promise.race([starting, delay(SETTLE_MS)])]);
    return removeTraces(this, this.#sweep);
  }
}

/** Ends what starts that died have left below `parent`. A start that runs is not touched. */
export async function sweepDeadRuns(parent: string, sweep: Sweep, log: Log): Promise<void> {
  for (const dead of await readDeadRuns(parent)) {
    log(`An earlier start (${dead.id}) was killed: ending what it left …`);
    await removeTraces(dead, sweep).catch((error: unknown) => {
      log(
        `Not all of it could be ended (${error instanceof Error ? error.message : error}); the next start tries again.`,
      );
    });
  }
}

/** Docker first: its daemon may be among the processes. */
async function removeTraces(run: RunFolder, sweep: Sweep): Promise<number[]> {
  await sweep(run);
  const left = await endMarkedProcesses(run, PATIENCE_MS);
  await removeRunFolder(run);
  return left;
}
