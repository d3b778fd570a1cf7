/**
 * What has to be there before the first part can start: programs or images, and what is built from the
 * sources.
 *
 *   await prepareProcesses(log)     →  { kind: "process", haproxy: "/usr/sbin/haproxy", runtime: … }
 *   await prepareContainers(…)      →  { kind: "docker", proxyImage: "hallpass-proxy:5d2f6c1ab90e", runtime: … }
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildAll, buildSteps } from "./build.ts";
import { ensureImage, NOTEBOOK_IMAGE, PROXY_IMAGE } from "./container-images.ts";
import { REPOSITORY } from "./data-folder.ts";
import type { DockerRuntime, ProcessRuntime } from "./development-fleet.ts";
import { ensureDocker } from "./docker-daemon.ts";
import { ensureJupyter } from "./jupyter-venv.ts";
import { ensureProgram, type Log } from "./programs.ts";

export interface PreparedProcesses {
  readonly kind: "process";
  readonly haproxy: string;
  readonly runtime: ProcessRuntime;
}

export interface PreparedContainers {
  readonly kind: "docker";
  readonly proxyImage: string;
  readonly runtime: DockerRuntime;
}

export type Prepared = PreparedProcesses | PreparedContainers;

/** What dist/ is made from. */
const SOURCES = ["fleet", "proxy-image", "notebook-host", "scripts/build.ts"];

export async function prepareProcesses(log: Log): Promise<PreparedProcesses> {
  const haproxy = await ensureProgram("haproxy", log);
  const jupyter = await ensureJupyter(log);
  await buildIfOld(log);
  return { kind: "process", haproxy, runtime: { kind: "process", jupyter } };
}

/** `folder`: for the log of Docker's daemon, should it have to be started. */
export async function prepareContainers(folder: string, log: Log): Promise<PreparedContainers> {
  await ensureDocker(folder, log);
  await buildIfOld(log);
  const proxyImage = await ensureImage(PROXY_IMAGE, log);
  const notebookImage = await ensureImage(NOTEBOOK_IMAGE, log);
  return { kind: "docker", proxyImage, runtime: { kind: "docker", images: [notebookImage] } };
}

/** Builds dist/ when one of its files is missing or older than a source. */
async function buildIfOld(log: Log): Promise<void> {
  const newest = Math.max(...SOURCES.map((source) => newestMs(join(REPOSITORY, source))));
  const isOld = (output: string): boolean => {
    const path = resolve(REPOSITORY, output);
    return !existsSync(path) || statSync(path).mtimeMs < newest;
  };
  const old = buildSteps.filter((step) => isOld(step.output));
  if (old.length > 0) log(`Building ${old.map((step) => step.output).join(" and ")} …`);
  await buildAll(old, log);
}

/** When the newest file in a folder, or a file itself, was changed. */
function newestMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Math.max(0, ...files.map((file) => statSync(join(file.parentPath, file.name)).mtimeMs));
}
