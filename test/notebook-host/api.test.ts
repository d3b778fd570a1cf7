/** The HTTP API of one allocator, with a runtime that is late and fails when told so. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import { decodeTicket, isNotebookId, TICKET_SECONDS } from "../../fleet/pass.ts";
import { readEvents } from "./event-reader.ts";
import { type FleetPlan, readReady, type StartedFleet, startFleet } from "./fleet-of-allocators.ts";

let fleet: StartedFleet;
const start = async (plan: FleetPlan = {}) => {
  fleet = await startFleet(plan);
  return fleet;
};
const runtime = () => fleet.host("dev-01").runtime;
const ask = (student: string, body?: object, headers?: Record<string, string>) =>
  fleet.ask("dev-01", student, body, headers);
const get = (path: string, student?: string) => fleet.request("dev-01", path, student === undefined ? {} : { student });

afterEach(async () => fleet.stop());

describe("a notebook that is ready within a second", () => {
  beforeEach(() => start());

  test("is answered with 201, its address and a ticket of this host that the proxy can open", async () => {
    const response = await ask("ada", { page: "/notebooks/lesson.ipynb" });
    expect(response.status).toBe(201);
    const body = await readReady(response);
    expect(Object.keys(body).sort()).toEqual(["expiresAt", "id", "port", "server", "ticket", "url"]);
    expect(isNotebookId(body.id)).toBe(true);
    expect(body.server).toBe("dev-01");
    expect(body.url).toBe(`https://dev-01-${body.port}.ide-proxy.example.org:8443/notebooks/lesson.ipynb`);
    const now = Math.floor(Date.now() / 1000);
    const at = { host: "dev-01", port: body.port };
    const opened = decodeTicket(nodeHmac, fleet.fleetKeys, at, body.ticket, now);
    const expiry = new Date(body.expiresAt).getTime() / 1000;
    const { token } = runtime().all.get(body.id)?.spec ?? {};
    expect(opened).toEqual({ ok: true, id: body.id, expiry, keyNumber: "1", token });
    const secondsLeft = expiry - now;
    expect(secondsLeft).toBeGreaterThan(TICKET_SECONDS - 5);
    expect(secondsLeft).toBeLessThanOrEqual(TICKET_SECONDS);
  });

  test("is the same for the same student, with 200, and another for another", async () => {
    const first = await readReady(await ask("ada"));
    const again = await ask("ada");
    expect(again.status).toBe(200);
    expect(await readReady(again)).toMatchObject({ id: first.id, port: first.port });
    expect((await readReady(await ask("grace"))).id).not.toBe(first.id);
    expect(runtime().starts).toBe(2);
  });

  test("is one, however many tabs ask at once", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, async () => readReady(await ask("ada"))));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(runtime().starts).toBe(1);
  });

  test("is described to its student by its id, and is none to anybody else", async () => {
    const { id } = await readReady(await ask("ada"));
    expect((await get(`/v1/notebooks/${id}`, "ada")).status).toBe(200);
    for (const [path, student] of [
      [id, "grace"],
      ["aaaaaaaaaaaaaaaa", "ada"],
      ["..%2f..", "ada"],
      ["%00%0d%0a", "ada"],
    ])
      expect([path, (await get(`/v1/notebooks/${path}`, student)).status]).toEqual([path, 404]);
    const stolen = await fleet.request("dev-01", `/v1/notebooks/${id}`, { method: "DELETE", student: "grace" });
    expect(stolen.status).toBe(404);
    expect(await (await get("/v1/notebooks", "grace")).json()).toMatchObject({ notebooks: [] });
  });

  test("ends with 204, once, and what follows is another notebook on another port with the files still there", async () => {
    const first = await readReady(await ask("ada"));
    const end = () => fleet.request("dev-01", `/v1/notebooks/${first.id}`, { method: "DELETE", student: "ada" });
    expect((await end()).status).toBe(204);
    expect((await end()).status).toBe(404);
    expect((await get(`/v1/notebooks/${first.id}`, "ada")).status).toBe(404);
    expect(runtime().all.size).toBe(0);
    const next = await readReady(await ask("ada"));
    expect(next.id).not.toBe(first.id);
    expect(next.port).not.toBe(first.port);
  });

  test("holds its port for the router's question until it ends, and no other notebook does", async () => {
    const { id, port } = await readReady(await ask("ada"));
    const holds = async (path: string) => (await fleet.request("dev-01", `/holds/${path}`)).status;
    expect(await holds(`${port}/${id}`)).toBe(204);
    for (const path of [`${port + 1}/${id}`, `${port}/aaaaaaaaaaaaaaaa`, `x/${id}`, `0/${id}`])
      expect([path, await holds(path)]).toEqual([path, 410]);
    await fleet.request("dev-01", `/v1/notebooks/${id}`, { method: "DELETE", student: "ada" });
    expect(await holds(`${port}/${id}`)).toBe(410);
  });

  test("is listed with the host's room, and the room is counted in /metrics", async () => {
    const { id, port } = await readReady(await ask("ada"));
    expect(await (await get("/v1/notebooks", "ada")).json()).toEqual({
      notebooks: [{ id, state: "ready", server: "dev-01", port }],
      host: "dev-01",
      state: "available",
      room: { capacity: 4, reserved: 1, free: 3 },
      placing: false,
      hasHome: true,
    });
    const metrics = await (await get("/metrics")).text();
    expect(metrics).toContain("hallpass_notebooks_reserved 1");
    expect(metrics).toContain("hallpass_notebooks_free 3");
    expect(metrics).toContain('hallpass_allocation_seconds_count{cold="true"} 1');
  });
});

describe("a notebook that takes longer", () => {
  test("is answered with 202, a place to ask, and events until the whole answer", async () => {
    await start();
    runtime().unkind.startDelayMs = 1200;
    const response = await ask("ada", { page: "/lab" });
    expect(response.status).toBe(202);
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const events = await readEvents(response);
    expect(events.slice(0, -1).every(({ name }) => name === "progress")).toBe(true);
    expect(events[0]?.data).toEqual({ state: "starting", message: "Starting your notebook…" });
    const { name, data } = events.at(-1) ?? {};
    expect(name).toBe("ready");
    expect(response.headers.get("location")).toBe(`/v1/notebooks/${data?.id}`);
    expect(data?.url).toMatch(/^https:.*\/lab$/);
  });

  test("is answered with JSON for those who accept only that, and is there when they ask again", async () => {
    await start();
    runtime().unkind.answerDelayMs = 1500;
    const accepted = await ask("ada", undefined, { accept: "application/json" });
    expect(accepted.status).toBe(202);
    const { id, ...rest } = (await accepted.json()) as { id: string };
    expect(rest).toEqual({ state: "starting", server: "dev-01" });
    const later = await fleet.request("dev-01", accepted.headers.get("location") ?? "", {
      student: "ada",
      headers: { accept: "application/json" },
    });
    expect([later.status, (await readReady(later)).id]).toEqual([200, id]);
  });

  test.each(["text/event-stream, application/json", "*/*", "application/json, */*;q=0.1", undefined])(
    "streams for a client that accepts %s",
    async (accept) => {
      await start();
      runtime().unkind.answerDelayMs = 1200;
      const response = await ask("ada", undefined, accept === undefined ? {} : { accept });
      expect(response.headers.get("content-type")).toContain("text/event-stream");
      await response.body?.cancel();
    },
  );

  test("that never answers fails in the stream with a problem, and frees its place", async () => {
    await start({ startTimeoutMs: 1500 });
    runtime().unkind.answerDelayMs = 60_000;
    const events = await readEvents(await ask("ada"));
    expect(events.at(-1)).toMatchObject({
      name: "failed",
      data: { status: 500, type: "urn:hallpass:problem:failed-to-start" },
    });
    await expect.poll(() => runtime().all.size).toBe(0);
    expect(fleet.host("dev-01").service.notebooks.room.free).toBe(4);
    runtime().unkind.answerDelayMs = 0;
    expect((await ask("ada")).status).toBe(201);
  });

  test("that ends by itself while it starts fails long before the time is up, with its last words in the log only", async () => {
    await start();
    runtime().unkind.endsEarly = true;
    const response = await ask("ada");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("last words");
    const lines = fleet.log.filter((line) => line.includes("the last words of"));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain("<token>");
  });

  test("that somebody ends in another tab says so in the stream", async () => {
    await start();
    runtime().unkind.answerDelayMs = 60_000;
    const response = await ask("ada");
    const path = response.headers.get("location") ?? "";
    const ended = await fleet.request("dev-01", path, { method: "DELETE", student: "ada" });
    expect(ended.status).toBe(204);
    expect((await readEvents(response)).at(-1)).toMatchObject({ name: "failed", data: { status: 410 } });
  });

  test("goes on when the student closes the page", async () => {
    await start();
    runtime().unkind.answerDelayMs = 1500;
    const response = await ask("ada");
    await response.body?.cancel();
    await expect
      .poll(async () => (await get(response.headers.get("location") ?? "", "ada")).status, { timeout: 5000 })
      .toBe(200);
    expect(runtime().starts).toBe(1);
  });
});

describe("a host without room", () => {
  test("answers 503 with Retry-After, and still serves the notebooks it has", async () => {
    await start({ capacity: 1 });
    expect((await ask("ada")).status).toBe(201);
    const response = await ask("grace");
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ type: "urn:hallpass:problem:no-room", status: 503 });
    expect((await ask("ada")).status).toBe(200);
  });

  test("never holds more than its capacity, however many ask at once", async () => {
    await start({ capacity: 3 });
    runtime().unkind.startDelayMs = 50;
    const students = Array.from({ length: 12 }, (_, n) => `student-${n}`);
    const statuses = await Promise.all(students.map(async (student) => (await ask(student)).status));
    expect(statuses.filter((status) => status === 201)).toHaveLength(3);
    expect(statuses.filter((status) => status === 503)).toHaveLength(9);
    expect(runtime().starts).toBe(3);
  });
});
