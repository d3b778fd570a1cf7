/**
 * Starts the parts of a development fleet, as its plan says: the proxy, and an allocator for each
 * notebook host.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { writeConfiguration } from "../proxy-image/local-proxy.ts";
import { startProxyContainer } from "./containers.ts";
import { REPOSITORY } from "./data-folder.ts";
import type { DevelopmentFleet, NotebookHostPlan } from "./development-fleet.ts";
import { START_MARK } from "./marked-processes.ts";
import { type Part, startPart } from "./part.ts";
import type { Prepared } from "./preparation.ts";
import { waitForAnswer } from "./readiness.ts";
import type { Run } from "./run.ts";

export async function startProxy(fleet: DevelopmentFleet, prepared: Prepared, run: Run): Promise<void> {
  run.signal.throwIfAborted();
  if (prepared.kind === "docker") run.watch(await startProxyContainer(fleet, prepared.proxyImage, run));
  else run.watch(startLocalProxy(fleet, prepared.haproxy, run));
}

function startLocalProxy(fleet: DevelopmentFleet, haproxy: string, run: Run): Part {
  const settings = { ...fleet.proxy, [START_MARK]: run.id };
  const { args, env } = writeConfiguration({ settings, runDir: join(run.temporary, "proxy") });
  const logFile = join(run.folder, "proxy.log");
  // -db: in the foreground.
  const command = [haproxy, ...args, "-db"] as const;
  return startPart({ name: "The proxy", command, environment: env, folder: REPOSITORY, logFile });
}

/** Any of them can do without the others. */
export async function startAllocators(fleet: DevelopmentFleet, run: Run): Promise<void> {
  for (const host of fleet.notebookHosts) {
    await mkdir(host.stateFolder, { recursive: true, mode: 0o700 });
    run.signal.throwIfAborted();
    run.watch(startAllocator(host, run), "allocators");
  }
}

function startAllocator(host: NotebookHostPlan, run: Run): Part {
  return startPart({
    name: `The allocator of ${host.name}`,
    command: [process.execPath, join(REPOSITORY, "notebook-host/main.ts")],
    environment: { ...process.env, ...host.environment },
    folder: REPOSITORY,
    logFile: join(run.folder, `${host.name}.log`),
  });
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
