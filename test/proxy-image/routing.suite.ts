/** The router's cases inside a real HAProxy: its table, its rules, its Lua. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeKeyRing, hostKey, notebookToken } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import * as names from "../fleet/notebook-name.cases.ts";
import { credentialText, KEY_RING } from "../support/credentials.ts";
import type { StartTestProxy, TestProxy } from "../support/proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { type StubNotebook, startStubNotebook } from "../support/stub-notebook.ts";
import { type Case, cases, FLEET, KEYS, PASS_SECONDS } from "./decide.cases.ts";

const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** The request that a case is, as a browser would send it. */
function requestOf(each: Case, now: number): string {
  const pass = credentialText("pass", each.pass, now);
  const ticket = credentialText("ticket", each.ticket, now);
  const path = each.path ?? "/";
  const cookie = pass === "" ? "" : `Cookie: a=1; __Host-hallpass=${pass}; b=2\r\n`;
  if (each.path === "/.hallpass/enter") {
    const form = new URLSearchParams({
      ...(ticket === "" ? {} : { ticket }),
      ...(each.next === undefined ? {} : { next: each.next }),
    }).toString();
    return `POST ${path} HTTP/1.1\r\nHost: ${each.host}\r\n${cookie}Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n\r\n${form}`;
  }
  const query = each.query?.replace("ticket=x", `ticket=${ticket}`) ?? (ticket === "" ? "" : `ticket=${ticket}`);
  return `GET ${path}${query === "" ? "" : `?${query}`} HTTP/1.1\r\nHost: ${each.host}\r\n${cookie}\r\n`;
}

export function describeRouting(start: StartTestProxy): void {
  describe("HAProxy with the router", () => {
    let proxy: TestProxy;
    const notebooks: StubNotebook[] = [];
    const clients: RawClient[] = [];
    const newClient = (): RawClient => {
      const client = new RawClient(proxy.port, proxy.ca);
      clients.push(client);
      return client;
    };

    beforeAll(async () => {
      for (const [name, host, address, port] of [
        ["ada", "dev-01", "127.91.0.11", 6001],
        ["grace", "dev-02", "127.91.16.12", 6002],
      ] as const) {
        const id = credentialText("pass", { host, port, student: name, seconds: 60 }, nowSeconds()).split(".")[1] ?? "";
        const token = notebookToken(nodeHmac, hostKey(nodeHmac, { number: 2, base64: KEYS.current }, host), id);
        notebooks.push(await startStubNotebook({ name, address, port, token }));
      }
      proxy = await start({
        HALLPASS_FLEET: FLEET.fleet,
        HALLPASS_FLEET_KEYS: encodeKeyRing(KEY_RING),
        HALLPASS_PASS_SECONDS: `${PASS_SECONDS}`,
      });
    });
    afterAll(async () => {
      for (const client of clients) client.close();
      await proxy.stop();
      for (const notebook of notebooks) await notebook.stop();
    });

    // The stubs know the current key's token only: with the previous one, the notebook itself would refuse.
    const runnable = cases.filter(
      (each) => !(each.expected.includes(":") && JSON.stringify(each.pass).includes("previous")),
    );

    test.each(runnable)("$why → $expected", async (each) => {
      const client = newClient();
      const answer = await client.ask(requestOf(each, nowSeconds()));
      if (each.expected.includes(":")) {
        expect(answer.status).toBe(200);
        const owner = each.expected.startsWith("127.91.0.11") ? "ada" : "grace";
        expect(JSON.parse(answer.body)).toMatchObject({ notebook: owner, method: "GET", url: "/" });
      } else {
        const location = /^location: (.*)$/im.exec(answer.headers)?.[1];
        expect(answer.status === 303 ? `303 ${location}` : `${answer.status}`).toBe(each.expected);
      }
    });

    test.each(cases.filter((each) => Number(each.expected) > 400))(
      "is refused again the second time: $why",
      async (each) => {
        const client = newClient();
        const [first, second] = [
          await client.ask(requestOf(each, nowSeconds())),
          await client.ask(requestOf(each, nowSeconds())),
        ];
        expect([first.status, second.status]).toEqual([Number(each.expected), Number(each.expected)]);
      },
    );

    test("a case that a pass is remembered for does not open for another name", async () => {
      const client = newClient();
      const now = nowSeconds();
      const pass = credentialText("pass", { host: "dev-01", port: 6001, student: "ada", seconds: 600 }, now);
      const at = (host: string) =>
        client.ask(`GET / HTTP/1.1\r\nHost: ${host}\r\nCookie: __Host-hallpass=${pass}\r\n\r\n`);
      expect((await at("dev-01-6001.ide-proxy.localhost")).status).toBe(200);
      expect((await at("dev-01-6001.ide-proxy.localhost")).status).toBe(200);
      expect((await at("dev-02-6002.ide-proxy.localhost")).status).toBe(403);
      expect((await at("dev-01-6002.ide-proxy.localhost")).status).toBe(403);
      expect((await at("dev-01-6001.ide-proxy.localhost.evil.test")).status).toBe(421);
    });

    test.each(names.refused.filter(([host]) => isHeaderValue(host)))(
      "the name %s is refused, and not repeated: %s",
      async (host) => {
        const here = host.replace("ide-proxy.example.org", "ide-proxy.localhost").replace("nyc-", "dev-");
        const pass = credentialText("pass", { host: "dev-01", port: 6578, student: "ada", seconds: 60 }, nowSeconds());
        const answer = await newClient().ask(
          `GET / HTTP/1.1\r\nHost: ${here}\r\nCookie: __Host-hallpass=${pass}\r\n\r\n`,
        );
        expect([400, 403, 404, 421]).toContain(answer.status);
        if (here.length > 12) expect(answer.body + answer.headers).not.toContain(here);
      },
    );
  });
}

/** What can be sent as a header; the rest never reaches a proxy. The apex is a name of its own here. */
function isHeaderValue(host: string): boolean {
  return /^[\x21-\x7e]+$/.test(host) && host !== "ide-proxy.example.org";
}
