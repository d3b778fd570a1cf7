/**
 * Memory for a WebSocket that is open and silent, as a student's is who thinks: by how much the proxy's
 * resident memory grows from a few of them to many.
 *
 * The kernel's own memory for sockets is not in it; it is the same for every proxy.
 */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { WebSocket } from "ws";
import { openWebSocket } from "./notebook-load.ts";
import { type Peer, startPeer } from "./peers.ts";

/** What a proxy allocates once, at its first connections, is not counted. */
const FEW = 20;
const MANY = 500;
/** Opened at once: no proxy's queue of new connections overflows. */
const BATCH = 20;

/** Bytes for each of 500 idle WebSockets over TLS. */
export async function measureIdleMemory(peer: Peer): Promise<number> {
  const process = await startPeer(peer);
  const opened: WebSocket[] = [];
  const open = async (count: number): Promise<number> => {
    for (let left = count; left > 0; left -= BATCH)
      opened.push(...(await Promise.all(Array.from({ length: Math.min(BATCH, left) }, () => openWebSocket(peer)))));
    // Buffers that were needed for the last messages are given back.
    await delay(1000);
    return readResidentBytes(process.pid);
  };
  try {
    const before = await open(FEW);
    const after = await open(MANY);
    return (after - before) / MANY;
  } finally {
    for (const socket of opened) socket.terminate();
    await process.stop();
  }
}

/** proc(5), /proc/pid/status, "VmRSS: 23456 kB". */
function readResidentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) * 1024;
}
