/** One student, one notebook, whichever of a region's allocators is asked. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { readEvents } from "./event-reader.ts";
import {
  type FleetPlan,
  readProblem,
  readReady,
  readView,
  type StartedFleet,
  startFleet,
} from "./fleet-of-allocators.ts";

let fleet: StartedFleet;
const start = async (plan: FleetPlan) => {
  fleet = await startFleet(plan);
};
const names = () => [...fleet.hosts.keys()];
const held = (host: string) => fleet.host(host).runtime.all.size;
const total = () => names().reduce((sum, name) => sum + held(name), 0);

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") console.log(fleet.log.join(""));
  await fleet.stop();
});

describe("a student who has a notebook", () => {
  test("gets it from every allocator, with a ticket of the host that holds it", async () => {
    await start({ hosts: 3 });
    const first = await readReady(await fleet.ask("dev-02", "ada", { page: "/lab" }));
    for (const name of names()) {
      const response = await fleet.ask(name, "ada", { page: "/tree" });
      expect([name, response.status]).toEqual([name, 200]);
      const again = await readReady(response);
      expect(again).toMatchObject({ id: first.id, server: first.server, port: first.port });
      expect(again.url).toMatch(/\/tree$/);
    }
    expect(total()).toBe(1);
  });

  test("may ask any allocator about it by its id, and end it there", async () => {
    await start({ hosts: 2 });
    const { id, server } = await readReady(await fleet.ask("dev-01", "ada"));
    const other = server === "dev-01" ? "dev-02" : "dev-01";
    const path = `/v1/notebooks/${id}`;
    expect((await readReady(await fleet.request(other, path, { student: "ada" }))).id).toBe(id);
    expect((await fleet.request(other, path, { student: "grace" })).status).toBe(404);
    expect((await fleet.request(other, path, { student: "grace", method: "DELETE" })).status).toBe(404);
    expect((await fleet.request(other, path, { student: "ada", method: "DELETE" })).status).toBe(204);
    expect((await fleet.request(other, path, { student: "ada", method: "DELETE" })).status).toBe(404);
    expect(total()).toBe(0);
  });

  test("sees its start as it happens, through an allocator that passes the events on", async () => {
    await start({ hosts: 2 });
    for (const { runtime } of fleet.hosts.values()) runtime.unkind.answerDelayMs = 3000;
    const first = await fleet.ask("dev-01", "ada");
    const second = await fleet.ask("dev-02", "ada");
    expect([second.status, second.headers.get("location")]).toEqual([202, first.headers.get("location")]);
    const [ready, again] = [(await readEvents(first)).at(-1), (await readEvents(second)).at(-1)];
    expect([ready?.name, again?.name]).toEqual(["ready", "ready"]);
    expect(again?.data.id).toBe(ready?.data.id);
  });
});

describe("two allocators asked in the same moment", () => {
  test("make one notebook, though neither has heard of it before", async () => {
    await start({ hosts: 3, capacity: 50 });
    for (const { runtime } of fleet.hosts.values()) runtime.unkind.startDelayMs = 20;
    for (let round = 0; round < 15; round++) {
      const answers = await Promise.all(
        [...names(), ...names()].map(async (name) => readReady(await fleet.ask(name, `student-${round}`))),
      );
      expect([round, new Set(answers.map(({ id }) => id)).size]).toEqual([round, 1]);
      expect(total()).toBe(round + 1);
    }
  });

  test("share a class of students evenly, with nobody twice and no host over its capacity", async () => {
    await start({ hosts: 3, capacity: 12 });
    for (const { runtime } of fleet.hosts.values()) runtime.unkind.startDelayMs = 30;
    const students = Array.from({ length: 36 }, (_, n) => `student-${n}`);
    const answers = await Promise.all(students.map((student, n) => fleet.ask(names()[n % 3] ?? "", student)));
    expect(answers.map(({ status }) => status)).toEqual(students.map(() => 201));
    expect(names().map(held)).toEqual([12, 12, 12]);
    for (const { runtime } of fleet.hosts.values()) expect(runtime.mostOfOneStudent).toBe(1);
  });
});

test("a class that asks one allocator in the same moment is spread over the region", async () => {
  await start({ hosts: 3, capacity: 40 });
  const students = Array.from({ length: 36 }, (_, n) => `student-${n}`);
  await Promise.all(students.map((student) => fleet.ask("dev-01", student)));
  for (const name of names()) expect([name, Math.abs(held(name) - 12) <= 2]).toEqual([name, true]);
});

describe("a new notebook", () => {
  test("goes where the greatest share is free, and stays where it was asked for when shares are equal", async () => {
    await start({ hosts: 2, capacity: 4, settings: (host) => ({ capacity: host === "dev-01" ? 4 : 40 }) });
    const servers = [];
    for (const student of ["a", "b", "c", "d"])
      servers.push((await readReady(await fleet.ask("dev-01", student))).server);
    expect(servers).toEqual(["dev-01", "dev-02", "dev-02", "dev-02"]);
  });

  test("goes where the student's files are, though another host has more room", async () => {
    await start({ hosts: 2 });
    const first = await readReady(await fleet.ask("dev-01", "ada"));
    const other = first.server === "dev-01" ? "dev-02" : "dev-01";
    await fleet.request(first.server, `/v1/notebooks/${first.id}`, { student: "ada", method: "DELETE" });
    for (const student of ["x", "y"]) await fleet.ask(other, student);
    expect((await readReady(await fleet.ask(other, "ada"))).server).toBe(first.server);
  });

  test("goes to the next host when the first is full, and to none when all are", async () => {
    await start({ hosts: 2, capacity: 1 });
    expect((await fleet.ask("dev-01", "a")).status).toBe(201);
    expect((await fleet.ask("dev-01", "b")).status).toBe(201);
    expect(names().map(held)).toEqual([1, 1]);
    const full = await fleet.ask("dev-01", "c");
    expect([full.status, (await readProblem(full)).type]).toEqual([503, "urn:hallpass:problem:no-room"]);
    expect(full.headers.get("retry-after")).toBe("15");
  });

  test("never goes to a cordoned host, which serves the notebooks that it has", async () => {
    const folder = await mkdtemp(join(tmpdir(), "hallpass-cordon-"));
    const cordonFile = join(folder, "dev-01.cordoned");
    await start({ hosts: 2, settings: (host) => (host === "dev-01" ? { cordonFile } : {}) });
    expect((await readReady(await fleet.ask("dev-01", "ada"))).server).toBe("dev-01");
    await writeFile(cordonFile, "");
    expect((await readReady(await fleet.ask("dev-01", "grace"))).server).toBe("dev-02");
    expect((await readReady(await fleet.ask("dev-02", "ada"))).server).toBe("dev-01");
    expect((await readView(await fleet.request("dev-01", "/v1/notebooks", { student: "ada" }))).state).toBe("cordoned");
    await rm(folder, { recursive: true });
  });
});

describe("a neighbour that is stopped", () => {
  test("is left out at once, and its students get notebooks elsewhere", async () => {
    await start({ hosts: 2 });
    await fleet.host("dev-02").service.stop();
    const began = performance.now();
    expect((await readReady(await fleet.ask("dev-01", "ada"))).server).toBe("dev-01");
    expect(performance.now() - began).toBeLessThan(1000);
  });

  test("is left out after 300 ms when it accepts and is silent", async () => {
    await start({ hosts: 2 });
    await fleet.host("dev-02").service.stop();
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(7001, fleet.host("dev-02").address, resolve));
    const began = performance.now();
    expect((await readReady(await fleet.ask("dev-01", "ada"))).server).toBe("dev-01");
    const ms = performance.now() - began;
    expect(ms).toBeGreaterThan(250);
    expect(ms).toBeLessThan(1500);
    silent.close();
  });
});

describe("a request that says it was relayed", () => {
  const relayed = { "hallpass-relayed": "dev-02" };

  test("is not believed when it does not come from a notebook host: no student gets two notebooks by it", async () => {
    await start({ hosts: 2 });
    const first = await readReady(await fleet.ask("dev-02", "ada"));
    const second = await readReady(await fleet.ask("dev-01", "ada", undefined, relayed));
    expect(second.id).toBe(first.id);
    expect(total()).toBe(1);
  });
});
