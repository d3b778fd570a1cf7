/**
 * The folder of one start: what belongs to it, and what is left of starts that died.
 *
 *   .hallpass/runs/4711-9f3c21d0/         removed at the end
 *   .hallpass/runs/4711-9f3c21d0/owner    { "pid": 4711, "started": "83112345", "temporary": "/tmp/hallpass-…" }
 *
 * A start that was killed with SIGKILL cannot clean up; the next one finds its folder, sees that its
 * owner is gone, and ends what it left. Process ids are used again, so the owner is known by its start
 * time as well.
 */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

export interface RunFolder {
  readonly id: string;
  readonly folder: string;
  /** For temporary files and sockets, and short: a socket's path has at most 107 characters (unix(7)). */
  readonly temporary: string;
}

const ownerSchema = z.object({ pid: z.number(), started: z.string(), temporary: z.string() });
type Owner = z.infer<typeof ownerSchema>;

/** Makes the folders of this process's run, the first one below `parent`. */
export async function createRunFolder(parent: string): Promise<RunFolder> {
  const id = `${process.pid}-${randomBytes(4).toString("hex")}`;
  const folder = join(parent, id);
  const draft = join(parent, `.${id}`);
  await mkdir(draft, { recursive: true, mode: 0o700 });
  const temporary = join(tmpdir(), `hallpass-${id}`);
  const { started } = (await readProcess(process.pid)) ?? { started: "" };
  const owner: Owner = { pid: process.pid, started, temporary };
  await writeFile(join(draft, "owner"), `${JSON.stringify(owner)}\n`);
  // In place only with its owner in it: without one it would look like a dead start's.
  await rename(draft, folder);
  await mkdir(temporary, { mode: 0o700 });
  return { id, folder, temporary };
}

/** The folders below `parent` whose owner no longer runs. */
export async function readDeadRuns(parent: string): Promise<RunFolder[]> {
  const ids = await readdir(parent).catch(() => []);
  const dead: RunFolder[] = [];
  for (const id of ids.filter((name) => !name.startsWith("."))) {
    const folder = join(parent, id);
    const owner = await readOwner(folder);
    const running = owner === undefined ? undefined : await readProcess(owner.pid);
    if (owner === undefined || running?.started !== owner.started)
      dead.push({ id, folder, temporary: owner?.temporary ?? join(tmpdir(), `hallpass-${id}`) });
  }
  return dead;
}

export async function removeRunFolder(run: RunFolder): Promise<void> {
  // The folder that says where the other one is goes last.
  for (const folder of [run.temporary, run.folder])
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(join(folder, "owner"), "utf8")));
  } catch {
    return undefined;
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
