/**
 * A notebook that is none: strict about its token as Jupyter is, and it tells what reached it.
 *
 *   GET /anything  →  200 { "notebook": "ada", "method": "GET", "url": "/anything", "headers": [[…], …] }
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";

export interface Seen {
  readonly notebook: string;
  readonly method: string;
  readonly url: string;
  readonly headers: [name: string, value: string][];
}

export interface StubNotebook {
  /** Every request that came with the right token. */
  readonly seen: Seen[];
  /** How many came without it. */
  refused: number;
  /** Headers of the next answers: [name, value] pairs, a name as often as one likes. */
  answerHeaders: [name: string, value: string][];
  answerStatus: number;
  /** A notebook that a student has taken over: it takes any token. */
  takesAnybody: boolean;
  /** Never answers, though it has heard. */
  hangs: boolean;
  stop(): Promise<void>;
}

export async function startStubNotebook(at: {
  name: string;
  address: string;
  port: number;
  token: string;
}): Promise<StubNotebook> {
  const stub: StubNotebook = {
    seen: [],
    refused: 0,
    answerHeaders: [],
    answerStatus: 200,
    takesAnybody: false,
    hangs: false,
    stop: async () => {},
  };
  const isAllowed = (request: IncomingMessage): boolean =>
    stub.takesAnybody || request.headers.authorization === `token ${at.token}`;
  const server = createServer((request, response) => answer(at.name, stub, isAllowed(request), request, response));
  serveWebSockets(server, stub, isAllowed);
  server.listen(at.port, at.address);
  await once(server, "listening");
  stub.stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return stub;
}

function answer(
  name: string,
  stub: StubNotebook,
  isAllowed: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  request.resume();
  const url = request.url ?? "";
  if (!isAllowed) {
    stub.refused += 1;
    // As Jupyter does: a page goes to the login, a call is forbidden.
    if (url.startsWith("/api/")) response.writeHead(403).end("{}");
    else response.writeHead(302, { location: `/login?next=${encodeURIComponent(url)}` }).end();
    return;
  }
  const pairs = request.rawHeaders.flatMap((text, i, all): [string, string][] =>
    i % 2 === 0 ? [[text, all[i + 1] ?? ""]] : [],
  );
  const seen: Seen = { notebook: name, method: request.method ?? "", url, headers: pairs };
  stub.seen.push(seen);
  if (stub.hangs) return;
  const body = JSON.stringify(seen);
  const headers = [["content-type", "application/json"], ["content-length", `${body.length}`], ...stub.answerHeaders];
  response.writeHead(stub.answerStatus, headers.flat()).end(body);
}

/** Answers every message with itself, and the notebook's name with the path. */
function serveWebSockets(server: Server, stub: StubNotebook, isAllowed: (request: IncomingMessage) => boolean): void {
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!isAllowed(request)) {
      stub.refused += 1;
      socket.end("HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
      return;
    }
    sockets.handleUpgrade(request, socket, head, (open) => open.on("message", (data) => open.send(data.toString())));
  });
}
