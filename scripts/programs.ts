/**
 * Programs that this project needs and npm cannot bring: found, or installed, or named with the
 * command that installs them.
 *
 *   await ensureProgram("haproxy", log)   →  "/usr/sbin/haproxy"
 *
 * As root on Debian or Ubuntu a missing one is installed. Anywhere else that is the operator's
 * decision, so the error ends in the command to type.
 *
 * The surprise: Debian starts a daemon as soon as its package is installed, which here would take ports
 * and memory for nothing. See `withoutServices`.
 */
import { constants } from "node:fs";
import { access, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { tryCommand } from "./command.ts";
import { installPackages } from "./debian-packages.ts";

export type Log = (line: string) => void;

interface Program {
  /** Packages, installed one after the other until the command is there: releases split them differently. */
  readonly apt: readonly [string, ...string[]];
  /** Where the package has another name there; undefined where there is none. */
  readonly brew?: string;
  readonly dnf?: string;
  /** At least this version, read from what the arguments print. */
  readonly minimum?: { readonly version: string; readonly arguments: readonly string[] };
}

/** By the name of the command. */
export const PROGRAMS = {
  haproxy: { apt: ["haproxy"], brew: "haproxy", dnf: "haproxy", minimum: { version: "2.6", arguments: ["-v"] } },
  chromium: { apt: ["chromium"], dnf: "chromium" },
  certutil: { apt: ["libnss3-tools"], brew: "nss", dnf: "nss-tools" },
  openssl: { apt: ["openssl"], brew: "openssl", dnf: "openssl" },
  curl: { apt: ["curl"], brew: "curl", dnf: "curl" },
  // The command is a package of its own from Debian 13 on, and does not exist as one before.
  docker: { apt: ["docker.io", "docker-cli"], dnf: "moby-engine" },
  dockerd: { apt: ["docker.io"], dnf: "moby-engine" },
  valgrind: { apt: ["valgrind"], dnf: "valgrind" },
  wrk: { apt: ["wrk"], brew: "wrk", dnf: "wrk" },
  nginx: { apt: ["nginx-light"], brew: "nginx", dnf: "nginx" },
} as const satisfies Record<string, Program>;

export type ProgramName = keyof typeof PROGRAMS;

/** Daemons are in sbin, which is not on every user's PATH. */
const MORE_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/homebrew/bin"];

/** The path of a program that is there and new enough, otherwise undefined or what is wrong with it. */
export async function findProgram(name: ProgramName): Promise<{ path?: string; problem?: string }> {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...MORE_FOLDERS].filter((folder) => folder !== "");
  const program: Program = PROGRAMS[name];
  let problem = `${name} is missing`;
  for (const folder of folders) {
    const path = join(folder, name);
    if (!(await isExecutable(path))) continue;
    const version = await readVersion(path, program);
    if (program.minimum === undefined || isAtLeast(version, program.minimum.version)) return { path };
    problem = `${path} is version ${version ?? "unknown"}, but at least ${program.minimum.version} is needed`;
  }
  return { problem };
}

/** The path of a program, after installing it if need be and possible. */
export async function ensureProgram(name: ProgramName, log: Log): Promise<string> {
  const found = await findProgram(name);
  if (found.path !== undefined) return found.path;
  const program: Program = PROGRAMS[name];
  const command = await otherCommand(program);
  if (command !== undefined) throw new Error(`${found.problem}. Type: ${command}`);
  return withoutServices(() => installUntilFound(name, program.apt, log));
}

async function installUntilFound(name: ProgramName, packages: readonly string[], log: Log): Promise<string> {
  for (const entry of packages) {
    const { problem } = await findProgram(name);
    await installPackages([entry], `${problem}.`, log);
    const { path } = await findProgram(name);
    if (path !== undefined) return path;
  }
  const { problem } = await findProgram(name);
  throw new Error(`${packages.join(" and ")} is installed, but ${problem}. Install a newer ${name} by hand.`);
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function readVersion(path: string, program: Program): Promise<string | undefined> {
  if (program.minimum === undefined) return undefined;
  const printed = await tryCommand([path, ...program.minimum.arguments]);
  return /\d+\.\d+(\.\d+)?/.exec(printed ?? "")?.[0];
}

/** Compares "2.6.12" with "2.6": number by number, as far as the second one goes. */
export function isAtLeast(version: string | undefined, minimum: string): boolean {
  if (version === undefined) return false;
  const numbers = version.split(".").map(Number);
  for (const [index, wanted] of minimum.split(".").map(Number).entries()) {
    const given = numbers[index] ?? 0;
    if (given !== wanted) return given > wanted;
  }
  return true;
}

/** What installs a program where there is no apt-get, which `installPackages` knows. */
async function otherCommand(program: Program): Promise<string | undefined> {
  if (await isExecutable("/usr/bin/apt-get")) return undefined;
  if (program.dnf !== undefined && (await isExecutable("/usr/bin/dnf"))) return `sudo dnf install -y ${program.dnf}`;
  return program.brew === undefined ? undefined : `brew install ${program.brew}`;
}

/** The file that a Debian package asks whether it may start its service; 101 is "no" (invoke-rc.d(8)). */
const POLICY = "/usr/sbin/policy-rc.d";

/** Does something while packages may not start services. A policy that is there already is left as it is. */
async function withoutServices<T>(action: () => Promise<T>): Promise<T> {
  const isOurs = await writeFile(POLICY, "#!/bin/sh\nexit 101\n", { mode: 0o755, flag: "wx" }).then(
    () => true,
    () => false,
  );
  try {
    return await action();
  } finally {
    if (isOurs) await rm(POLICY, { force: true });
  }
}
