/**
 * Real starts: what they answer, and that they leave nothing behind however they end.
 */
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { describe, expect, it } from "vitest";
import { DATA } from "../../scripts/data-folder.ts";
import { readPortProblem } from "../../scripts/port-owner.ts";
import { ask, eventually, openNotebook, readLeft, type StartedSystem, startSystem } from "./started-system.ts";

/** What the brief of every operator says: Ctrl-C and gone. */
const END_MS = 10_000;

/** Ends a start by a signal, and answers with how long it took and what is left. */
async function end(system: StartedSystem, signal: () => void): Promise<{ ms: number; left: string[]; code: unknown }> {
  const run = system.run();
  const begin = Date.now();
  signal();
  const code = await system.ended;
  const ms = Date.now() - begin;
  // A run that began only after the signal was sent is found by its process, which is the start itself.
  const isOfStart = (name: string): boolean => name.replace("hallpass-", "").startsWith(`${system.child.pid}-`);
  const folders = [DATA.runs, tmpdir()].flatMap((folder) => readdirSync(folder).filter(isOfStart));
  return { ms, left: [...(await readLeft(run)), ...folders], code };
}

/** A kernel, which leads a session of its own and has a child that has dropped its environment. */
async function startKernel(started: Awaited<ReturnType<StartedSystem["ready"]>>, student: string): Promise<void> {
  const { url, cookie } = await openNotebook(started, student);
  const origin = new URL(url).origin;
  const headers = { cookie, origin, "content-type": "application/json" };
  const answer = await ask(started, `${origin}/api/kernels`, { method: "POST", headers, body: "{}" });
  expect(answer.status).toBe(201);
}

describe("npm start --json", () => {
  it("answers at the printed addresses, and SIGTERM leaves nothing of it", async () => {
    const system = await startSystem();
    const started = await system.ready();
    expect(started).toMatchObject({
      school: `https://school.localhost:${system.port}/`,
      api: `https://ide-proxy.localhost:${system.port}`,
      domain: "ide-proxy.localhost",
      port: system.port,
    });
    expect(system.stdout().trim().split("\n")).toHaveLength(1);
    expect(system.stderr()).toContain("NOT ISOLATED");
    expect(await ask(started, started.school)).toMatchObject({ status: 200, body: expect.stringContaining("ada") });
    await startKernel(started, "ada");

    const { ms, left, code } = await end(system, () => system.child.kill("SIGTERM"));
    expect(left).toEqual([]);
    expect(ms).toBeLessThan(END_MS);
    expect(code).toBe(0);
    expect(await readPortProblem("127.0.0.1", system.port)).toBeUndefined();
    expect(readdirSync(DATA.authority)).toContain("ca.pem");
  });

  it.each([
    ["Ctrl-C in npm's terminal", (pid: number) => process.kill(-pid, "SIGINT")],
    ["SIGTERM to npm", (pid: number) => process.kill(pid, "SIGTERM")],
    ["SIGTERM to npm's process group", (pid: number) => process.kill(-pid, "SIGTERM")],
    ["a closed terminal", (pid: number) => process.kill(-pid, "SIGHUP")],
    ["SIGKILL of npm", (pid: number) => process.kill(pid, "SIGKILL")],
  ])("ends wholly by %s", async (_what, signal) => {
    const system = await startSystem([], { command: ["npm", "start", "--silent", "--"] });
    await startKernel(await system.ready(), "ada");
    const run = system.run();
    expect(await readLeft(run)).not.toEqual([]);
    signal(system.child.pid ?? 0);
    let left: string[] = [];
    await eventually(
      async () => {
        left = await readLeft(run);
        return left.length === 0 ? true : undefined;
      },
      () => left.join("\n"),
      END_MS,
    );
    // The signal is the reason: no part has died of it on its own.
    expect(system.stderr()).toContain("ending everything");
    expect(system.stderr()).not.toContain("has ended (");
  });

  it.each([50, 300, 600, 900, 1200, 1600, 2000])("ends wholly when SIGTERM comes %d ms after the start", async (ms) => {
    const system = await startSystem();
    await new Promise((resolve) => setTimeout(resolve, ms));
    const { left, ms: endMs } = await end(system, () => system.child.kill("SIGTERM"));
    expect(left).toEqual([]);
    expect(endMs).toBeLessThan(END_MS);
  });
});

describe("a start beside another", () => {
  it("at the same port is refused with who has it, and touches nothing", async () => {
    const first = await startSystem();
    const started = await first.ready();
    const before = readdirSync(DATA.runs);
    const second = await startSystem([], { port: first.port });
    expect(await second.ended).toBe(1);
    expect(second.stdout()).toBe("");
    expect(second.stderr()).toMatch(new RegExp(`Port ${first.port} is taken by process \\d+ \\(.*haproxy`));
    expect(second.stderr()).toContain("npm start -- --port");
    expect(readdirSync(DATA.runs)).toEqual(before);
    expect((await ask(started, started.school)).status).toBe(200);
  });

  it("at another port works, and the first goes on when it ends", async () => {
    const first = await startSystem();
    const second = await startSystem();
    const [one, two] = await Promise.all([first.ready(), second.ready()]);
    const notebooks = await Promise.all([openNotebook(one, "ada"), openNotebook(two, "ada")]);
    expect(new Set(notebooks.map((notebook) => new URL(notebook.url).origin)).size).toBe(2);
    expect((await end(second, () => second.child.kill("SIGTERM"))).left).toEqual([]);
    const { url, cookie } = notebooks[0] ?? { url: "", cookie: "" };
    expect((await ask(one, `${new URL(url).origin}/api/status`, { headers: { cookie } })).status).toBe(200);
  });
});

describe("a start that is killed", () => {
  it("is swept by the next one, notebooks and all", async () => {
    const first = await startSystem();
    await startKernel(await first.ready(), "ada");
    const run = first.run();
    first.child.kill("SIGKILL");
    await first.ended;
    expect((await readLeft(run)).join("\n")).toContain("ipykernel");
    const second = await startSystem([], { port: first.port });
    await second.ready();
    expect(await readLeft(run)).toEqual([]);
    expect(second.stderr()).toContain(`An earlier start (${run.id}) was killed`);
  });
});

/** Ends the part whose command line has this in it, as a crash would. */
async function killPart(system: StartedSystem, command: string): Promise<void> {
  const line = (await readLeft(system.run())).find((text) => text.includes(command)) ?? "";
  process.kill(Number(line.split(" ")[1]), "SIGKILL");
}

describe("a part that ends", () => {
  it("is named with its reason, and ends the start, when it is the proxy", async () => {
    const system = await startSystem();
    await system.ready();
    const { left, code } = await end(system, () => void killPart(system, "haproxy"));
    expect(system.stderr()).toContain("The proxy has ended (signal SIGKILL)");
    expect(left).toEqual([]);
    expect(code).toBe(1);
  });

  it("is named, and the others serve, when it is one of two allocators", async () => {
    const system = await startSystem();
    const started = await system.ready();
    await killPart(system, "notebook-host/main.ts");
    await eventually(
      () => system.stderr().includes("The other allocators go on") || undefined,
      () => system.stderr(),
    );
    await openNotebook(started, "ada");
    const { left, code } = await end(system, () => void killPart(system, "notebook-host/main.ts"));
    expect(left).toEqual([]);
    expect(code).toBe(1);
  });
});
