import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createRunFolder, readDeadRuns, removeRunFolder } from "../../scripts/run-folder.ts";

function makeParent(): string {
  const parent = mkdtempSync(join(tmpdir(), "hallpass-runs-"));
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }));
  return parent;
}

/** The folder of a start that says it is this process. */
function writeRun(parent: string, id: string, owner: string): void {
  mkdirSync(join(parent, id));
  writeFileSync(join(parent, id, "owner"), owner);
}

const readStarted = (pid: number): string =>
  readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[19] ?? "";

/** A process that has ended, and whose parent never asks for it. */
async function makeZombie(): Promise<number> {
  const parent = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 600"], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const [line] = (await once(parent.stdout, "data")) as [Buffer];
  const pid = Number(line.toString());
  await expect.poll(() => readFileSync(`/proc/${pid}/stat`, "latin1")).toContain(") Z ");
  return pid;
}

describe("the folder of a run", () => {
  it("is not taken for a dead start's while its start runs, and goes with it", async () => {
    const parent = makeParent();
    const run = await createRunFolder(parent);
    expect(await readDeadRuns(parent)).toEqual([]);
    await removeRunFolder(run);
    expect([run.folder, run.temporary].filter((folder) => existsSync(folder))).toEqual([]);
  });

  it("has a place for sockets whose path is short, wherever the work tree is", async () => {
    const deep = join(makeParent(), "a".repeat(120));
    const run = await createRunFolder(deep);
    onTestFinished(() => removeRunFolder(run));
    // unix(7): 107 characters; HAProxy adds its own number while it starts.
    expect(join(run.temporary, "proxy", "haproxy.sock.1234567.tmp").length).toBeLessThan(107);
  });

  it("is a dead start's when nobody has the number, or somebody else has it, or it cannot be read", async () => {
    const parent = makeParent();
    const temporary = join(parent, "temporary");
    const zombie = await makeZombie();
    writeRun(parent, "gone", JSON.stringify({ pid: 2 ** 30, started: "1", temporary }));
    writeRun(parent, "used-again", JSON.stringify({ pid: process.pid, started: "1", temporary }));
    writeRun(parent, "zombie", JSON.stringify({ pid: zombie, started: readStarted(zombie), temporary }));
    writeRun(parent, "cut-off", '{ "pid": 1');
    const alive = JSON.stringify({ pid: process.pid, started: readStarted(process.pid), temporary });
    writeRun(parent, "alive", alive);
    const dead = await readDeadRuns(parent);
    expect(dead.map((run) => run.id).sort()).toEqual(["cut-off", "gone", "used-again", "zombie"]);
  });
});
