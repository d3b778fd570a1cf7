/**
 * The allocator's entry: `node notebook-host/main.ts`, with its settings in the environment (settings.ts).
 *
 * SIGTERM and SIGINT end the service and leave the notebooks running: the next start adopts them.
 */
import { dirname, resolve } from "node:path";
import { DockerRuntime } from "./docker-runtime.ts";
import { createLog, type Log } from "./log.ts";
import { ProcessRuntime } from "./process-runtime.ts";
import type { Runtime } from "./runtime.ts";
import { createService } from "./service.ts";
import { parseSettings, type Settings } from "./settings.ts";

/** How long answers that are under way may take when the service is to end. */
const STOP_TIMEOUT_MS = 5000;

function createRuntime(settings: Settings, log: Log): Runtime {
  const { runtime } = settings;
  if (runtime.kind === "docker") return new DockerRuntime(settings, runtime);
  log.warn("HALLPASS_RUNTIME is process: notebooks are not isolated from this machine, nor from each other");
  return new ProcessRuntime(settings, runtime);
}

/** Errors of the operator's go to stderr as sentences, without a stack. */
function fail(errors: readonly string[]): never {
  for (const error of errors) console.error(error);
  process.exit(1);
}

async function main(): Promise<void> {
  // notebook-host/main.ts, and dist/allocator.js when it is bundled, lie one below.
  const root = resolve(dirname(process.argv[1] ?? "."), "..");
  const parsed = parseSettings(process.env, root);
  if (!parsed.ok) fail(parsed.errors);
  const { settings } = parsed;
  const log = createLog(settings.host);
  const service = await createService(settings, createRuntime(settings, log), log);
  const stop = (signal: NodeJS.Signals) => {
    log.info({ signal }, "ending; the notebooks go on");
    setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
    void service.stop().finally(() => process.exit(0));
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
  await service.start().catch((error: unknown) => {
    fail([`The allocator of ${settings.host} (${settings.address}) cannot start: ${describeFault(error)}`]);
  });
  log.info({ address: settings.address, port: settings.allocatorPort, room: service.notebooks.room }, "listening");
}

/** What is in the way, and the command that shows more of it. */
function describeFault(error: unknown): string {
  const { code, port, message } = error as { code?: string; port?: number; message?: string };
  if (code === "EADDRINUSE") return `port ${port} is taken. See by what: ss -ltnp "sport = :${port}"`;
  if (code === "EADDRNOTAVAIL") return "this machine does not have that address. See which it has: ip -brief address";
  if (code === "ENOENT" || code === "ECONNREFUSED" || code === "EACCES")
    return `${message}. When it is Docker that does not answer, see: docker info`;
  return `${message}.`;
}

// No top-level await: the bundle is CommonJS, which has none.
void main();
