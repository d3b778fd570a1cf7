/**
 * Who listens on a port: for the message that a port is taken.
 *
 *   readPortOwner(8443)  →  { pid: 4711, command: "haproxy -W -f …/haproxy.cfg" }
 *
 * Linux says it in two steps: /proc/net/tcp gives the listening socket's inode, and the process that
 * holds the inode has it among its open files. Elsewhere lsof is asked, if it is there.
 */

import { execFile } from "node:child_process";
import { randomInt } from "node:crypto";
import { readdir, readFile, readlink } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { promisify } from "node:util";

export interface PortOwner {
  readonly pid: number;
  readonly command: string;
}

/** In /proc/net/tcp: the state of a socket that listens (include/net/tcp_states.h). */
const LISTEN = "0A";

/** Why nothing can listen there ("EADDRINUSE", "EACCES", "EADDRNOTAVAIL", …), or undefined when it is free. */
export function readPortProblem(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** Ports on 127.0.0.1 that are free now, all different, as the system chooses them. */
export async function readFreePorts(count: number): Promise<number[]> {
  const held: { port: number; server: Server }[] = [];
  while (held.length < count) {
    // Below 32768, from where Linux takes the ports of outgoing connections: one of these could come first.
    const port = randomInt(20_000, 32_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (isFree) held.push({ port, server });
  }
  await Promise.all(held.map(({ server }) => new Promise((resolve) => server.close(resolve))));
  return held.map(({ port }) => port);
}

/** The process that listens on this TCP port, on any address; undefined when it cannot be known, as of another user. */
export async function readPortOwner(port: number): Promise<PortOwner | undefined> {
  const inodes = await readListeningInodes(port);
  if (inodes === undefined) return readOwnerByLsof(port);
  for (const entry of await readdir("/proc")) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && (await holdsSocket(pid, inodes))) return { pid, command: await readCommand(pid) };
  }
  return undefined;
}

async function readListeningInodes(port: number): Promise<Set<string> | undefined> {
  const tables = await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => readFile(path, "utf8").catch(() => undefined)),
  );
  if (tables.every((table) => table === undefined)) return undefined;
  return parseListeners(tables.join("\n"), port);
}

/** The inodes of the sockets that listen on a port, from the text of /proc/net/tcp or tcp6 (proc_net_tcp(5)). */
export function parseListeners(table: string, port: number): Set<string> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const line of table.split("\n")) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === LISTEN && local?.endsWith(`:${hexPort}`) && inode !== undefined) inodes.add(inode);
  }
  return inodes;
}

async function holdsSocket(pid: number, inodes: Set<string>): Promise<boolean> {
  const files = await readdir(`/proc/${pid}/fd`).catch(() => []);
  for (const file of files) {
    const target = await readlink(`/proc/${pid}/fd/${file}`).catch(() => "");
    if (target.startsWith("socket:[") && inodes.has(target.slice(8, -1))) return true;
  }
  return false;
}

async function readCommand(pid: number): Promise<string> {
  const words = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return words.replaceAll("\0", " ").trim();
}

async function readOwnerByLsof(port: number): Promise<PortOwner | undefined> {
  const run = promisify(execFile);
  try {
    const { stdout } = await run("lsof", ["-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpc"]);
    const pid = /^p(\d+)$/m.exec(stdout)?.[1];
    return pid === undefined ? undefined : { pid: Number(pid), command: /^c(.*)$/m.exec(stdout)?.[1] ?? "" };
  } catch {
    return undefined;
  }
}
