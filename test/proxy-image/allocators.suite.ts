/** The way to the allocators through a real HAProxy: which paths, which of them, and what no client can claim. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StartTestProxy, TestProxy } from "../support/proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { type StubAllocator, startStubAllocator } from "../support/stub-allocator.ts";

export function describeAllocators(start: StartTestProxy): void {
  describe("the allocators behind the domain", () => {
    let proxy: TestProxy;
    let client: RawClient;
    let first: StubAllocator;
    let second: StubAllocator;
    beforeAll(async () => {
      first = await startStubAllocator("first", "127.94.0.11");
      second = await startStubAllocator("second", "127.94.16.12");
      proxy = await start({
        HALLPASS_FLEET: "dev 127.94.0.0/16 2",
        HALLPASS_FLEET_KEYS: "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
      });
      client = new RawClient(proxy.port, proxy.ca);
    });
    afterAll(async () => {
      client.close();
      await proxy.stop();
      await first.stop();
      await second.stop();
    });

    const ask = (path: string, lines: string[] = [], method = "GET") =>
      client.ask(
        [`${method} ${path} HTTP/1.1`, "Host: ide-proxy.localhost", "Content-Length: 0", ...lines, "", ""].join("\r\n"),
      );
    /** Unsigned: the proxy looks at the name only, and the allocator at the signature. */
    const tokenOf = (student: string): string =>
      `Authorization: Bearer ${["{}", JSON.stringify({ sub: student }), "x"].map((part) => Buffer.from(part).toString("base64url")).join(".")}`;
    const clear = (): void => {
      first.seen = [];
      second.seen = [];
    };

    test.each(["/v1/notebooks", "/v1/openapi.json", "/embed.js"])("%s reaches one", async (path) => {
      const answer = await ask(path);
      expect([answer.status, ["first", "second"].includes(answer.body)]).toEqual([200, true]);
    });

    test.each([
      "/",
      "/metrics",
      "/healthz",
      "/readyz",
      "/v1",
      "/v2/notebooks",
      "/embed.js/x",
      "/v1/../metrics",
      "/v1/%2e%2e/metrics",
      "//metrics",
      "/V1/notebooks",
      "/holds/6001/adaadaadaadaadaa",
      "/v1/../holds/6001/adaadaadaadaadaa",
    ])("%s does not", async (path) => {
      clear();
      expect((await ask(path)).status).toBe(404);
      expect([...first.seen, ...second.seen]).toEqual([]);
    });

    test("gets the school's token as it is", async () => {
      clear();
      await ask("/v1/notebooks", [tokenOf("ada")], "POST");
      expect([...first.seen, ...second.seen].map((seen) => seen.headers.authorization)).toEqual([
        tokenOf("ada").slice("Authorization: ".length),
      ]);
    });

    // An allocator that refuses a request before its body has come would read that body out of the next request.
    test("no two requests come on one connection", async () => {
      clear();
      for (let i = 0; i < 20; i++) await ask("/v1/notebooks", [], "POST");
      const connections = [...first.seen, ...second.seen].map((seen) => seen.connection);
      expect([connections.length, new Set(connections).size]).toEqual([20, 20]);
    });

    test("what allocators tell each other, no client can say", async () => {
      clear();
      await ask("/v1/notebooks", ["Hallpass-Relayed: dev-02", "X-Forwarded-For: 6.6.6.6"]);
      const [seen] = [...first.seen, ...second.seen];
      expect([seen?.headers["hallpass-relayed"], seen?.headers["x-forwarded-for"]]).toEqual([undefined, "127.0.0.1"]);
    });

    test("a student's requests meet the same one, and different students' both", async () => {
      clear();
      const students = Array.from({ length: 20 }, (_, i) => `student-${i}`);
      const met = async () =>
        Promise.all(
          students.map(
            async (student) =>
              (
                await new RawClient(proxy.port, proxy.ca).ask(
                  `POST /v1/notebooks HTTP/1.1\r\nHost: ide-proxy.localhost\r\nContent-Length: 0\r\nConnection: close\r\n${tokenOf(student)}\r\n\r\n`,
                )
              ).body,
          ),
        );
      const [once, again] = [await met(), await met()];
      expect(again).toEqual(once);
      expect(new Set(once)).toEqual(new Set(["first", "second"]));
    });

    test("who has more room gets more of the new students", async () => {
      first.room = "90%";
      second.room = "10%";
      await expect
        .poll(
          async () => {
            clear();
            for (let i = 0; i < 40; i++) await ask("/v1/notebooks", [], "POST");
            return first.seen.length;
          },
          { timeout: 20_000 },
        )
        .toBeGreaterThanOrEqual(34);
    });

    test("one that is stopped is left out, and its students meet the other", async () => {
      const students = Array.from({ length: 10 }, (_, i) => `again-${i}`);
      for (const student of students) await ask("/v1/notebooks", [tokenOf(student)], "POST");
      await first.stop();
      for (const student of students)
        expect((await ask("/v1/notebooks", [tokenOf(student)], "POST")).body).toBe("second");
    });
  });
}
