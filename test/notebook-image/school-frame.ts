/**
 * A school's page with a notebook in an iframe, of another site, without HTTPS and passes: only what the pages of the
 * notebook need. What stands for the proxy puts the token into each request and lets the school frame the answers.
 *
 *   http://school.localhost:41234/   has an iframe of   http://notebook.localhost:41234/notebooks/lesson.ipynb
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Frame, type Page } from "playwright-core";
import { CHROMIUM_FLAGS, findChromium } from "../support/chromium.ts";
import type { RunningNotebook } from "./running-notebook.ts";

export interface SchoolFrame {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Every page that the frame has loaded, in order: paths with their queries. */
  readonly loaded: string[];
  frame(): Frame;
  close(): Promise<void>;
}

/** Serves both sites at one port, by their names. */
async function serveBoth(notebook: RunningNotebook, path: string): Promise<{ port: number; close: () => void }> {
  const addToken = (incoming: IncomingMessage) => ({ ...incoming.headers, authorization: `token ${notebook.token}` });
  const server = createServer((incoming, answer) => {
    if (incoming.headers.host?.startsWith("school.")) {
      const port = (server.address() as AddressInfo).port;
      answer.setHeader("content-type", "text/html");
      answer.end(`<!doctype html><title>School</title><body style="margin:0"><iframe
        style="width:100vw;height:100vh;border:0" src="http://notebook.localhost:${port}${path}"></iframe>`);
      return;
    }
    const options = {
      host: "127.0.0.1",
      port: notebook.port,
      method: incoming.method,
      path: incoming.url,
      headers: addToken(incoming),
    };
    const forwarded = request(options, (reply) => {
      const headers = { ...reply.headers };
      const policy = headers["content-security-policy"];
      if (typeof policy === "string") headers["content-security-policy"] = policy.replace(/frame-ancestors[^;]*;?/, "");
      answer.writeHead(reply.statusCode ?? 502, headers);
      reply.pipe(answer);
    });
    forwarded.on("error", () => answer.destroy());
    incoming.pipe(forwarded);
  });
  server.on("upgrade", (incoming, socket, head) => {
    const target = connect(notebook.port, "127.0.0.1", () => {
      const lines = Object.entries(addToken(incoming)).map(([name, value]) => `${name}: ${String(value)}`);
      target.write(`GET ${incoming.url} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
      target.write(head);
      socket.pipe(target).pipe(socket);
    });
    for (const end of [socket, target]) end.on("error", () => [socket, target].map((other) => other.destroy()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { port: (server.address() as AddressInfo).port, close };
}

/** A browser whose user has blocked third-party data (chrome://settings/cookies), so that storage throws in the frame. */
async function launchBlocking(profile: string): Promise<BrowserContext> {
  const executablePath = await findChromium();
  await mkdir(join(profile, "Default"));
  const preferences = { profile: { block_third_party_cookies: true, cookie_controls_mode: 1 } };
  await writeFile(join(profile, "Default/Preferences"), JSON.stringify(preferences));
  return chromium.launchPersistentContext(profile, {
    executablePath,
    args: CHROMIUM_FLAGS,
    viewport: { width: 1200, height: 800 },
  });
}

export async function openSchoolFrame(notebook: RunningNotebook, path: string): Promise<SchoolFrame> {
  const profile = await mkdtemp(join(tmpdir(), "hallpass-browser-"));
  const both = await serveBoth(notebook, path);
  const context = await launchBlocking(profile);
  const page = context.pages()[0] ?? (await context.newPage());
  const loaded: string[] = [];
  page.on("framenavigated", (frame) => {
    if (frame === page.mainFrame()) return;
    const url = new URL(frame.url());
    loaded.push(url.pathname + url.search);
  });
  await page.goto(`http://school.localhost:${both.port}/`);
  const frame = () => {
    const found = page.mainFrame().childFrames()[0];
    if (found === undefined) throw new Error("There is no frame in the school's page.");
    return found;
  };
  const close = async () => {
    await context.close();
    both.close();
    await rm(profile, { recursive: true, force: true });
  };
  return { page, context, loaded, frame, close };
}
