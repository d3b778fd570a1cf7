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
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, stat, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
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
  const requirements = await readFile(REQUIREMENTS, "utf8");
  // REPOSITORY: a moved work tree has scripts that begin with the old path.
  const key = createHash("sha256").update([requirements, python.identity, REPOSITORY].join("\n")).digest("hex");
  const folder = join(REPOSITORY, ".hallpass", `jupyter-${key.slice(0, 12)}`);
  const ready = join(folder, "ready");
  const found = await tryRealpath(ready);
  if (found !== undefined) return join(found, "bin");
  await mkdir(folder, { recursive: true });
  await removeAbandoned(folder);
  const made = await makeEnvironment(python, folder, log);
  return join(await publish(made, ready), "bin");
}

async function makeEnvironment(python: Python, folder: string, log: (line: string) => void): Promise<string> {
  const start = performance.now();
  const environment = await mkdtemp(join(folder, "environment-"));
  log(`Jupyter: making a Python environment of its own in ${folder} (once; about half a minute) …`);
  try {
    await runCommand([python.path, "-m", "venv", environment]);
    await runCommand([join(environment, "bin/python"), "-m", "pip", "install", ...PIP_OPTIONS, "-r", REQUIREMENTS]);
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
    const sooner = await tryRealpath(ready);
    if (sooner === undefined) throw error;
    await rm(environment, { recursive: true, force: true });
    return sooner;
  }
}

async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    // Whoever makes an environment at this moment started less than ABANDONED_MS ago.
    const made = await stat(path).catch(() => undefined);
    if (made === undefined || Date.now() - made.mtimeMs > ABANDONED_MS)
      await rm(path, { recursive: true, force: true });
  }
}

async function tryRealpath(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
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
