/**
 * Packages of Debian and Ubuntu, for the parts of a program that `programs.ts` cannot see on PATH (Python's venv
 * module) and for those that only the image builds want (debootstrap).
 *
 *   await installPackages(["debootstrap"], "debian:trixie-slim cannot be pulled.", log)
 */
import { access } from "node:fs/promises";
import { runCommand, secondsSince } from "./command.ts";

/**
 * Installs the packages as root, having said why. Throws an Error with the command to type when not root, or on
 * another system. Give it no package that has a service: Debian would start it.
 */
export async function installPackages(names: string[], why: string, log: (line: string) => void): Promise<void> {
  const command = `apt-get install -y --no-install-recommends ${names.join(" ")}`;
  const hasApt = await access("/usr/bin/apt-get").then(
    () => true,
    () => false,
  );
  if (process.getuid?.() !== 0 || !hasApt) throw new Error(`${why} On Debian or Ubuntu, type: sudo ${command}`);
  const start = performance.now();
  log(`${why} Installing: ${command} …`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await runCommand(["apt-get", "update", "-q"], { env });
  await runCommand(command.split(" "), { env });
  log(`Installed ${names.join(" and ")} in ${secondsSince(start)}.`);
}
