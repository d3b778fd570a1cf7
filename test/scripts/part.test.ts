import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Part, startPart } from "../../scripts/part.ts";
import { eventually } from "./started-system.ts";

/** A part that is a shell script; `read` is what it has printed so far, which is also in its log. */
function startScript(script: string): { part: Part; read: () => string } {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-part-"));
  const logFile = join(folder, "part.log");
  const part = startPart({ name: "A part", command: ["sh", "-c", script], environment: process.env, folder, logFile });
  onTestFinished(async () => {
    await part.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const read = (): string => {
    try {
      return readFileSync(logFile, "utf8");
    } catch {
      return "";
    }
  };
  return { part, read };
}

/** The number that the script has printed. */
const printedPid = (read: () => string): Promise<number> =>
  eventually(
    () => (read().endsWith("\n") ? Number(read()) : undefined),
    () => "nothing was printed",
  );

describe("a part of the running system", () => {
  it("leads a process group of its own, which Ctrl-C in npm's terminal does not reach", async () => {
    const { read } = startScript("echo $$; exec sleep 600");
    const pid = await printedPid(read);
    // proc(5): the fields after the command are state, parent, process group.
    expect(readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ")[2]).toBe(`${pid}`);
  });

  it("is ended with its children, deaf ones too", async () => {
    const { part, read } = startScript("trap '' TERM; sh -c 'echo $$; while :; do sleep 600; done'");
    const child = await printedPid(read);
    const begin = Date.now();
    await part.stop();
    expect(Date.now() - begin).toBeLessThan(5000);
    expect(await part.ended).toMatchObject({ why: "signal SIGKILL" });
    await eventually(
      () => (isRunning(child) ? undefined : true),
      () => `process ${child} still runs`,
    );
  });

  it("says why it has ended, with the last of what it printed", async () => {
    const { part } = startScript("seq 1 100; echo 'port 7001 is taken' >&2; exit 3");
    const { why, lastLines } = await part.ended;
    expect(why).toBe("exit code 3");
    expect(lastLines).toHaveLength(20);
    expect(lastLines).toContain("port 7001 is taken");
    expect(lastLines).toContain("100");
  });

  it("has ended, with a reason, when there is no such program", async () => {
    const folder = tmpdir();
    const command = ["/nonexistent/haproxy"] as const;
    const part = startPart({ name: "The proxy", command, environment: {}, folder, logFile: "/dev/null" });
    expect((await part.ended).why).toContain("ENOENT");
    await part.stop();
  });
});

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
