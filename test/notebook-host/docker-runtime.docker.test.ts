/** Notebooks as containers of a real Docker, by real allocators that are killed. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { planAddress } from "../../fleet/address-plan.ts";
import { hashStudent } from "../../notebook-host/student.ts";
import { runCommand } from "../../scripts/command.ts";
import { type AllocatorProcess, allocatorSettings, startAllocator, waitForNotebook } from "./allocator-process.ts";
import { claimNetwork } from "./network.ts";
import { buildStubImages, ROOT_IMAGE, removeStubImages, STUB_IMAGE } from "./stub-image.ts";

let network = "";
let release = () => {};
let allocator: AllocatorProcess | undefined;
/** Of this test's own: other allocators may run beside it on this Docker. */
const students = Array.from({ length: 10 }, (_, n) => `student-${n}-${process.pid}`);

const docker = (...words: string[]) => runCommand(["docker", ...words]);
const lines = (text: string) => text.split("\n").filter((line) => line !== "");

/** This test's containers: they are published on its own network's address. */
async function containers(): Promise<{ name: string; student: string; state: string }[]> {
  const format = '{{.Names}} {{.Label "hallpass.student"}} {{.State}}';
  const text = await docker(
    "ps",
    "--all",
    "--no-trunc",
    "--filter",
    `label=hallpass.address=${address()}`,
    "--format",
    format,
  );
  return lines(text).map((line) => {
    const [name = "", student = "", state = ""] = line.split(" ");
    return { name, student, state };
  });
}

const address = () => {
  const [first = "", second = ""] = network.split(".");
  return planAddress({ first: Number(first), second: Number(second) }, 1);
};
const start = async (more: Record<string, string> = {}) => {
  const settings = { HALLPASS_RUNTIME: "docker", HALLPASS_IMAGES: STUB_IMAGE, ...more };
  allocator = await startAllocator(address(), allocatorSettings(network, settings));
  return allocator;
};

beforeAll(buildStubImages);
beforeEach(async () => {
  ({ network, release } = await claimNetwork());
});
afterEach(async () => {
  await allocator?.kill("SIGKILL");
  const names = (await containers()).map(({ name }) => name);
  if (names.length > 0) await docker("rm", "--force", "--volumes", ...names);
  const homes = students.map((student) => `hallpass-home-${hashStudent("ide-proxy.example.org", student)}`);
  await docker("volume", "rm", "--force", ...homes);
  release();
});
afterAll(removeStubImages);

describe("an allocator that is killed in the middle of ten allocations and started again", () => {
  test.each<[count: number, state: "there" | "running"]>([
    [0, "there"],
    [1, "there"],
    [5, "there"],
    [10, "there"],
    [1, "running"],
    [5, "running"],
    [9, "running"],
  ])(
    "when %i containers are %s: no student has two notebooks, none is lost, and no container is left over",
    async (count, state) => {
      const first = await start();
      const answered: { student: string; id: string }[] = [];
      const ask = async (student: string) => {
        const response = await first.ask("/v1/notebooks", student, { method: "POST" });
        answered.push({ student, id: ((await response.json()) as { id: string }).id });
      };
      const asked = Promise.allSettled(students.map(ask));
      const isSo = async () => (await containers()).filter((one) => state === "there" || one.state === state).length;
      await expect.poll(isSo, { timeout: 30_000, interval: 5 }).toBeGreaterThanOrEqual(count);
      await first.kill("SIGKILL");
      await asked;
      const before = await containers();

      const second = await start();
      const notebooks = await Promise.all(students.map((student) => waitForNotebook(second, student)));
      const after = await containers();
      expect(after.map(({ state }) => state)).toEqual(students.map(() => "running"));
      expect(new Set(after.map(({ student }) => student)).size).toBe(10);
      expect(after.map(({ name }) => name).sort()).toEqual(notebooks.map(({ id }) => `hallpass-dev-01-${id}`).sort());
      // What was running when it was killed is the same notebook now, and so is what a student was told of.
      const names = new Set(after.map(({ name }) => name));
      for (const { name, state } of before)
        if (state === "running") expect([name, names.has(name)]).toEqual([name, true]);
      for (const { student, id } of answered)
        expect([student, notebooks[students.indexOf(student)]?.id]).toEqual([student, id]);

      for (const [n, { id }] of notebooks.entries())
        expect((await second.ask(`/v1/notebooks/${id}`, students[n] ?? "", { method: "DELETE" })).status).toBe(204);
      expect(await containers()).toEqual([]);
    },
  );
});

describe("a notebook's container", () => {
  const ask = (allocatorPort: number, path: string, token: string, init: RequestInit = {}) =>
    fetch(`http://${address()}:${allocatorPort}${path}`, { ...init, headers: { authorization: `token ${token}` } });
  const inspect = async (id: string) =>
    JSON.parse(await docker("inspect", `hallpass-dev-01-${id}`))[0] as {
      Config: { Env: string[]; Cmd: string[]; Labels: Record<string, string>; Image: string };
      HostConfig: Record<string, unknown> & { PortBindings: object };
    };
  const tokenOf = (env: string[]) => env.find((entry) => entry.startsWith("JUPYTER_TOKEN="))?.slice(14) ?? "";

  test("may do little, is published on the host's own address, and has its token in the environment only", async () => {
    const { id, port } = await waitForNotebook(await start({ HALLPASS_NOTEBOOK_MEMORY_MIB: "256" }), students[0] ?? "");
    const { Config, HostConfig } = await inspect(id);
    expect(HostConfig).toMatchObject({
      Memory: 256 * 1024 ** 2,
      MemorySwap: 256 * 1024 ** 2,
      NanoCpus: 1e9,
      PidsLimit: 512,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Privileged: false,
    });
    expect(HostConfig.PortBindings).toEqual({ "8888/tcp": [{ HostIp: address(), HostPort: `${port}` }] });
    const token = tokenOf(Config.Env);
    expect(token).toHaveLength(43);
    expect(JSON.stringify([Config.Cmd, Config.Labels])).not.toContain(token);
    expect(JSON.stringify(Config.Labels)).not.toContain(students[0]);
    const limits = await (await ask(port, "/limits", token)).text();
    expect(limits).toMatch(/^Uid:\t1000\t1000\t1000\t1000$/m);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
      expect(limits).toContain(`${set}:\t0000000000000000`);
    expect(limits).toContain("NoNewPrivs:\t1");
    expect((await ask(port, "/api/me", "another")).status).toBe(403);
    await expect(fetch(`http://127.0.0.1:${port}/api/me`)).rejects.toThrow();
  });

  test("ends, and the student's files are in the next one", async () => {
    const service = await start();
    const student = students[0] ?? "";
    const first = await waitForNotebook(service, student);
    const token = tokenOf((await inspect(first.id)).Config.Env);
    expect((await ask(first.port, "/files/x", token, { method: "PUT", body: "print(6*7)" })).status).toBe(204);
    await service.ask(`/v1/notebooks/${first.id}`, student, { method: "DELETE" });
    const next = await waitForNotebook(service, student);
    expect(next.port).not.toBe(first.port);
    const nextToken = tokenOf((await inspect(next.id)).Config.Env);
    expect(nextToken).not.toBe(token);
    expect(await (await ask(next.port, "/files/x", nextToken)).text()).toBe("print(6*7)");
  });

  test("that somebody removes is noticed at the next request, and at the latest by the next beat", async () => {
    const service = await start();
    const [ada = "", grace = ""] = students;
    const [first, second] = [await waitForNotebook(service, ada), await waitForNotebook(service, grace)];
    await docker("kill", `hallpass-dev-01-${first.id}`);
    await docker("rm", "--force", `hallpass-dev-01-${second.id}`);
    expect((await service.ask(`/v1/notebooks/${first.id}`, ada)).status).toBe(404);
    expect((await waitForNotebook(service, ada)).id).not.toBe(first.id);
    const reserved = async () => {
      const view = await (await service.ask("/v1/notebooks", ada)).json();
      return (view as { room: { reserved: number } }).room.reserved;
    };
    await expect.poll(reserved, { timeout: 15_000 }).toBe(1);
  });

  test("is not made of an image that runs as root, or that is not there", async () => {
    for (const image of [ROOT_IMAGE, "hallpass-test-stub:nothing"]) {
      const service = await start({ HALLPASS_IMAGES: image });
      const response = await service.ask("/v1/notebooks", students[0] ?? "", { method: "POST" });
      expect([image, response.status]).toEqual([image, 500]);
      expect(service.output()).toMatch(image === ROOT_IMAGE ? /runs as root/ : /no such image/i);
      await service.kill("SIGTERM");
    }
    expect(await containers()).toEqual([]);
  });

  test("goes on when the allocator ends by SIGTERM", async () => {
    const service = await start();
    const { id } = await waitForNotebook(service, students[0] ?? "");
    await service.kill("SIGTERM");
    expect(service.child.exitCode).toBe(0);
    expect((await containers()).map(({ name, state }) => [name, state])).toEqual([
      [`hallpass-dev-01-${id}`, "running"],
    ]);
    expect((await waitForNotebook(await start(), students[0] ?? "")).id).toBe(id);
  });
});
