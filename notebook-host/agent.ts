/**
 * Answers HAProxy's agent-check, which sets how much of the students' requests this host gets
 * (HAProxy configuration manual, "agent-check").
 *
 *   connect  →  "ready up 75%\n"     three quarters of this host's places are free
 *   connect  →  "drain\n"            cordoned: no new requests, but it answers those that it has
 *
 * Never 0%: a full host still answers for the notebooks that it holds, and knows its neighbours.
 */
import { createServer, type Server } from "node:net";
import type { Room } from "./notebooks.ts";

/** The proxies ask every few seconds, and a dozen of them are many. */
const MAX_CONNECTIONS = 64;
const IDLE_MS = 5000;

export function describeRoom(room: Room, isCordoned: boolean): string {
  if (isCordoned) return "drain\n";
  return `ready up ${Math.max(1, Math.floor((100 * room.free) / room.capacity))}%\n`;
}

export function createAgent(readRoom: () => { room: Room; isCordoned: boolean }): Server {
  const server = createServer((socket) => {
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    // The proxy may be gone before it has read: that is its affair.
    socket.on("error", () => socket.destroy());
    const { room, isCordoned } = readRoom();
    socket.end(describeRoom(room, isCordoned));
    socket.resume();
  });
  server.maxConnections = MAX_CONNECTIONS;
  return server;
}
