/** What one host holds: adopted, mended, ended and never twice; with a runtime that is late and fails. */
import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { decodeFleet } from "../../fleet/fleet.ts";
import { notebookToken } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import { newNotebookId } from "../../notebook-host/notebook-id.ts";
import { type NotebookEvent, Notebooks, type NotebooksOptions } from "../../notebook-host/notebooks.ts";
import type { FoundNotebook } from "../../notebook-host/runtime.ts";
import { hashStudent } from "../../notebook-host/student.ts";
import { FakeRuntime } from "./fake-runtime.ts";
import { claimNetwork } from "./network.ts";

const keys = [2, 1].map((number) => ({ number, base64: randomBytes(32).toString("base64") }));
const hash = (student: string) => hashStudent("ide-proxy.example.org", student);
const [ada, grace] = [hash("ada"), hash("grace")];

let [address, release] = ["", () => {}];
let runtime: FakeRuntime;
let events: NotebookEvent[];

beforeEach(async () => {
  const claim = await claimNetwork();
  const fleet = decodeFleet({ domain: "a.b", ports: "6000-6999", fleet: `dev ${claim.network} 1` });
  address = (fleet.ok && fleet.fleet.addresses.get("dev-01")) || "";
  release = claim.release;
  runtime = new FakeRuntime(address);
  events = [];
});
afterEach(() => {
  runtime.close();
  release();
});

/** A new allocator's picture of the same runtime: what a restart is. */
function restart(changes: Partial<NotebooksOptions> = {}): Notebooks {
  return new Notebooks({
    address,
    ports: { first: 6000, last: 6999 },
    capacity: 10,
    keys,
    hmac: nodeHmac,
    runtime,
    defaultImage: "lesson:1",
    startTimeoutMs: 5000,
    isCordoned: () => false,
    report: (event) => events.push(event),
    ...changes,
  });
}

async function plant(student: string, port: number, status: FoundNotebook["status"], keyNumber = "2"): Promise<string> {
  const id = newNotebookId();
  const key = keys.find(({ number }) => `${number}` === keyNumber) ?? { number: 7, base64: keys[0]?.base64 ?? "" };
  const token = notebookToken(nodeHmac, key, id);
  await runtime.plant({ id, student, port, keyNumber, image: "lesson:1", token }, status);
  return id;
}

describe("a restarted allocator", () => {
  test("adopts what runs, with its port and the key that it was made with", async () => {
    const id = await plant(ada, 6500, "running", "1");
    const notebooks = restart();
    await notebooks.beat();
    await notebooks.quiet();
    expect(notebooks.room.reserved).toBe(1);
    const { notebook, isNew } = await notebooks.take(ada);
    expect([notebook.id, notebook.port, notebook.key.number, notebook.state, isNew]).toEqual([
      id,
      6500,
      1,
      "ready",
      false,
    ]);
    expect(runtime.starts).toBe(0);
  });

  test("starts what was made and not started, under its old id", async () => {
    const id = await plant(ada, 6500, "created");
    const notebooks = restart();
    await notebooks.beat();
    await notebooks.quiet();
    expect(notebooks.find(ada)).toMatchObject({ id, state: "ready" });
    expect([runtime.starts, runtime.all.size]).toEqual([1, 1]);
  });

  test("removes what has ended, and what no key is left for", async () => {
    await plant(ada, 6500, "ended");
    await plant(grace, 6501, "running", "7");
    const notebooks = restart();
    await notebooks.beat();
    expect([runtime.all.size, notebooks.room.reserved]).toEqual([0, 0]);
  });

  test("keeps one of two for one student, and the one that runs", async () => {
    await plant(ada, 6500, "created");
    const running = await plant(ada, 6501, "running");
    await plant(ada, 6502, "running");
    const notebooks = restart();
    await notebooks.beat();
    await notebooks.quiet();
    expect([...runtime.all.keys()]).toEqual([running]);
    expect(notebooks.find(ada)?.id).toBe(running);
  });

  test("does not give out a port that an adopted notebook has", async () => {
    await plant(ada, 6000, "running");
    const notebooks = restart({ ports: { first: 6000, last: 6001 } });
    await notebooks.beat();
    expect((await notebooks.take(grace)).notebook.port).toBe(6001);
    await expect(notebooks.take(hash("mary"))).rejects.toMatchObject({ body: { status: 503 } });
  });
});

describe("every beat", () => {
  test("removes a notebook that died, and the student gets another with 201", async () => {
    const notebooks = restart();
    const { notebook } = await notebooks.take(ada);
    await notebook.settled(5000);
    runtime.die(notebook.id);
    await notebooks.beat();
    expect([notebooks.room.reserved, runtime.all.size, notebook.state]).toEqual([0, 0, "over"]);
    expect(events.map(({ what }) => what)).toContain("died");
    expect((await notebooks.take(ada)).isNew).toBe(true);
  });

  test("removes what a killed predecessor's Docker made afterwards, when the student has one by now", async () => {
    const notebooks = restart();
    const { notebook } = await notebooks.take(ada);
    await notebook.settled(5000);
    await plant(ada, 6900, "created");
    const late = await plant(grace, 6901, "created");
    await notebooks.beat();
    await notebooks.quiet();
    expect([...runtime.all.keys()].sort()).toEqual([notebook.id, late].sort());
    expect(notebooks.find(grace)?.id).toBe(late);
  });

  test("never adopts a notebook again that was ended while the runtime was looked at", async () => {
    const notebooks = restart();
    const { notebook } = await notebooks.take(ada);
    await notebook.settled(5000);
    const before = await runtime.list();
    await notebooks.end(ada, notebook.id);
    runtime.list = async () => before;
    await notebooks.beat();
    await notebooks.quiet();
    expect(notebooks.room.reserved).toBe(0);
  });

  test("does not take a notebook for dead that was started while the runtime was looked at", async () => {
    const notebooks = restart();
    const before = await runtime.list();
    const { notebook } = await notebooks.take(ada);
    await notebook.settled(5000);
    runtime.list = async () => before;
    await notebooks.beat();
    expect(notebooks.find(ada)).toBe(notebook);
  });

  test("tries again to remove what could not be removed, whose place is not free until then", async () => {
    const notebooks = restart();
    const { notebook } = await notebooks.take(ada);
    await notebook.settled(5000);
    runtime.unkind.removeErrors.push(new Error("Docker does not answer"));
    await expect(notebooks.end(ada, notebook.id)).rejects.toMatchObject({ body: { status: 503 } });
    expect([notebooks.room.reserved, notebooks.find(ada)]).toEqual([1, undefined]);
    await notebooks.beat();
    expect([notebooks.room.reserved, runtime.all.size]).toEqual([0, 0]);
  });
});

describe("a request", () => {
  test("notices a dead notebook by itself, and two at once get one new notebook", async () => {
    const notebooks = restart();
    const first = (await notebooks.take(ada)).notebook;
    await first.settled(5000);
    runtime.die(first.id);
    runtime.unkind.removeDelayMs = 50;
    const taken = await Promise.all([notebooks.take(ada), notebooks.take(ada), notebooks.take(ada)]);
    expect(new Set(taken.map(({ notebook }) => notebook.id)).size).toBe(1);
    expect(taken[0]?.notebook.id).not.toBe(first.id);
    expect(taken.map(({ isNew }) => isNew)).toEqual([true, false, false]);
    expect(runtime.mostOfOneStudent).toBe(1);
  });

  test("does not take a notebook for dead because Docker does not answer", async () => {
    const notebooks = restart();
    const { notebook } = await notebooks.take(ada);
    await notebook.settled(5000);
    runtime.isRunning = async () => {
      throw new Error("Docker does not answer");
    };
    expect((await notebooks.take(ada)).notebook).toBe(notebook);
  });

  test("while the notebook is being ended waits, and gets another", async () => {
    const notebooks = restart();
    const { notebook } = await notebooks.take(ada);
    await notebook.settled(5000);
    runtime.unkind.removeDelayMs = 100;
    const ended = notebooks.end(ada, notebook.id);
    const next = await notebooks.take(ada);
    expect([await ended, next.isNew, runtime.mostOfOneStudent]).toEqual([true, true, 1]);
  });
});

describe("a start", () => {
  test("takes another port when something else has the first one", async () => {
    for (let port = 6000; port < 6999; port++) runtime.unkind.takenPorts.add(port);
    const notebooks = restart({ ports: { first: 6997, last: 6999 } });
    const { notebook } = await notebooks.take(ada);
    await notebook.settled(5000);
    expect([notebook.state, notebook.port]).toEqual(["ready", 6999]);
  });

  test("fails when five ports are taken, and leaves nothing", async () => {
    for (let port = 6000; port <= 6999; port++) runtime.unkind.takenPorts.add(port);
    const notebooks = restart();
    const { notebook } = await notebooks.take(ada);
    await expect.poll(() => notebooks.room.reserved).toBe(0);
    expect([notebook.state, runtime.starts, runtime.all.size]).toEqual(["over", 5, 0]);
  });

  test("that the runtime refuses frees the place, and the next one works", async () => {
    const notebooks = restart();
    runtime.unkind.startErrors.push(new Error("no such image"));
    const { notebook } = await notebooks.take(ada);
    await expect.poll(() => notebooks.room.reserved).toBe(0);
    expect(notebook.problem.body.status).toBe(500);
    expect(events).toContainEqual(expect.objectContaining({ what: "runtime", detail: "Error: no such image" }));
    const next = (await notebooks.take(ada)).notebook;
    await next.settled(5000);
    expect(next.state).toBe("ready");
  });

  test.each([6000, 6566, 6665, 6697])("is seen to be ready on port %i, which browsers' fetch refuses", async (port) => {
    const notebooks = restart({ ports: { first: port, last: port } });
    const { notebook } = await notebooks.take(ada);
    await notebook.settled(2000);
    expect(notebook.state).toBe("ready");
  });
  test("is not seen to be ready by the answer of another notebook", async () => {
    const notebooks = restart({ startTimeoutMs: 500 });
    const { notebook } = await notebooks.take(ada);
    Object.assign(notebook, { token: "another's" });
    await expect.poll(() => notebook.state).toBe("over");
  });
});
