/**
 * The folder of one start: what belongs to it, and what is left of starts that died.
 *
 *   .hallpass/runs/4711-k3v9x2/           removed at the end
 *   .hallpass/runs/4711-k3v9x2/owner      { "pid": 4711, "started": "83112345" }
 *
 * A start that was killed with SIGKILL cannot clean up; the next one finds its folder, sees that its
 * owner is gone, and ends what it left. Process ids are used again, so the owner is known by its start
 * time as well.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface RunFolder {
  readonly id: string;
  readonly folder: string;
}

/** Makes the folder of this process's run below `parent`. */
export async function createRunFolder(parent: string): Promise<RunFolder> {
  const id = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const folder = join(parent, id);
  const draft = join(parent, `.${id}`);
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const owner = { pid: process.pid, started: (await readProcess(process.pid))?.started };
  await writeFile(join(draft, "owner"), `${JSON.stringify(owner)}\n`);
  // In place only with its owner in it: without one it would look like a dead start's.
  await rename(draft, folder);
  return { id, folder };
}

/** The folders below `parent` whose owner no longer runs. */
export async function readDeadRuns(parent: string): Promise<RunFolder[]> {
  const ids = await readdir(parent).catch(() => []);
  const dead: RunFolder[] = [];
  for (const id of ids.filter((name) => !name.startsWith("."))) {
    const folder = join(parent, id);
    if (!(await isOwnerAlive(folder))) dead.push({ id, folder });
  }
  return dead;
}

async function isOwnerAlive(folder: string): Promise<boolean> {
  try {
    const owner: unknown = JSON.parse(await readFile(join(folder, "owner"), "utf8"));
    if (typeof owner !== "object" || owner === null || !("pid" in owner) || !("started" in owner)) return false;
    const running = typeof owner.pid === "number" ? await readProcess(owner.pid) : undefined;
    return running !== undefined && running.started === owner.started;
  } catch {
    return false;
  }
}

/**
 * A running process and when it began, in clock ticks since boot: fields 3 and 22 of /proc/<pid>/stat
 * (proc(5)). One that has ended and was not waited for is a zombie, and does not run: in containers,
 * where nobody waits for orphans, it stays for ever. Without /proc only whether the id is in use is known.
 */
async function readProcess(pid: number): Promise<{ started: string } | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return isInUse(pid) ? { started: "" } : undefined;
  // The second field is the command in parentheses, which may have spaces and parentheses of its own.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" ? undefined : { started: fields[19] ?? "" };
}

function isInUse(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
