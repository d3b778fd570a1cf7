/** An allocator that only says who it is, how much room it has, and which notebook has which port. */
import { once } from "node:events";
import { createServer as createHttpServer, type IncomingHttpHeaders } from "node:http";
import { createServer } from "node:net";

export interface StubAllocator {
  /** Every request but health checks and the router's questions. */
  seen: { url: string; headers: IncomingHttpHeaders; connection: number | undefined }[];
  /** Of 100, for the agent-check. */
  room: string;
  /** "6001/adaadaadaadaadaa": what it holds. */
  readonly holds: Set<string>;
  stop(): Promise<void>;
}

export async function startStubAllocator(name: string, address: string): Promise<StubAllocator> {
  const stub: StubAllocator = { seen: [], room: "100%", holds: new Set(), stop: async () => {} };
  const api = createHttpServer((request, response) => {
    request.resume();
    const url = request.url ?? "";
    if (url.startsWith("/holds/"))
      return response.writeHead(stub.holds.has(url.slice("/holds/".length)) ? 204 : 410).end();
    if (url !== "/healthz") stub.seen.push({ url, headers: request.headers, connection: request.socket.remotePort });
    return response.writeHead(200, { "content-length": name.length }).end(name);
  }).listen(7001, address);
  const agent = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.end(`ready up ${stub.room}\n`);
  }).listen(7002, address);
  await Promise.all([once(api, "listening"), once(agent, "listening")]);
  stub.stop = async () => {
    stub.stop = async () => {};
    api.closeAllConnections();
    for (const server of [api, agent]) {
      server.close();
      await once(server, "close");
    }
  };
  return stub;
}
