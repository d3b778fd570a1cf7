/**
 * The processes that belong to a run, however far they have gone from their parents.
 *
 *   HALLPASS_START=4711-9f3c21d0                        what a run starts inherits it
 *   HALLPASS_NOTEBOOK=<the run's folder>/notebooks/…    a notebook gets an environment of its own
 *
 * Jupyter's kernels lead sessions of their own and outlive a parent that is killed, so a process is known
 * by its environment. What has dropped that (`env -i`) is known by its parents, and without those by
 * working in the run's folder. An operator's shell may be there as well, to look at the logs: a process
 * with a terminal is let go.
 *
 * The surprise: only Linux shows these (proc(5)). Elsewhere what is left after a SIGKILL of the start
 * itself is not found; an ordinary end does not need it.
 */
import { readdir, readFile, readlink } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { MARK as NOTEBOOK_MARK } from "../notebook-host/processes.ts";

export const START_MARK = "HALLPASS_START";

/** How long after SIGKILL a process may stay, as one that waits for a disk does. */
const KILL_MS = 2000;
const POLL_MS = 50;

export interface MarkedRun {
  readonly id: string;
  readonly folder: string;
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly isMarked: boolean;
}

/** The numbers of a run's processes and of all that come from them, without this process. */
export async function readMarkedProcesses(run: MarkedRun): Promise<number[]> {
  const entries = await readdir("/proc").catch(() => []);
  const pids = entries.map(Number).filter((pid) => Number.isInteger(pid) && pid !== process.pid);
  const found = await Promise.all(pids.map((pid) => readProcess(pid, run).catch(() => undefined)));
  const processes = found.filter((entry) => entry !== undefined);
  const family = new Set(processes.filter((entry) => entry.isMarked).map((entry) => entry.pid));
  for (let size = -1; size !== family.size; ) {
    size = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  return [...family];
}

/** Undefined for one that has ended and waits for its parent to notice. */
async function readProcess(pid: number, run: MarkedRun): Promise<Process | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "latin1");
  // The name in parentheses may have spaces and parentheses of its own.
  const [state, parent, , , terminal] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === "Z" || state === "X") return undefined;
  // Readable for one's own processes only, which these are.
  const environment = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => "");
  const isMarked = hasMark(environment.split("\0"), run) || (terminal === "0" && isInside(folder, run.folder));
  return { pid, parent: Number(parent), isMarked };
}

function hasMark(environment: string[], run: MarkedRun): boolean {
  return environment.some(
    (entry) => entry === `${START_MARK}=${run.id}` || entry.startsWith(`${NOTEBOOK_MARK}=${run.folder}/`),
  );
}

/** A folder that was removed under a process is shown with " (deleted)" behind it. */
function isInside(folder: string, parent: string): boolean {
  return folder === parent || folder.startsWith(`${parent}/`) || folder === `${parent} (deleted)`;
}

/** Ends a run's processes: SIGTERM, and SIGKILL for whoever is left after `patienceMs`. Resolves with those that stay. */
export async function endMarkedProcesses(run: MarkedRun, patienceMs: number): Promise<number[]> {
  const asked = new Set<number>();
  const patienceEnd = Date.now() + patienceMs;
  for (;;) {
    const pids = await readMarkedProcesses(run);
    if (pids.length === 0 || Date.now() > patienceEnd + KILL_MS) return pids;
    for (const pid of pids) {
      if (Date.now() > patienceEnd) kill(pid, "SIGKILL");
      else if (!asked.has(pid)) kill(pid, "SIGTERM");
      asked.add(pid);
    }
    await delay(POLL_MS);
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in the meantime.
  }
}
