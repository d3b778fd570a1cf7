/** The proxies that are measured: how each is started, and where it listens. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeConfiguration } from "../proxy-image/local-proxy.ts";
import { ADDRESS, FLEET, KEY, PORT } from "./notebook-load.ts";

export interface Peer {
  readonly name: string;
  /** In the foreground, with one worker. */
  readonly command: readonly [string, ...string[]];
  readonly env: NodeJS.ProcessEnv;
  /** On 127.0.0.1, with TLS. */
  readonly port: number;
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** Stops what it does by itself, such as health checks: they would count as work for requests. */
  readonly quiet: () => Promise<void>;
}

/** What all peers serve with, and where they may write. */
export interface Means {
  /** A PEM file: certificate, then key. */
  readonly certificate: string;
  readonly ca: string;
  readonly folder: string;
  readonly freePort: () => Promise<number>;
}

const PATH = process.env.PATH;
const nothing = async (): Promise<void> => {};

/** HAProxy that only ends TLS: the floor. */
export async function plainPeer(haproxy: string, means: Means): Promise<Peer> {
  const port = await means.freePort();
  const env = {
    PATH,
    BENCH_PORT: `${port}`,
    BENCH_CERTIFICATE: means.certificate,
    BENCH_UPSTREAM: `${ADDRESS}:${PORT}`,
  };
  const command = [haproxy, "-f", join(import.meta.dirname, "plain.cfg"), "-db"] as const;
  return { name: "plain HAProxy", command: [...command], env, port, ca: means.ca, quiet: nothing };
}

/** The proxy with all its work on, with one thread as the others have. */
export async function hallpassPeer(haproxy: string, means: Means): Promise<Peer> {
  const [port, httpPort, healthPort] = [await means.freePort(), await means.freePort(), await means.freePort()];
  const settings = {
    HALLPASS_DOMAIN: "ide-proxy.localhost",
    HALLPASS_FLEET: FLEET,
    HALLPASS_FLEET_KEYS: `${KEY.number}:${KEY.base64}`,
    HALLPASS_SCHOOL_ORIGINS: "https://school.localhost",
    HALLPASS_CERTIFICATE: means.certificate,
    HALLPASS_BIND: "127.0.0.1",
    HALLPASS_HTTPS_PORT: `${port}`,
    HALLPASS_HTTP_PORT: `${httpPort}`,
    HALLPASS_HEALTH_PORT: `${healthPort}`,
  };
  const { args, env } = writeConfiguration({ settings, runDir: means.folder });
  const oneThread = join(means.folder, "one-thread.cfg");
  writeFileSync(oneThread, "global\n    nbthread 1\n");
  const quiet = async (): Promise<void> => {
    for (const check of ["health", "agent"])
      await tell(join(means.folder, "admin.sock"), `disable ${check} allocators/dev-01`);
  };
  return { name: "Hallpass", command: [haproxy, "-f", oneThread, ...args, "-db"], env, port, ca: means.ca, quiet };
}

/** The nginx that people write for this job: the port from the name, and a connection for each request. */
export async function nginxPeer(nginx: string, means: Means): Promise<Peer> {
  const port = await means.freePort();
  const template = readFileSync(join(import.meta.dirname, "nginx.conf"), "utf8");
  const values = { PORT: `${port}`, CERTIFICATE: means.certificate, FOLDER: means.folder, ADDRESS };
  const text = Object.entries(values).reduce((all, [name, value]) => all.replaceAll(`@${name}@`, value), template);
  const file = join(means.folder, "nginx.conf");
  writeFileSync(file, text);
  return { name: "nginx", command: [nginx, "-c", file], env: { PATH }, port, ca: means.ca, quiet: nothing };
}

/** A command for HAProxy's runtime API, whose socket is there a moment after the ports are. */
async function tell(path: string, command: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const socket = connect(path);
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    if (isOpen) {
      socket.end(`${command}\n`);
      socket.resume();
      await once(socket, "close");
      return;
    }
    await delay(50);
  }
  throw new Error(`HAProxy does not answer at ${path} after 5 s`);
}

export interface RunningPeer {
  readonly pid: number;
  stop(): Promise<void>;
}

export async function startPeer(peer: Peer): Promise<RunningPeer> {
  const [program, ...words] = peer.command;
  const child = spawn(program, words, { env: peer.env, stdio: "ignore" });
  const ended = once(child, "exit");
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  try {
    await listening(peer.port, 10_000);
    await peer.quiet();
  } catch (error) {
    await stop();
    throw error;
  }
  return { pid: child.pid ?? 0, stop };
}

/** Resolves when somebody listens on the port. */
export async function listening(port: number, timeoutMs: number): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (Date.now() < end) {
    const socket = connect(port, "127.0.0.1");
    const connected = once(socket, "connect").then(
      () => true,
      () => false,
    );
    const isOpen = await Promise.race([connected, delay(1000, false)]);
    socket.destroy();
    if (isOpen) return;
    await delay(100);
  }
  throw new Error(`nobody listens on port ${port} after ${timeoutMs / 1000} s`);
}
