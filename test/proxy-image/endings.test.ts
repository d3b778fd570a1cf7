/** What a student meets when a notebook has ended, its machine is down, or the router fails: in a real HAProxy. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { encodeKeyRing, hostKey, notebookToken } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import { encodePass, encodeTicket } from "../../fleet/pass.ts";
import { startTestProxy, type TestProxy } from "../support/proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { type StubAllocator, startStubAllocator } from "../support/stub-allocator.ts";
import { type StubNotebook, startStubNotebook } from "../support/stub-notebook.ts";

const KEY = { number: 1, base64: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" };
const NAME = "dev-01-6001.ide-proxy.localhost";
const AT = { host: "dev-01", port: 6001 };
const ADA = { ...AT, id: "adaadaadaadaadaa" };
const GRACE = { ...AT, id: "gracegracegraceg" };
const SETTINGS = { HALLPASS_FLEET: "dev 127.93.0.0/16 2", HALLPASS_FLEET_KEYS: encodeKeyRing([KEY]) };
const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;
const passOf = (notebook: typeof ADA): string => encodePass(nodeHmac, KEY, notebook, inAnHour());
const start = (notebook: typeof ADA, name: string): Promise<StubNotebook> =>
  startStubNotebook({
    name,
    address: "127.93.0.11",
    port: 6001,
    token: notebookToken(nodeHmac, hostKey(nodeHmac, KEY, "dev-01"), notebook.id),
  });

describe("an old tab", () => {
  let proxy: TestProxy;
  let client: RawClient;
  let allocator: StubAllocator;
  const running: StubNotebook[] = [];
  beforeEach(async () => {
    allocator = await startStubAllocator("dev-01", "127.93.0.11");
    proxy = await startTestProxy(SETTINGS);
    client = new RawClient(proxy.port, proxy.ca);
  });
  afterEach(async () => {
    client.close();
    await proxy.stop();
    await allocator.stop();
    for (const notebook of running.splice(0)) await notebook.stop();
  });
  const ask = (path: string, pass: string) =>
    client.ask(`GET ${path} HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${pass}\r\n\r\n`);

  /** The port is this notebook's now, as its allocator knows. */
  async function hand(notebook: typeof ADA, name: string): Promise<StubNotebook> {
    await running.pop()?.stop();
    allocator.holds.clear();
    allocator.holds.add(`6001/${notebook.id}`);
    const started = await start(notebook, name);
    running.push(started);
    return started;
  }

  test("of ada's meets a page that says so, never grace's notebook on the same port", async () => {
    const [adas, graces] = [passOf(ADA), passOf(GRACE)];
    await hand(ADA, "ada");
    expect((await ask("/x", adas)).body).toContain('"notebook":"ada"');
    const second = await hand(GRACE, "grace");
    // Within the minute that ada's pass is remembered: a page, and a call once it is forgotten.
    const page = await ask("/x", adas);
    expect([page.status, page.body.includes("This notebook has ended")]).toEqual([410, true]);
    expect((await ask("/api/contents", adas)).status).toBe(410);
    expect((await ask("/x", graces)).body).toContain('"notebook":"grace"');
    expect(second.seen.map((seen) => seen.url)).toEqual(["/x"]);
  });

  test("whose first request is a call gets 403 from the other notebook, and 410 from then on", async () => {
    const adas = passOf(ADA);
    await hand(ADA, "ada");
    await ask("/x", adas);
    const second = await hand(GRACE, "grace");
    expect((await ask("/api/contents", adas)).status).toBe(403);
    expect((await ask("/api/contents", adas)).status).toBe(410);
    expect((await ask("/x", adas)).status).toBe(410);
    expect(second.seen).toEqual([]);
  });

  test("never reaches a notebook that would take anybody: its allocator is asked, not the notebook", async () => {
    const mallory = await hand(GRACE, "mallory");
    mallory.takesAnybody = true;
    expect((await ask("/x", passOf(ADA))).status).toBe(410);
    expect(mallory.seen).toEqual([]);
  });

  test("goes on while the allocator is down", async () => {
    const adas = passOf(ADA);
    await hand(ADA, "ada");
    await allocator.stop();
    expect((await ask("/x", adas)).body).toContain('"notebook":"ada"');
    expect((await ask("/x", adas)).body).toContain('"notebook":"ada"');
  });

  test("is not remembered for longer by a request that lasts", async () => {
    const notebook = await hand(ADA, "ada");
    notebook.hangs = true;
    void ask("/hangs", passOf(ADA));
    await expect.poll(() => notebook.seen.length).toBe(1);
    const table = await readTable(proxy.runDir);
    expect(table).toMatch(/used:1/);
    expect(table).toMatch(/ use=0 exp=\d+/);
  });

  test("whose notebook's machine does not answer meets a page that says so", async () => {
    allocator.holds.add(`6001/${ADA.id}`);
    const answer = await ask("/x", passOf(ADA));
    expect(answer.status).toBe(503);
    expect(answer.body).toContain("Your notebook cannot be reached");
    expect(answer.body).toContain('{"type":"hallpass","status":503,"reason":"unreachable"}');
  });

  test("whose key has been taken away is refused", async () => {
    const other = { number: 1, base64: "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=" };
    expect((await ask("/x", encodePass(nodeHmac, other, ADA, inAnHour()))).status).toBe(403);
  });
});

/** What HAProxy's runtime API says of the remembered passes: how many, and for each who uses it and when it expires. */
async function readTable(runDir: string): Promise<string> {
  const socket = connect(join(runDir, "admin.sock"));
  socket.end("show table passes\n");
  let text = "";
  for await (const piece of socket) text += piece;
  return text;
}

describe("a browser's store", () => {
  test("is emptied for a notebook it comes to for the first time, and kept for one that it knows", async () => {
    const proxy = await startTestProxy(SETTINGS);
    const client = new RawClient(proxy.port, proxy.ca);
    const ticket = encodeTicket(nodeHmac, hostKey(nodeHmac, KEY, "dev-01"), ADA, inAnHour());
    const enter = async (cookie: string): Promise<string | undefined> => {
      const answer = await client.ask(
        `GET /lab?ticket=${ticket} HTTP/1.1\r\nHost: ${NAME}\r\nCookie: ${cookie}\r\n\r\n`,
      );
      expect(answer.status).toBe(303);
      return /^clear-site-data: (.*)$/im.exec(answer.headers)?.[1]?.trim();
    };
    const emptied = '"cache", "storage"';
    expect(await enter("a=1")).toBe(emptied);
    expect(await enter(`__Host-hallpass=${passOf(GRACE)}`)).toBe(emptied);
    expect(await enter(`__Host-hallpass=${passOf(ADA)}`)).toBe(undefined);
    client.close();
    await proxy.stop();
  });

  test.each(["Service-Worker: script", "Sec-Fetch-Dest: serviceworker"])(
    "is given no service worker (%s)",
    async (header) => {
      const proxy = await startTestProxy(SETTINGS);
      const client = new RawClient(proxy.port, proxy.ca);
      const notebook = await start(ADA, "ada");
      const answer = await client.ask(
        `GET /sw.js HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${passOf(ADA)}\r\n${header}\r\n\r\n`,
      );
      expect([answer.status, notebook.seen]).toEqual([403, []]);
      client.close();
      await proxy.stop();
      await notebook.stop();
    },
  );
});

describe("a ticket", () => {
  test("gets a pass that the browser keeps for this notebook alone, in this school's page alone", async () => {
    const proxy = await startTestProxy({ ...SETTINGS, HALLPASS_PASS_SECONDS: "3600" });
    const client = new RawClient(proxy.port, proxy.ca);
    const ticket = encodeTicket(nodeHmac, hostKey(nodeHmac, KEY, "dev-01"), ADA, inAnHour());
    const answer = await client.ask(`GET /lab?ticket=${ticket}&x=1 HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`);
    expect(answer.headers).toMatch(
      /^set-cookie: __Host-hallpass=[\w.-]{100,130}; Max-Age=3600; Path=\/; Secure; HttpOnly; SameSite=None; Partitioned\r?$/m,
    );
    expect(answer.headers).toMatch(/^location: \/lab\?x=1\r?$/m);
    expect(answer.headers).toMatch(/^cache-control: no-store\r?$/m);
    client.close();
    await proxy.stop();
  });
});

describe("a router that fails", () => {
  test.each([
    ["an error", 'error("broken")'],
    ["no answer at all", "return"],
    ["a loop without an end", "while true do end"],
  ])("by %s admits nobody", async (_how, lua) => {
    const router = join(import.meta.dirname, "..", "..", "dist", "proxy-image", "router.lua");
    const good = readFileSync(router, "utf8");
    const notebook = await start(ADA, "ada");
    const broken = good.replace(
      /core\.register_action\(\s*"route",\s*\{"http-req"\},\s*function\(txn\)/,
      (found) => `${found} ${lua === "return" ? "do return end" : lua}\n`,
    );
    expect(broken).not.toBe(good);
    const proxy = await startTestProxy(SETTINGS, broken);
    const client = new RawClient(proxy.port, proxy.ca);
    const answer = await client.ask(
      `GET /x HTTP/1.1\r\nHost: ${NAME}\r\nCookie: __Host-hallpass=${passOf(ADA)}\r\n\r\n`,
    );
    expect(answer.status).toBe(500);
    expect(notebook.seen).toEqual([]);
    client.close();
    await proxy.stop();
    await notebook.stop();
  });
});
