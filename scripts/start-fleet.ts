/**
 * Starts the parts of a development fleet, as its plan says: the proxy, and an allocator for each
 * notebook host.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeConfiguration } from "../proxy-image/local-proxy.ts";
import { REPOSITORY } from "./data-folder.ts";
import type { DevelopmentFleet, NotebookHostPlan } from "./development-fleet.ts";
import { START_MARK } from "./marked-processes.ts";
import { startPart } from "./part.ts";
import { waitForAnswer } from "./readiness.ts";
import type { Run } from "./run.ts";

export function startLocalProxy(fleet: DevelopmentFleet, haproxy: string, run: Run): void {
  const settings = { ...fleet.proxy, [START_MARK]: run.id };
  const { args, env } = writeConfiguration({ settings, runDir: run.socketFolder });
  const logFile = join(run.folder, "proxy.log");
  // -db: in the foreground, also where a configuration says otherwise.
  const command = [haproxy, ...args, "-db"] as const;
  run.watch(startPart({ name: "The proxy", command, environment: env, folder: REPOSITORY, logFile }));
}

export async function startAllocator(host: NotebookHostPlan, run: Run): Promise<void> {
  await mkdir(host.stateFolder, { recursive: true, mode: 0o700 });
  run.signal.throwIfAborted();
  run.watch(
    startPart({
      name: `The allocator of ${host.name}`,
      command: [process.execPath, join(REPOSITORY, "notebook-host/main.ts")],
      environment: { ...process.env, ...host.environment },
      folder: REPOSITORY,
      logFile: join(run.folder, `${host.name}.log`),
    }),
  );
}

/** Waits for every part by itself, so that the one that is missing can be named, and then for the way a browser goes. */
export async function waitForFleet(fleet: DevelopmentFleet, ca: string, signal: AbortSignal): Promise<void> {
  const wait = (url: string): Promise<void> => waitForAnswer(url, { ca, signal });
  await Promise.all([
    wait(`http://127.0.0.1:${fleet.proxy.HALLPASS_HEALTH_PORT}/healthz`),
    ...fleet.notebookHosts.map((host) =>
      wait(`http://${host.address}:${host.environment.HALLPASS_ALLOCATOR_PORT}/healthz`),
    ),
  ]);
  await Promise.all([wait(`${fleet.schoolOrigin}/`), wait(`${fleet.apiOrigin}/v1/openapi.json`)]);
}
