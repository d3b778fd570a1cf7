/** What reaches a notebook, and what of its answer reaches the browser: in a real HAProxy. */
import { connect as connectH2 } from "node:http2";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { encodeKeyRing, hostKey, notebookToken } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import { encodePass } from "../../fleet/pass.ts";
import { SCHOOL_ORIGIN, startTestProxy, type TestProxy } from "../support/proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { type StubNotebook, startStubNotebook } from "../support/stub-notebook.ts";

const KEY = { number: 1, base64: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" };
const ADA = { host: "dev-01", port: 6001, id: "adaadaadaadaadaa" };
const NAME = "dev-01-6001.ide-proxy.localhost";
const TOKEN = notebookToken(nodeHmac, hostKey(nodeHmac, KEY, "dev-01"), ADA.id);

describe("the way to a notebook and back", () => {
  let proxy: TestProxy;
  let notebook: StubNotebook;
  let client: RawClient;
  const pass = encodePass(nodeHmac, KEY, ADA, Math.floor(Date.now() / 1000) + 3600);
  const own = (): string => `https://${NAME}:${proxy.port}`;

  beforeAll(async () => {
    notebook = await startStubNotebook({ name: "ada", address: "127.92.0.11", port: 6001, token: TOKEN });
    proxy = await startTestProxy({
      HALLPASS_FLEET: "dev 127.92.0.0/16 2",
      HALLPASS_FLEET_KEYS: encodeKeyRing([KEY]),
    });
    client = new RawClient(proxy.port, proxy.ca);
  });
  afterAll(async () => {
    client.close();
    await proxy.stop();
    await notebook.stop();
  });
  beforeEach(() => {
    notebook.seen.length = 0;
    notebook.answerHeaders = [];
    notebook.answerStatus = 200;
  });

  /** A request with ada's pass; what the notebook saw of it, as a map from lower-case names. */
  async function seenOf(
    lines: string[],
    cookie = `__Host-hallpass=${pass}`,
    start = "GET /x HTTP/1.1",
  ): Promise<Map<string, string>> {
    const answer = await client.ask(
      [start, `Host: ${NAME}:${proxy.port}`, `Cookie: ${cookie}`, ...lines, "", ""].join("\r\n"),
    );
    expect(answer.status).toBe(200);
    return new Map(notebook.seen.at(-1)?.headers.map(([name, value]) => [name.toLowerCase(), value]));
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
    const seen = await seenOf([], sent.replaceAll("%", `__Host-hallpass=${pass}`));
    expect(seen.get("cookie") ?? "").toBe(expected);
  });

  test.each([
    "__Host-hallpass =%",
    "__Host-hallpass= %",
    " __Host-hallpass=%",
    "a=1;\t__Host-hallpass=%",
    'a="; __Host-hallpass=%"',
  ])("the pass never reaches the notebook, spelled as %j", async (spelling) => {
    await client.ask(
      `GET /x HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${pass}; ${spelling.replace("%", pass)}\r\n\r\n`,
    );
    await client.ask(`GET /x HTTP/1.1\r\nHost: ${NAME}\r\nCookie: ${spelling.replace("%", pass)}\r\n\r\n`);
    await client.ask(
      `GET /x HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${pass}\r\nCookie: ${spelling.replace("%", pass)}\r\n\r\n`,
    );
    expect(JSON.stringify(notebook.seen)).not.toContain(pass.slice(-20));
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
    expect(seen.get("host")).toBe(`${NAME}:${proxy.port}`);
  });

  test("a header whose underscores would read as dashes is refused", async () => {
    const answer = await client.ask(
      `GET /x HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${pass}\r\nX_Forwarded_For: 6.6.6.6\r\n\r\n`,
    );
    expect([answer.status, notebook.seen.length]).toEqual([403, 0]);
  });

  test("an absolute URI reaches the notebook as a path, and an upgrade to h2c not at all", async () => {
    const seen = await seenOf(
      ["Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"],
      undefined,
      `GET https://${NAME}:${proxy.port}/x?y=1 HTTP/1.1`,
    );
    expect(notebook.seen.at(-1)?.url).toBe("/x?y=1");
    expect(seen.has("upgrade")).toBe(false);
  });

  describe("a write", () => {
    test.each([
      [[], 200, "without an Origin: no browser"],
      [["Origin: OWN"], 200, "from the notebook's own page"],
      [["Origin: https://school.localhost"], 403, "from the school's page"],
      [["Origin: https://dev-02-6002.ide-proxy.localhost"], 403, "from another student's notebook"],
      [["Origin: null"], 403, "from a page without an origin"],
      [["Origin: "], 403, "from an empty origin"],
      [["Origin: OWN.evil.test"], 403, "from a name that begins like ours"],
      [["Origin: OWN", "Origin: https://evil.test"], 403, "from two origins"],
      [["Origin: https://evil.test", "Origin: OWN"], 403, "from two origins, the other way round"],
    ])("with %j is answered with %i: %s", async (origins, status) => {
      for (const method of ["POST", "PUT", "PATCH", "DELETE", "PROPFIND"]) {
        const lines = origins.map((line) => line.replace("OWN", own()));
        const request = [
          `${method} /x HTTP/1.1`,
          `Host: ${NAME}:${proxy.port}`,
          `Cookie: __Host-hallpass=${pass}`,
          "Content-Length: 0",
          ...lines,
          "",
          "",
        ];
        expect([method, (await client.ask(request.join("\r\n"))).status]).toEqual([method, status]);
      }
    });
  });

  describe("a WebSocket", () => {
    const open = (headers: Record<string, string>, origin?: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = new WebSocket(`wss://${NAME}:${proxy.port}/api/kernels/1/channels`, {
          ca: proxy.ca,
          headers,
          ...(origin === undefined ? {} : { origin }),
          lookup: (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]),
        });
        socket.on("open", () => socket.send("print(6*7)"));
        socket.on("message", (data) => {
          socket.close();
          resolve(`said ${data}`);
        });
        socket.on("unexpected-response", (_request, response) => resolve(`${response.statusCode}`));
        socket.on("error", (error) => resolve(error.message));
      });
    const cookie = { cookie: `__Host-hallpass=${pass}` };

    test("with the pass is the notebook's", async () => {
      expect(await open(cookie)).toBe("said print(6*7)");
      expect(await open(cookie, own())).toBe("said print(6*7)");
    });

    test("without a pass, or from another page, is refused", async () => {
      expect(await open({})).toBe("401");
      expect(await open(cookie, "https://school.localhost")).toBe("403");
      expect(await open({ cookie: `__Host-hallpass=${pass.slice(0, -1)}` })).toBe("403");
    });

    test("over HTTP/2 is the notebook's, or refused, by the same rules (RFC 8441)", async () => {
      const session = connectH2(own(), {
        ca: proxy.ca,
        lookup: (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]),
      });
      await new Promise((resolve) => session.once("remoteSettings", resolve));
      const ask = (headers: Record<string, string>): Promise<number> =>
        new Promise((resolve) => {
          const stream = session.request({
            ":method": "CONNECT",
            ":protocol": "websocket",
            ":path": "/api/kernels/1/channels",
            ":authority": `${NAME}:${proxy.port}`,
            ":scheme": "https",
            "sec-websocket-version": "13",
            ...headers,
          });
          stream.on("response", (answer) => {
            resolve(Number(answer[":status"]));
            stream.close();
          });
          stream.on("error", () => resolve(0));
        });
      expect(await ask(cookie)).toBe(200);
      expect(await ask({ ...cookie, origin: own() })).toBe(200);
      expect(await ask({ ...cookie, origin: "https://school.localhost" })).toBe(403);
      expect(await ask({})).toBe(401);
      session.close();
    });
  });

  describe("an answer", () => {
    async function answerTo(headers: [string, string][], lines: string[] = []): Promise<string[]> {
      notebook.answerHeaders = headers;
      const answer = await client.ask(
        [`GET /x HTTP/1.1`, `Host: ${NAME}`, `Cookie: __Host-hallpass=${pass}`, ...lines, "", ""].join("\r\n"),
      );
      return answer.headers.split("\r\n").slice(1);
    }
    const policies = (lines: string[]): string[] =>
      lines.filter((line) => line.startsWith("content-security-policy:")).map((line) => line.slice(25).trim());
    const ours = `frame-ancestors ${SCHOOL_ORIGIN}`;

    test.each([
      [[], [ours]],
      [["default-src 'self'"], ["default-src 'self'", ours]],
      [["frame-ancestors 'self'; report-uri /api/security/csp-report"], ["report-uri /api/security/csp-report", ours]],
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
      ["a=1; secure; Domain=.ide-proxy.localhost; Max-Age=5", "a=1; Max-Age=5; SameSite=None; Secure; Partitioned"],
      ["a=secure; Path=/domain=x", "a=secure; Path=/domain=x; SameSite=None; Secure; Partitioned"],
      [
        "a=1; Expires=Wed, 21 Oct 2030 07:28:00 GMT",
        "a=1; Expires=Wed, 21 Oct 2030 07:28:00 GMT; SameSite=None; Secure; Partitioned",
      ],
      [`a=1${"; Domain=ide-proxy.localhost".repeat(6)}`, undefined],
      ["__Host-hallpass=mine; Path=/; Secure", undefined],
    ])("with the cookie %j sets %j", async (sent, expected) => {
      const lines = await answerTo([["set-cookie", sent]]);
      expect(lines.find((line) => line.startsWith("set-cookie:"))?.slice(12)).toBe(expected);
    });
  });

  test("a request without TLS is sent to the same place with it, method and all", async () => {
    const answer = await fetch(`http://127.0.0.1:${proxy.httpPort}/lab?x=1`, {
      method: "POST",
      redirect: "manual",
      headers: { host: "ignored" },
    });
    expect([answer.status, answer.headers.get("location")]).toEqual([308, `https://127.0.0.1:${proxy.port}/lab?x=1`]);
  });

  test("the health listener says that it is well, and counts for Prometheus", async () => {
    const [health, metrics] = await Promise.all(
      ["healthz", "metrics"].map((path) => fetch(`http://127.0.0.1:${proxy.healthPort}/${path}`)),
    );
    expect(health?.status).toBe(200);
    expect(await metrics?.text()).toContain("haproxy_frontend_http_requests_total");
  });

  test("neither pass, ticket nor token is in what HAProxy writes", async () => {
    await client.ask(
      `GET /x?ticket=SECRET-TICKET HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${pass}\r\n\r\n`,
    );
    const written = proxy.log.join("\n");
    for (const secret of [pass.slice(-20), TOKEN, "SECRET-TICKET"]) expect(written).not.toContain(secret);
  });
});
