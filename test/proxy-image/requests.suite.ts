/** What reaches a notebook of a request, in a real HAProxy. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { NAME, type OneNotebook, startOneNotebook, TOKEN } from "../support/one-notebook.ts";
import type { StartTestProxy } from "../support/proxy.ts";

export function describeRequests(start: StartTestProxy, second: number): void {
  describe("the way to a notebook", () => {
    let here: OneNotebook;
    beforeAll(async () => {
      here = await startOneNotebook(start, second);
    });
    afterAll(() => here?.stop());
    beforeEach(() => here.reset());

    /** A request with ada's pass; what the notebook saw of it, as a map from lower-case names. */
    async function seenOf(
      lines: string[],
      cookie = `__Host-hallpass=${here.pass}`,
      start = "GET /x HTTP/1.1",
    ): Promise<Map<string, string>> {
      const answer = await here.client.ask(
        [start, `Host: ${NAME}:${here.proxy.port}`, `Cookie: ${cookie}`, ...lines, "", ""].join("\r\n"),
      );
      expect(answer.status).toBe(200);
      return new Map(here.notebook.seen.at(-1)?.headers.map(([name, value]) => [name.toLowerCase(), value]));
    }

    test("a notebook gets its own token in place of whatever the client claims", async () => {
      const seen = await seenOf(["Authorization: token stolen"]);
      expect(seen.get("authorization")).toBe(`token ${TOKEN}`);
    });

    test.each([
      ["%", ""],
      ["a=1; %", "a=1"],
      ["%; b=2", "b=2"],
      ["a=1; %; b=2", "a=1; b=2"],
      ["a=1;%;b=2", "a=1;b=2"],
      ["%; %", ""],
      ["x__Host-hallpass=kept; %", "x__Host-hallpass=kept"],
      ["a=1; __Host-hallpass-2=kept; %", "a=1; __Host-hallpass-2=kept"],
    ])("of the cookies %j the notebook gets %j", async (sent, expected) => {
      const seen = await seenOf([], sent.replaceAll("%", `__Host-hallpass=${here.pass}`));
      expect(seen.get("cookie") ?? "").toBe(expected);
    });

    test.each([
      "__Host-hallpass =%",
      "__Host-hallpass= %",
      " __Host-hallpass=%",
      "a=1;\t__Host-hallpass=%",
      'a="; __Host-hallpass=%"',
    ])("the pass never reaches the notebook, spelled as %j", async (spelling) => {
      await here.client.ask(
        `GET /x HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${here.pass}; ${spelling.replace("%", here.pass)}\r\n\r\n`,
      );
      await here.client.ask(`GET /x HTTP/1.1\r\nHost: ${NAME}\r\nCookie: ${spelling.replace("%", here.pass)}\r\n\r\n`);
      await here.client.ask(
        `GET /x HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${here.pass}\r\nCookie: ${spelling.replace("%", here.pass)}\r\n\r\n`,
      );
      expect(JSON.stringify(here.notebook.seen)).not.toContain(here.pass.slice(-20));
    });

    test("what the client says of the way here is dropped, and the truth put in its place", async () => {
      const seen = await seenOf([
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: evil.test",
        "X-Forwarded-Port: 1",
        "X-Forwarded-Prefix: /evil",
        "Forwarded: for=6.6.6.6",
        "X-Real-IP: 6.6.6.6",
        "X-Scheme: http",
      ]);
      expect(Object.fromEntries([...seen].filter(([name]) => /^(x-|forwarded)/.test(name)))).toEqual({
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-proto": "https",
        "x-real-ip": "127.0.0.1",
        "x-scheme": "https",
      });
      expect(seen.get("host")).toBe(`${NAME}:${here.proxy.port}`);
    });

    // One look over all the names decides whether any of these is there: each must be seen when it is alone.
    test.each([
      "X-Forwarded-For: 6.6.6.6",
      "X-Forwarded-Proto: http",
      "X-Forwarded-Anything: 1",
      "Forwarded: for=6.6.6.6",
      "X-Real-IP: 6.6.6.6",
      "X-Scheme: http",
      "x-scheme: http",
    ])("%j is dropped when the client says nothing else", async (line) => {
      await seenOf([line]);
      const headers = here.notebook.seen.at(-1)?.headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`);
      expect(headers?.filter((header) => /^(x-|forwarded)/.test(header)).sort()).toEqual([
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: https",
        "x-real-ip: 127.0.0.1",
        "x-scheme: https",
      ]);
    });

    test.each(["X_Y: 1", "X.Y: 1"])("a header whose name could read as another is refused: %j", async (line) => {
      const answer = await here.client.ask(
        `GET /x HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${here.pass}\r\n${line}\r\n\r\n`,
      );
      expect([answer.status, here.notebook.seen.length]).toEqual([403, 0]);
    });

    test("a header whose underscores would read as dashes is refused", async () => {
      const answer = await here.client.ask(
        `GET /x HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${here.pass}\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n`,
      );
      expect([answer.status, here.notebook.seen.length]).toEqual([403, 0]);
    });

    test("an absolute URI reaches the notebook as a path, and an upgrade to h2c not at all", async () => {
      const seen = await seenOf(
        ["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"],
        undefined,
        `GET https://${NAME}:${here.proxy.port}/x?y=1 HTTP/1.1`,
      );
      expect(here.notebook.seen.at(-1)?.url).toBe("/x?y=1");
      expect(seen.has("upgrade")).toBe(false);
    });

    describe("a write", () => {
      test.each([
        [[], 200, "without an Origin: no browser"],
        [["Origin: OWN"], 200, "from the notebook's own page"],
        [["Origin: https://school.localhost"], 403, "from the school's page"],
        [["Origin: https://dev-02-6002.ide-here.proxy.localhost"], 403, "from another student's notebook"],
        [["Origin: null"], 403, "from a page without an origin"],
        [["Origin: "], 403, "from an empty origin"],
        [["Origin: OWN.evil.test"], 403, "from a name that begins like ours"],
        [["Origin: OWN", "Origin: https://evil.test"], 403, "from two origins"],
        [["Origin: https://evil.test", "Origin: OWN"], 403, "from two origins, the other way round"],
      ])("with %j is answered with %i: %s", async (origins, status) => {
        for (const method of ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"]) {
          const lines = origins.map((line) => line.replace("OWN", here.own));
          const request = [
            `${method} /x HTTP/1.1`,
            `Host: ${NAME}:${here.proxy.port}`,
            `Cookie: __Host-hallpass=${here.pass}`,
            "Content-Length: 0",
            ...lines,
            "",
            "",
          ];
          expect([method, (await here.client.ask(request.join("\r\n"))).status]).toEqual([method, status]);
        }
      });
    });

    test("a request without TLS is sent to the same place with it, method and all", async () => {
      const answer = await fetch(`http://127.0.0.1:${here.proxy.httpPort}/lab?x=1`, {
        method: "POST",
        redirect: "manual",
        headers: { host: "ignored" },
      });
      expect([answer.status, answer.headers.get("location")]).toEqual([
        308,
        `https://127.0.0.1:${here.proxy.port}/lab?x=1`,
      ]);
    });

    test("the health listener says that it is well, and counts for Prometheus", async () => {
      const [health, metrics] = await Promise.all(
        ["healthz", "metrics"].map((path) => fetch(`http://127.0.0.1:${here.proxy.healthPort}/${path}`)),
      );
      expect(health?.status).toBe(200);
      expect(await metrics?.text()).toContain("haproxy_frontend_http_requests_total");
    });

    test("neither pass, ticket nor token is in what HAProxy writes", async () => {
      await here.client.ask(
        `GET /x?ticket=SECRET-TICKET HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${here.pass}\r\n\r\n`,
      );
      const written = await here.proxy.readLog();
      for (const secret of [here.pass.slice(-20), TOKEN, "SECRET-TICKET"]) expect(written).not.toContain(secret);
    });
  });
}
