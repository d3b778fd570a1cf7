/** Notebooks as processes, by real allocators that are killed, and with nothing left behind. */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ProcessRuntime } from "../../notebook-host/process-runtime.ts";
import { hashStudent } from "../../notebook-host/student.ts";
import { type AllocatorProcess, allocatorSettings, startAllocator, waitForNotebook } from "./allocator-process.ts";
import { claimNetwork } from "./network.ts";
import { writeStubStart } from "./stub-start.ts";

let folder = "";
let startScript = "";
let [network, release] = ["", () => {}];
let allocator: AllocatorProcess | undefined;
const students = Array.from({ length: 10 }, (_, n) => `student-${n}`);
const address = () => `${network.split(".").slice(0, 2).join(".")}.0.11`;

/** Every process of a notebook of this test: the stub's file is in this test's folder. */
function processes(): string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder);
    } catch {
      return false;
    }
  });
}

async function start(): Promise<AllocatorProcess> {
  const settings = {
    HALLPASS_RUNTIME: "process",
    HALLPASS_STATE: join(folder, "state"),
    HALLPASS_JUPYTER: "/nowhere/bin",
    HALLPASS_START_NOTEBOOK: startScript,
  };
  allocator = await startAllocator(address(), allocatorSettings(network, settings));
  return allocator;
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hallpass-process-"));
  // Once: written again, it would be empty for a moment, in which a notebook may be reading it.
  startScript = await writeStubStart(folder);
  ({ network, release } = await claimNetwork());
});
afterEach(async () => {
  await allocator?.kill("SIGKILL");
  for (const pid of processes()) process.kill(Number(pid), "SIGKILL");
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  release();
});

describe("an allocator that is killed in the middle of ten allocations and started again", () => {
  test.each([20, 60, 120, 250, 600])(
    "after %i ms: no student has two notebooks, none is lost, and no process is left over",
    async (afterMs) => {
      const first = await start();
      const answered = new Map<string, string>();
      const ask = async (student: string) => {
        const response = await first.ask("/v1/notebooks", student, { method: "POST" });
        answered.set(student, ((await response.json()) as { id: string }).id);
      };
      const asked = Promise.allSettled(students.map(ask));
      await new Promise((resolve) => setTimeout(resolve, afterMs));
      await first.kill("SIGKILL");
      await asked;

      const second = await start();
      const notebooks = await Promise.all(students.map((student) => waitForNotebook(second, student)));
      const ids = notebooks.map(({ id }) => id);
      expect(new Set(ids).size).toBe(10);
      for (const [student, id] of answered) expect([student, ids[students.indexOf(student)]]).toEqual([student, id]);
      // Each is a notebook, its kernel, and what the kernel has started.
      await expect.poll(() => processes().length, { timeout: 10_000 }).toBe(30);
      const records = await readdir(join(folder, "state/notebooks/dev-01"));
      expect(records.filter((name) => name.endsWith(".json")).sort()).toEqual(ids.map((id) => `${id}.json`).sort());

      for (const [n, id] of ids.entries())
        expect((await second.ask(`/v1/notebooks/${id}`, students[n] ?? "", { method: "DELETE" })).status).toBe(204);
      expect(processes()).toEqual([]);
      expect(await readdir(join(folder, "state/notebooks/dev-01"))).toEqual([]);
    },
  );
});

describe("a notebook's processes", () => {
  test("go on when the allocator ends by SIGTERM, and are adopted", async () => {
    const service = await start();
    const { id } = await waitForNotebook(service, "ada");
    await expect.poll(() => processes().length).toBe(3);
    await service.kill("SIGTERM");
    expect([service.child.exitCode, processes().length]).toEqual([0, 3]);
    expect((await waitForNotebook(await start(), "ada")).id).toBe(id);
  });

  test("go on when Ctrl-C in a terminal reaches the allocator's whole process group", async () => {
    const service = await start();
    await waitForNotebook(service, "ada");
    await expect.poll(() => processes().length).toBe(3);
    process.kill(-(service.child.pid ?? 0), "SIGINT");
    await expect.poll(() => service.child.exitCode, { timeout: 5000 }).toBe(0);
    expect(processes()).toHaveLength(3);
  });

  test("are found by their mark when the allocator was killed before it could write down their number", async () => {
    const place = { host: "dev-01", address: address() };
    const state = join(folder, "state");
    const runtime = new ProcessRuntime(place, { kind: "process", state, jupyterBin: "/nowhere", startScript });
    const common = { student: "0".repeat(32), keyNumber: "1" };
    const spec = { ...common, image: undefined, token: "t", id: "a".repeat(16), port: 6001 };
    await runtime.start(spec);
    const write = (id: string) =>
      writeFile(join(state, `notebooks/dev-01/${id}.json`), JSON.stringify({ ...common, id, port: 6001 }));
    await write(spec.id);
    await write("b".repeat(16));
    const found = (await runtime.list()).map(({ id, status }) => [id, status]);
    expect(found.sort()).toEqual(
      [
        [spec.id, "running"],
        ["b".repeat(16), "created"],
      ].sort(),
    );
    expect(await runtime.isRunning(spec.id)).toBe(true);
  });

  test("are replaced when the notebook has died, its kernels with it", async () => {
    const service = await start();
    const { id, port } = await waitForNotebook(service, "ada");
    const record = JSON.parse(readFileSync(join(folder, `state/notebooks/dev-01/${id}.json`), "utf8"));
    process.kill(record.pid, "SIGKILL");
    const next = await waitForNotebook(service, "ada");
    expect(next.id).not.toBe(id);
    expect(next.port).not.toBe(port);
    await expect.poll(() => processes().length).toBe(3);
  });

  test("have the student's home, and nothing of the allocator's environment but the path", async () => {
    const service = await start();
    const { port } = await waitForNotebook(service, "ada");
    const [pid = ""] = processes().filter((one) => !readFileSync(`/proc/${one}/cmdline`, "utf8").match(/kernel|bare/));
    const environment = readFileSync(`/proc/${pid}/environ`, "utf8")
      .split("\0")
      .filter((entry) => entry !== "");
    const names = environment
      .map((entry) => entry.split("=")[0] ?? "")
      .filter((name) => !["PWD", "OLDPWD", "_", "SHLVL"].includes(name));
    const passedOn = ["LANG", "LC_ALL", "TZ", "TMPDIR"];
    expect(names.filter((name) => !passedOn.includes(name)).sort()).toEqual(
      ["HALLPASS_NOTEBOOK", "HOME", "JUPYTER_TOKEN", "NOTEBOOK_ADDRESS", "NOTEBOOK_PORT", "PATH"].sort(),
    );
    const home = join(folder, "state/homes", hashStudent("ide-proxy.example.org", "ada"));
    expect(environment).toContain(`HOME=${home}`);
    expect(environment).toContain(`NOTEBOOK_ADDRESS=${address()}`);
    expect(environment.find((entry) => entry.startsWith("PATH="))).toMatch(/^PATH=\/nowhere\/bin:/);
    const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
    const token = environment.find((entry) => entry.startsWith("JUPYTER_TOKEN="))?.slice(14) ?? "";
    expect([token.length, command.includes(token)]).toEqual([43, false]);
    expect((await fetch(`http://${address()}:${port}/api/me`)).status).toBe(403);
    expect(service.output()).toContain("not isolated");
  });

  test("get another port when something else listens on the first", async () => {
    const runtime = new ProcessRuntime(
      { host: "dev-01", address: "127.0.0.1" },
      {
        kind: "process",
        state: join(folder, "state"),
        jupyterBin: "/nowhere",
        startScript,
      },
    );
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const bound = other.address();
    const port = bound === null || typeof bound === "string" ? 0 : bound.port;
    const spec = { id: "a".repeat(16), student: "0".repeat(32), port, keyNumber: "1", image: undefined, token: "t" };
    await expect(runtime.start(spec)).rejects.toMatchObject({ name: "PortTaken" });
    expect([await runtime.list(), processes()]).toEqual([[], []]);
    other.close();
  });

  test("whose record is lost are ended at the next look, and another fleet's are left alone", async () => {
    const settings = { kind: "process", jupyterBin: "/nowhere", startScript } as const;
    const runtime = (state: string) =>
      new ProcessRuntime({ host: "dev-01", address: address() }, { ...settings, state: join(folder, state) });
    const spec = { student: "0".repeat(32), keyNumber: "1", image: undefined, token: "t" };
    await runtime("one").start({ ...spec, id: "a".repeat(16), port: 6001 });
    await runtime("two").start({ ...spec, id: "b".repeat(16), port: 6002 });
    await expect.poll(() => processes().length).toBe(6);
    await rm(join(folder, "one/notebooks"), { recursive: true });
    expect(await runtime("one").list()).toEqual([]);
    expect(processes()).toHaveLength(3);
    expect(await runtime("two").list()).toMatchObject([{ id: "b".repeat(16), status: "running" }]);
  });
});
