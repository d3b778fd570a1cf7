/**
 * Which processes are a run's, and that all of them end: tried with ones that hide.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { endMarkedProcesses, type MarkedRun, readMarkedProcesses, START_MARK } from "../../scripts/marked-processes.ts";
import { eventually, killGroup } from "./started-system.ts";

function makeRun(): MarkedRun {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-run-"));
  mkdirSync(join(folder, "home"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return { id: `1-${folder.slice(-6)}`, folder };
}

/** A shell script that prints the number of each of its processes that the test is about. */
async function runScript(run: MarkedRun, script: string, count: number): Promise<number[]> {
  const shell = spawn("sh", ["-c", script], {
    env: { PATH: process.env.PATH, [START_MARK]: run.id },
    cwd: join(run.folder, "home"),
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
  });
  onTestFinished(() => killGroup(shell.pid));
  let printed = "";
  shell.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
  });
  return eventually(
    () => {
      const found = printed.split("\n").filter((line) => line !== "");
      return found.length === count ? found.map(Number) : undefined;
    },
    () => `the script has printed: ${printed}`,
  );
}

/** Whether it runs; one that has ended, and that nobody has waited for yet, does not. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}

const hidden: [what: string, script: string][] = [
  ["in a session of its own", "setsid sh -c 'echo $$; exec sleep 600'"],
  ["that has dropped its environment", "env -i sh -c 'echo $$; exec sleep 600'"],
  ["that has dropped its environment and its folder", "cd / && env -i sh -c 'echo $$; exec sleep 600'; true"],
  ["whose parents have ended, without environment", "(env -i setsid sh -c 'echo $$; exec sleep 600' &)"],
  ["that takes no notice of SIGTERM", "trap '' TERM; echo $$; while :; do sleep 600; done"],
];

describe("a process of a run", () => {
  it.each(hidden)("is found and ended: one %s", async (_what, script) => {
    const run = makeRun();
    const pids = await runScript(run, script, 1);
    expect(await readMarkedProcesses(run)).toEqual(expect.arrayContaining(pids));
    expect(await endMarkedProcesses(run, 300)).toEqual([]);
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it("is not one of another run, nor an operator's shell that looks at the logs", async () => {
    const [run, other] = [makeRun(), makeRun()];
    const pids = await runScript(other, "echo $$; exec sleep 600", 1);
    // A terminal of its own, as an operator's shell has.
    const watching = spawn("script", ["-qec", `cd ${run.folder} && sh -c 'echo $$; exec sleep 600'`, "/dev/null"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    onTestFinished(() => void watching.kill("SIGKILL"));
    const [line] = (await once(watching.stdout, "data")) as [Buffer];
    const operator = Number(line.toString().trim());
    await endMarkedProcesses(run, 300);
    expect([...pids, operator].filter(isAlive)).toEqual([...pids, operator]);
    process.kill(operator, "SIGKILL");
  });
});
