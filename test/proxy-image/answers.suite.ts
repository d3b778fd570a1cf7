/** What of a notebook's answer reaches the browser, in a real HAProxy. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { NAME, type OneNotebook, startOneNotebook } from "../support/one-notebook.ts";
import { SCHOOL_ORIGIN, type StartTestProxy } from "../support/proxy.ts";

export function describeAnswers(start: StartTestProxy, second: number): void {
  describe("the way back from a notebook", () => {
    let here: OneNotebook;
    beforeAll(async () => {
      here = await startOneNotebook(start, second);
    });
    afterAll(() => here?.stop());
    beforeEach(() => here.reset());

    describe("an answer", () => {
      async function answerTo(headers: [string, string][], lines: string[] = []): Promise<string[]> {
        here.notebook.answerHeaders = headers;
        const answer = await here.client.ask(
          [`GET /x HTTP/1.1`, `Host: ${NAME}`, `Cookie: __Host-hallpass=${here.pass}`, ...lines, "", ""].join("\r\n"),
        );
        return answer.headers.split("\r\n").slice(1);
      }
      const policies = (lines: string[]): string[] =>
        lines.filter((line) => line.startsWith("content-security-policy:")).map((line) => line.slice(25).trim());
      const ours = `frame-ancestors ${SCHOOL_ORIGIN}`;

      test.each([
        [[], [ours]],
        [["default-src 'self'"], ["default-src 'self'", ours]],
        [
          ["frame-ancestors 'self'; report-uri /api/security/csp-report"],
          ["report-uri /api/security/csp-report", ours],
        ],
        [["default-src 'self'; frame-ancestors 'none'"], ["default-src 'self';", ours]],
        [["Frame-Ancestors *"], ["", ours]],
        [["img-src x; FRAME-ANCESTORS * ; sandbox"], ["img-src x; sandbox", ours]],
        [
          ["frame-ancestors 'none'", "sandbox; frame-ancestors *"],
          ["", "sandbox;", ours],
        ],
        [["frame-ancestors 'none', default-src 'self'; frame-ancestors *"], [", default-src 'self';", ours]],
        [["report-uri /frame-ancestors"], ["report-uri /frame-ancestors", ours]],
      ])("with the policies %j may be framed by the school alone", async (sent, expected) => {
        expect(policies(await answerTo(sent.map((value) => ["content-security-policy", value])))).toEqual(expected);
      });

      test("that is part of a page keeps its own policy: it cannot be framed", async () => {
        expect(policies(await answerTo([], ["Sec-Fetch-Dest: script"]))).toEqual([]);
        expect(policies(await answerTo([], ["Sec-Fetch-Dest: iframe"]))).toEqual([ours]);
        expect(policies(await answerTo([], ["Sec-Fetch-Dest: document"]))).toEqual([ours]);
      });

      test("has no X-Frame-Options and no Server, and tells the browser to stay with HTTPS", async () => {
        const lines = await answerTo([
          ["x-frame-options", "DENY"],
          ["server", "TornadoServer/6"],
        ]);
        expect(lines.filter((line) => /^(x-frame-options|server):/i.test(line))).toEqual([]);
        expect(lines).toContain("strict-transport-security: max-age=31536000");
      });

      test.each([
        ["a=1", "a=1; SameSite=None; Secure; Partitioned"],
        ["a=1; Path=/; SameSite=Lax; HttpOnly", "a=1; Path=/; HttpOnly; SameSite=None; Secure; Partitioned"],
        [
          "a=1; secure; Domain=.ide-here.proxy.localhost; Max-Age=5",
          "a=1; Max-Age=5; SameSite=None; Secure; Partitioned",
        ],
        ["a=secure; Path=/domain=x", "a=secure; Path=/domain=x; SameSite=None; Secure; Partitioned"],
        [
          "a=1; Expires=Wed, 21 Oct 2030 07:28:00 GMT",
          "a=1; Expires=Wed, 21 Oct 2030 07:28:00 GMT; SameSite=None; Secure; Partitioned",
        ],
        [`a=1${"; Domain=ide-here.proxy.localhost".repeat(6)}`, undefined],
        ["__Host-hallpass=mine; Path=/; Secure", undefined],
      ])("with the cookie %j sets %j", async (sent, expected) => {
        const lines = await answerTo([["set-cookie", sent]]);
        expect(lines.find((line) => line.startsWith("set-cookie:"))?.slice(12)).toBe(expected);
      });
    });
  });
}
