/**
 * Jupyter in a Python environment of its own, for notebooks that run as processes and for the tests.
 *
 *   await ensureJupyter(log)   →  "/home/ada/hallpass/.hallpass/jupyter-3f2a9c41d07b/environment-x1Y2z3/bin"
 *
 * The surprise: an environment cannot be renamed into place when it is ready, since the scripts in its bin
 * folder begin with its absolute path. So each is made in a folder of its own name, and a symbolic link called
 * `ready` is what appears at once and only when it is whole. Two that make one at the same time both end well:
 * the second link is refused, and its maker takes the first one's environment. Nothing can be left locked.
 */
import { createHash } from "node:crypto";
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, realpath, rm, symlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { runCommand, secondsSince, tryCommand } from "./command.ts";
import { installPackages } from "./debian-packages.ts";

const REPOSITORY = resolve(import.meta.dirname, "..");
const REQUIREMENTS = join(REPOSITORY, "notebook-image/requirements.txt");
/** The oldest that requirements.txt is made for: Debian 12's. */
const OLDEST_MINOR = 11;
/** An unfinished environment older than this belongs to a start that was killed: pip takes a minute or two. */
const ABANDONED_MS = 3_600_000;

/**
 * `--only-binary`: nothing that is downloaded runs a setup script, and no compiler is needed. `--no-deps`: the list is
 * complete, and leaves something out on purpose (left-out.txt).
 */
const PIP_OPTIONS =
  "--require-hashes --no-deps --only-binary :all: --quiet --disable-pip-version-check --no-input".split(" ");

interface Python {
  readonly path: string;
  /** Real path and version: another Python needs another environment. */
  readonly identity: string;
}

/** Within one process all callers share one environment in the making. */
let inTheMaking: Promise<string> | undefined;

/**
 * The bin folder of an environment with what requirements.txt says; made when it is not there, which takes
 * pip and the network. Throws an Error that ends in what to type.
 */
export function ensureJupyter(log: (line: string) => void): Promise<string> {
  inTheMaking ??= findOrMake(log).catch((error) => {
    inTheMaking = undefined;
    throw error;
  });
  return inTheMaking;
}

async function findOrMake(log: (line: string) => void): Promise<string> {
  const python = await ensurePython(log);
  const key = createHash("sha256").update([await readFile(REQUIREMENTS, "utf8"), python.identity].join("\n"));
  const folder = join(REPOSITORY, ".hallpass", `jupyter-${key.digest("hex").slice(0, 12)}`);
  return ensureEnvironment({ python: python.path, requirements: REQUIREMENTS, folder }, log);
}

/** What an environment is made of, and the folder that is for it alone. */
export interface EnvironmentPlan {
  readonly python: string;
  readonly requirements: string;
  readonly folder: string;
}

/** The bin folder of the environment that is ready in the plan's folder, made when there is none. */
export async function ensureEnvironment(plan: EnvironmentPlan, log: (line: string) => void): Promise<string> {
  const ready = join(plan.folder, "ready");
  const found = await readReady(ready);
  if (found !== undefined) return join(found, "bin");
  await mkdir(plan.folder, { recursive: true });
  await removeAbandoned(plan.folder);
  const made = await makeEnvironment(plan, log);
  return join(await publish(made, ready), "bin");
}

async function makeEnvironment(plan: EnvironmentPlan, log: (line: string) => void): Promise<string> {
  const start = performance.now();
  const environment = await mkdtemp(join(plan.folder, "environment-"));
  log(`Jupyter: making a Python environment of its own in ${plan.folder} (once; about half a minute) …`);
  try {
    await runCommand([plan.python, "-m", "venv", environment]);
    const pip = [join(environment, "bin/python"), "-m", "pip", "install", ...PIP_OPTIONS];
    await runCommand([...pip, "-r", plan.requirements]);
  } catch (error) {
    await rm(environment, { recursive: true, force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `Jupyter could not be installed. ${reason}\nWhen the network is back, type the same command again.`,
    );
  }
  log(`Jupyter: ready after ${secondsSince(start)}.`);
  return environment;
}

/** Makes the environment the one that all take, unless another was sooner; the path of the one to take. */
async function publish(environment: string, ready: string): Promise<string> {
  try {
    await symlink(environment, ready);
    return environment;
  } catch (error) {
    const sooner = await readReady(ready);
    if (sooner === undefined) throw error;
    await rm(environment, { recursive: true, force: true });
    return sooner;
  }
}

/**
 * The environment that is ready, by the path that its scripts begin with. A link of another path belongs to a work tree
 * that was moved or copied, and is no good here.
 */
async function readReady(ready: string): Promise<string | undefined> {
  const target = await readlink(ready).catch(() => undefined);
  if (target === undefined || dirname(target) !== dirname(ready)) return undefined;
  return (await realpath(target).catch(() => undefined)) === undefined ? undefined : target;
}

/** Removes what killed starts have left, and a link to what is gone; nothing that is being made at this moment. */
async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const ageMs = Date.now() - (await lstat(path).then((found) => found.mtimeMs, Date.now));
    const isAbandoned = name === "ready" ? (await readReady(path)) === undefined : ageMs > ABANDONED_MS;
    if (isAbandoned) await rm(path, { recursive: true, force: true });
  }
}

/** A Python that can make environments. As root on Debian or Ubuntu what is missing is installed. */
async function ensurePython(log: (line: string) => void): Promise<Python> {
  const found = await findPython();
  if (found !== undefined) return found;
  const why = `Jupyter needs Python 3.${OLDEST_MINOR} or newer with its modules venv and ensurepip; none was found.`;
  await installPackages(["python3", "python3-venv"], why, log);
  const installed = await findPython();
  if (installed !== undefined) return installed;
  throw new Error(
    `${why} python3-venv is installed, but this system's Python is older. Install a newer one and put its python3 first on PATH.`,
  );
}

/** First the one that the user has chosen by PATH, then the system's, to which python3-venv belongs. */
async function findPython(): Promise<Python | undefined> {
  const script =
    "import sys, os, venv, ensurepip; print(sys.version_info.major, sys.version_info.minor, os.path.realpath(sys.executable), sys.version.replace(chr(10), ' '))";
  for (const path of ["python3", "/usr/bin/python3", "/opt/homebrew/bin/python3"]) {
    const identity = (await tryCommand([path, "-c", script]))?.trim();
    const [major, minor] = identity?.split(" ").map(Number) ?? [];
    if (identity !== undefined && major === 3 && minor !== undefined && minor >= OLDEST_MINOR)
      return { path, identity };
  }
  return undefined;
}
