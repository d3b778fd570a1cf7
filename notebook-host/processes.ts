/**
 * Which processes belong to a notebook, when it is no container but a crowd of them.
 *
 *   HALLPASS_NOTEBOOK=/var/lib/hallpass/notebooks/dev-01/k3v9x2m4p7q8r5ta.json  in /proc/<pid>/environ
 *
 * Jupyter starts every kernel in a session of its own, and a kernel starts what it likes, so that
 * neither process group nor session holds them together. The environment does: it is inherited. The
 * mark is the path of the notebook's record, so that two fleets on one machine never meet.
 *
 * Linux only. Elsewhere there is no /proc, and a notebook's process group is all that is known.
 */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export const MARK = "HALLPASS_NOTEBOOK";

const hasProc = existsSync("/proc/self/environ");

/** A process, told apart from a later one of the same number by when it began (clock ticks since boot; proc_pid_stat(5)). */
interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly began: string;
  readonly mark: string | undefined;
}

/** Every process of this machine that we may look into, but for the dead that wait for their parents. */
async function readProcesses(): Promise<Process[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const processes = await Promise.all(pids.map((pid) => readProcess(Number(pid))));
  return processes.filter((process) => process !== undefined);
}

async function readProcess(pid: number): Promise<Process | undefined> {
  try {
    const [stat, environ] = await Promise.all([
      readFile(`/proc/${pid}/stat`, "latin1"),
      readFile(`/proc/${pid}/environ`, "utf8").catch(() => ""),
    ]);
    // The name in brackets may itself have brackets and spaces.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const [state = "", parent = "", began = ""] = [fields[0], fields[1], fields[19]];
    if (state === "Z" || state === "X") return undefined;
    const mark = environ.split("\0").find((entry) => entry.startsWith(`${MARK}=`));
    return { pid, parent: Number(parent), began, mark: mark?.slice(MARK.length + 1) };
  } catch {
    return undefined;
  }
}

/** Whether the process runs, and is this notebook's and not a later one of the same number. */
export async function isOfNotebook(pid: number, mark: string): Promise<boolean> {
  if (!hasProc) return sendSignal(pid, 0);
  return (await readProcess(pid))?.mark === mark;
}

/** Every mark that a process has, with the process that the others come from. */
export async function findMarks(): Promise<Map<string, number>> {
  const leaders = new Map<string, number>();
  if (!hasProc) return leaders;
  const processes = await readProcesses();
  const marks = new Map(processes.map((process) => [process.pid, process.mark]));
  for (const { pid, parent, mark } of processes)
    if (mark !== undefined && (!leaders.has(mark) || marks.get(parent) !== mark)) leaders.set(mark, pid);
  return leaders;
}

/** The marked processes and all that come from them, those without the mark too (`env -i`). */
function collectFamily(processes: Process[], mark: string): Process[] {
  const family = new Map<number, Process>();
  for (const process of processes) if (process.mark === mark) family.set(process.pid, process);
  for (let size = -1; size !== family.size; ) {
    size = family.size;
    for (const process of processes) if (family.has(process.parent)) family.set(process.pid, process);
  }
  return [...family.values()];
}

/** Long enough for Jupyter to end its kernels by itself. */
const POLITE_MS = 3000;
const KILL_MS = 5000;
const POLL_MS = 50;

/** Ends everything of a notebook: the leader politely, and after that whatever is left. Throws when something stays. */
export async function endProcesses(mark: string, leader: number | undefined): Promise<void> {
  if (!hasProc) return leader === undefined ? undefined : endGroup(leader);
  const known = new Map<number, Process>();
  const politeUntil = Date.now() + POLITE_MS;
  let wasAsked = false;
  for (;;) {
    const processes = await readProcesses();
    for (const process of collectFamily(processes, mark)) known.set(process.pid, process);
    // Known ones, too, whose parent has died: nothing else connects them.
    const left = processes.filter((process) => known.get(process.pid)?.began === process.began);
    if (left.length === 0) return;
    const leaderLeft = left.some((process) => process.pid === leader);
    if (leader !== undefined && leaderLeft && !wasAsked) wasAsked = sendSignal(leader, "SIGTERM");
    else if (!leaderLeft || Date.now() >= politeUntil) for (const { pid } of left) sendSignal(pid, "SIGKILL");
    if (Date.now() >= politeUntil + KILL_MS)
      throw new Error(`Processes ${left.map((process) => process.pid).join(", ")} of a notebook do not end.`);
    await sleep(POLL_MS);
  }
}

async function endGroup(leader: number): Promise<void> {
  sendSignal(-leader, "SIGTERM");
  const politeUntil = Date.now() + POLITE_MS;
  while (sendSignal(-leader, 0) && Date.now() < politeUntil) await sleep(POLL_MS);
  sendSignal(-leader, "SIGKILL");
}

/** False when there is no such process, or it is not ours. */
function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
