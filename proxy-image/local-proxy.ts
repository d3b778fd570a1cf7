/**
 * The proxy as a process of this machine: what the image's entrypoint does, without a container.
 *
 * Used by `npm start`, the tests and the benchmark. Needs `npm run build` to have been run.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { planConfiguration } from "./configuration.ts";

const SOURCE = dirname(fileURLToPath(import.meta.url));
const BUILT = join(SOURCE, "..", "dist", "proxy-image");

export interface LocalProxyOptions {
  /** The HALLPASS_… settings (see settings.ts). */
  readonly settings: Readonly<Record<string, string>>;
  /** The haproxy program, 2.6 or newer. */
  readonly haproxy: string;
  /** For what is written at start, and for the runtime API's socket. At most 80 characters: a socket's path is short. */
  readonly runDir: string;
  readonly log: (line: string) => void;
  /** Another router than the one that was built. */
  readonly router?: string;
}

export interface LocalProxy {
  readonly process: ChildProcess;
  stop(): Promise<void>;
}

/** Throws an error with a line for each wrong setting, or with what HAProxy says of its configuration. */
export async function startProxy(options: LocalProxyOptions): Promise<LocalProxy> {
  const { haproxy, log } = options;
  const { args, env } = writeConfiguration(options);
  try {
    execFileSync(haproxy, [...args, "-c"], { env, stdio: ["ignore", "pipe", "pipe"] });
  } catch (error) {
    throw new Error(`HAProxy refuses its configuration: ${(error as { stderr: Buffer }).stderr}`);
  }
  const child = spawn(haproxy, [...args, "-db"], { env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", log);
  const exited = once(child, "exit");
  await Promise.race([
    listening(options.settings),
    exited.then(() => {
      throw new Error("HAProxy ended at once: its reason is in the log above");
    }),
  ]);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await exited;
  };
  return { process: child, stop };
}

/** Writes what depends on the settings, and answers how HAProxy is to be called. */
export function writeConfiguration(options: Pick<LocalProxyOptions, "settings" | "runDir" | "router">): {
  args: string[];
  env: NodeJS.ProcessEnv;
} {
  const { settings, runDir } = options;
  const planned = planConfiguration((name) => settings[name], runDir, join(BUILT, "pages"));
  if (!planned.ok) throw new Error(planned.errors.join("\n"));
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  for (const file of planned.files) writeFileSync(join(runDir, file.name), file.content);
  const files = [join(runDir, "environment.cfg"), join(SOURCE, "haproxy.cfg"), join(runDir, "backends.cfg")];
  const args = files.flatMap((file) => ["-f", file]);
  return {
    args,
    env: { PATH: process.env.PATH, ...settings, HALLPASS_ROUTER: options.router ?? join(BUILT, "router.lua") },
  };
}

/** Resolves when the health listener answers. */
async function listening(settings: Readonly<Record<string, string>>): Promise<void> {
  const address = settings.HALLPASS_BIND ?? "127.0.0.1";
  const url = `http://${address === "*" ? "127.0.0.1" : address}:${settings.HALLPASS_HEALTH_PORT ?? 8404}/healthz`;
  for (let attempt = 0; attempt < 100; attempt++) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`HAProxy does not answer at ${url} after 5 s`);
}
