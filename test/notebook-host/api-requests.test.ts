/** What any client may send to the HTTP API, who may read the answers, and what is written down of it. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type FleetPlan,
  readProblem,
  readReady,
  SCHOOL_ORIGIN,
  type StartedFleet,
  startFleet,
} from "./fleet-of-allocators.ts";
import { refusedPages } from "./page.cases.ts";

interface OpenApi {
  paths: Record<string, { post: { responses: object } }>;
}

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

describe("whatever a client sends", () => {
  beforeEach(() => start());
  const json = { "content-type": "application/json" };
  const post = (init: RequestInit) =>
    fleet.request("dev-01", "/v1/notebooks", { method: "POST", student: "ada", ...init });

  test.each<[what: string, status: number, init: RequestInit]>([
    ["bad JSON", 400, { headers: json, body: "{" }],
    ["JSON that is no object", 400, { headers: json, body: "[]" }],
    ["a member that there is not", 400, { headers: json, body: '{"pages":"/"}' }],
    ["a poisoned prototype", 400, { headers: json, body: '{"__proto__":{"page":"/"}}' }],
    ["an image that is not allowed", 400, { headers: json, body: '{"image":"evil.test/miner"}' }],
    ["10 MB", 413, { headers: json, body: "x".repeat(10_000_000) }],
    ["70 kB", 413, { headers: json, body: JSON.stringify({ page: `/${"x".repeat(70_000)}` }) }],
    ["a form", 415, { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "page=/" }],
    ["plain text", 415, { headers: { "content-type": "text/plain" }, body: "{}" }],
  ])("%s is a problem, and the service goes on", async (_, status, init) => {
    const response = await post(init);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect([response.status, (await readProblem(response)).status]).toEqual([status, status]);
    expect(runtime().starts).toBe(0);
    expect((await get("/healthz")).status).toBe(200);
  });

  test.each<[what: string, init: RequestInit]>([
    ["no body", {}],
    ["no body, said to be JSON", { headers: json }],
    ["an empty object", { headers: json, body: "{}" }],
    ["null", { headers: json, body: "null" }],
    ["an allowed image", { headers: json, body: '{"image":"lesson:2"}' }],
    ["JSON with a charset", { headers: { "content-type": "application/json; charset=utf-8" }, body: "{}" }],
  ])("a POST with %s is fine", async (_, init) => {
    expect((await post(init)).status).toBe(201);
  });

  test.each(refusedPages)("the page %j is refused: %s", async (page) => {
    expect((await ask("ada", { page })).status).toBe(400);
    expect(runtime().starts).toBe(0);
  });

  test.each<[path: string, method: string]>([
    ["/", "GET"],
    ["/v1/notebooks", "PUT"],
    ["/v1/nothing", "GET"],
    ["/%", "GET"],
    ["/embed.js", "GET"],
  ])("%s by %s is a problem", async (path, method) => {
    const response = await fleet.request("dev-01", path, { method });
    expect(response.headers.get("content-type")).toContain("application/problem+json");
    expect([400, 404]).toContain(response.status);
  });
});

describe("the school's page", () => {
  const preflight = (origin: string) =>
    fleet.request("dev-01", "/v1/notebooks", {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });

  test("may ask from its own origin, and read where to ask again and when", async () => {
    await start();
    const { headers } = await preflight(SCHOOL_ORIGIN);
    expect(headers.get("access-control-allow-origin")).toBe(SCHOOL_ORIGIN);
    expect(headers.get("access-control-allow-methods")).toBe("GET, POST, DELETE");
    expect(headers.get("access-control-allow-headers")).toBe("authorization, content-type");
    expect(Number(headers.get("access-control-max-age"))).toBeGreaterThan(0);
    const answer = await ask("ada", undefined, { origin: SCHOOL_ORIGIN });
    expect(answer.headers.get("access-control-allow-origin")).toBe(SCHOOL_ORIGIN);
    expect(answer.headers.get("access-control-expose-headers")).toBe("Location, Retry-After");
    const problem = await fleet.request("dev-01", "/v1/notebooks", {
      method: "POST",
      headers: { origin: SCHOOL_ORIGIN },
    });
    expect([problem.status, problem.headers.get("access-control-allow-origin")]).toEqual([401, SCHOOL_ORIGIN]);
  });

  test.each(["https://evil.test", "http://school.example.org", "https://school.example.org.evil.test", "null"])(
    "is not %s",
    async (origin) => {
      await start();
      expect((await preflight(origin)).headers.get("access-control-allow-origin")).not.toBe(origin);
      const answer = await ask("ada", undefined, { origin });
      expect(answer.headers.get("access-control-allow-origin")).not.toBe(origin);
    },
  );
});

test("no line of the log has a JWT, a ticket, a notebook's token or a student's name", async () => {
  await start({ hosts: 2, startTimeoutMs: 1500 });
  const secrets: string[] = ["ada", "grace", "Bearer"];
  for (const student of ["ada", "grace"]) {
    const response = await ask(student, { page: "/lab" });
    const { ticket, id } = await readReady(response);
    secrets.push(ticket, ticket.split(".")[3] ?? "");
    expect((await get(`/v1/notebooks/${id}`, student)).status).toBe(200);
  }
  const refused = `Bearer ${"a".repeat(50)}.${"b".repeat(50)}.${"c".repeat(50)}`;
  expect(
    (await fleet.request("dev-01", "/v1/notebooks?ticket=sesame", { headers: { authorization: refused } })).status,
  ).toBe(401);
  for (const { runtime } of fleet.hosts.values()) {
    for (const { spec } of runtime.all.values()) secrets.push(spec.token);
    runtime.unkind.startErrors.push(new Error(`the runtime tells ${secrets.at(-1)}`));
    runtime.unkind.startErrors.push(new Error(`the runtime tells ${secrets.at(-1)}`));
  }
  expect((await ask("mary")).status).toBe(500);
  secrets.push("sesame", "bbbb", "mary");
  const text = fleet.log.join("");
  expect(text).toContain('"route":"/v1/notebooks"');
  expect(text).toContain("the runtime tells");
  for (const secret of secrets) expect([secret, text.includes(secret)]).toEqual([secret, false]);
});

test("OpenAPI describes the routes, from the schemas that check them", async () => {
  await start();
  const document = (await (await get("/v1/openapi.json")).json()) as OpenApi;
  expect(Object.keys(document.paths).sort()).toEqual(["/v1/notebooks", "/v1/notebooks/{id}"]);
  expect(Object.keys(document.paths["/v1/notebooks"]?.post.responses ?? {}).sort()).toEqual([
    "200",
    "201",
    "202",
    "4XX",
    "5XX",
  ]);
});
