/**
 * What has to be there before the first part can start: programs, and what is built from the sources.
 *
 *   await prepare({ docker: false }, log)   →  { haproxy: "/usr/sbin/haproxy", runtime: { kind: "process", … } }
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildAll, buildSteps } from "./build.ts";
import { REPOSITORY } from "./data-folder.ts";
import type { ProcessRuntime } from "./development-fleet.ts";
import { ensureJupyter } from "./jupyter-venv.ts";
import { ensureProgram, type Log } from "./programs.ts";

export interface Prepared {
  readonly haproxy: string;
  readonly runtime: ProcessRuntime;
}

/** What dist/ is made from. */
const SOURCES = ["fleet", "proxy-image", "notebook-host", "scripts/build.ts"];

export async function prepare(log: Log): Promise<Prepared> {
  const haproxy = await ensureProgram("haproxy", log);
  const jupyter = await ensureJupyter(log);
  await buildIfOld(log);
  return { haproxy, runtime: { kind: "process", jupyter } };
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
