/** One notebook that answers little, and requests for it as a page in the browser makes them. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { Agent, request as startRequest } from "node:https";
import { WebSocket, WebSocketServer } from "ws";
import { hostKey, notebookToken } from "../fleet/keys.ts";
import { nodeHmac } from "../fleet/node-hmac.ts";
import { encodePass } from "../fleet/pass.ts";

export const FLEET = "dev 127.95.0.0/16 1";
export const ADDRESS = "127.95.0.11";
export const PORT = 6001;
const NAME = "dev-01-6001.ide-proxy.localhost";
export const KEY = { number: 1, base64: Buffer.alloc(32, 7).toString("base64") };
const NOTEBOOK = { host: "dev-01", port: PORT, id: "adaadaadaadaadaa" };

/**
 * Answers 110 bytes with a policy, as Jupyter's API does, to whoever brings the notebook's token; plain HAProxy and
 * nginx bring none. What comes over a WebSocket is sent back.
 */
export async function startNotebook(): Promise<{ stop(): void }> {
  const token = `token ${notebookToken(nodeHmac, hostKey(nodeHmac, KEY, NOTEBOOK.host), NOTEBOOK.id)}`;
  const isRefused = ({ headers }: IncomingMessage): boolean => (headers.authorization ?? token) !== token;
  const body = JSON.stringify({ notebook: "ada", text: "x".repeat(80) });
  const server = createServer((incoming, response) => {
    if (isRefused(incoming)) return response.writeHead(403).end();
    return response
      .writeHead(200, {
        "content-type": "application/json",
        "content-length": body.length,
        "content-security-policy": "frame-ancestors 'self'; report-uri /api/security/csp-report",
      })
      .end(body);
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (incoming, socket, head) => {
    if (isRefused(incoming)) return socket.destroy();
    return sockets.handleUpgrade(incoming, socket, head, (opened) => opened.on("message", (data) => opened.send(data)));
  });
  server.keepAliveTimeout = 120_000;
  server.listen(PORT, ADDRESS);
  await once(server, "listening");
  return { stop: () => void server.close().closeAllConnections() };
}

/** What Notebook 7 asks its server for again and again. */
export const PATH = "/api/contents?content=1";

/**
 * The headers of a call that Notebook 7 makes to its server, with the cookies that it has by then: the oldest
 * comes first (RFC 6265 section 5.4).
 */
export function browserHeaders(): Record<string, string> {
  const pass = encodePass(nodeHmac, KEY, NOTEBOOK, Math.floor(Date.now() / 1000) + 36_000);
  return {
    host: NAME,
    accept: "*/*",
    "accept-language": "en",
    "content-type": "application/json",
    cookie: `__Host-hallpass=${pass}; _xsrf=2|76b6d8c9|3b2f9e8a7c6d5e4f3a2b1c0d9e8f7a6b|1795386552`,
    referer: `https://${NAME}/notebooks/lesson.ipynb`,
    "sec-fetch-dest": "empty",
    "sec-fetch-mode": "cors",
    "sec-fetch-site": "same-origin",
    "user-agent":
      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
  };
}

export interface Browser {
  /** Sends so many requests, one after the other on each connection; throws unless each is answered with 200. */
  request(count: number): Promise<void>;
  close(): void;
}

/** Connections with TLS, opened when they are first needed, and kept. */
export function openBrowser(at: { port: number; ca: string }, connections: number): Browser {
  const ALPNProtocols = ["http/1.1"];
  const agent = new Agent({ keepAlive: true, maxSockets: connections, ca: at.ca, servername: NAME, ALPNProtocols });
  const headers = browserHeaders();
  const request = async (count: number): Promise<void> => {
    let left = count;
    const worker = async (): Promise<void> => {
      while (left-- > 0) {
        const status = await send({ agent, port: at.port, headers });
        if (status !== 200) throw new Error(`the proxy at port ${at.port} answered ${status}, and not 200`);
      }
    };
    await Promise.all(Array.from({ length: connections }, worker));
  };
  return { request, close: () => agent.destroy() };
}

function send(options: { agent: Agent; port: number; headers: Record<string, string> }): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = startRequest({ host: "127.0.0.1", path: PATH, ...options }, (response) => {
      response.resume().once("end", () => resolve(response.statusCode ?? 0));
    });
    outgoing.once("error", reject).end();
  });
}

/** A kernel's WebSocket over a TLS connection of its own, over which 2 kB have come and gone. */
export async function openWebSocket(at: { port: number; ca: string }): Promise<WebSocket> {
  const socket = new WebSocket(`wss://${NAME}:${at.port}/api/kernels/1/channels`, {
    ca: at.ca,
    headers: browserHeaders(),
    lookup: (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]),
  });
  await once(socket, "open");
  socket.send("x".repeat(2000));
  await once(socket, "message");
  return socket;
}
