/**
 * Docker, ready to be used: the command, and a daemon that answers.
 *
 *   const daemon = await ensureDocker(folder, log)   →  undefined, when one runs already
 *
 * Where a system of services is in charge (systemd, Docker Desktop), starting the daemon is the
 * operator's decision, and the error says how. As root on Linux without one, as in a fresh CI machine or
 * a container, nobody else would ever start it: there it is started here, as a part that ends with
 * whatever needed it. Its images stay, as a cache.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { runCommand, tryCommand } from "./command.ts";
import { type Part, startPart } from "./part.ts";
import { ensureProgram, type Log } from "./programs.ts";

const WAIT_MS = 30_000;
const POLL_MS = 200;

/** What answers only when the daemon does. */
const ASK_DAEMON = ["docker", "version", "--format", "{{.Server.Version}}"];

/** The daemon, when it had to be started: its log goes to `folder`. Throws with what to type when it may not be. */
export async function ensureDocker(folder: string, log: Log): Promise<Part | undefined> {
  await ensureProgram("docker", log);
  const problem = await runCommand(ASK_DAEMON).then(
    () => undefined,
    (error: unknown) => String(error),
  );
  if (problem === undefined) return undefined;
  const command = startCommand(problem);
  if (command !== undefined) throw new Error(`Docker's daemon cannot be used. Type: ${command}\n${problem}`);
  const dockerd = await ensureProgram("dockerd", log);
  log("Docker's daemon does not run, and no service manager does either: starting dockerd …");
  const daemon = startPart({
    name: "dockerd",
    command: [dockerd],
    environment: process.env,
    folder: "/",
    logFile: join(folder, "dockerd.log"),
  });
  await waitForDaemon(daemon);
  return daemon;
}

/** What the operator has to type, or undefined when the daemon is ours to start. */
function startCommand(problem: string): string | undefined {
  if (problem.includes("permission denied")) return "sudo usermod -aG docker $USER   (and sign in again)";
  if (process.platform !== "linux") return "open -a Docker";
  if (process.env.DOCKER_HOST !== undefined) return "unset DOCKER_HOST   (nothing answers there)";
  if (existsSync("/run/systemd/system")) return "sudo systemctl start docker";
  return process.getuid?.() === 0 ? undefined : "sudo dockerd &";
}

async function waitForDaemon(daemon: Part): Promise<void> {
  let ending: string | undefined;
  void daemon.ended.then(({ why, lastLines }) => {
    ending = [`dockerd has ended (${why}). Its last lines:`, ...lastLines].join("\n  ");
  });
  const end = Date.now() + WAIT_MS;
  while ((await tryCommand(ASK_DAEMON)) === undefined) {
    if (ending === undefined && Date.now() > end) {
      await daemon.stop();
      throw new Error(`dockerd does not answer after ${WAIT_MS / 1000} s.`);
    }
    if (ending !== undefined) throw new Error(ending);
    await delay(POLL_MS);
  }
}
