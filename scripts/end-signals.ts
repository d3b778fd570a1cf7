/**
 * What ends a run from outside: Ctrl-C, SIGTERM, a closed terminal, and the death of npm.
 *
 * The surprise: npm that is killed can hand on no signal, and would leave everything running without
 * anybody to end it. Its child, or the shell between them, then gets another parent, and that is seen.
 */
import { readFileSync } from "node:fs";

const PARENT_POLL_MS = 500;

const SIGNALS = { SIGINT: "Ctrl-C", SIGTERM: "SIGTERM", SIGHUP: "The terminal was closed" } as const;

/** Calls back with what ends the run, each time it is asked for. */
export function onEndSignal(callback: (why: string) => void): void {
  for (const [signal, why] of Object.entries(SIGNALS)) process.on(signal, () => callback(why));
  // A terminal that is closed takes no more lines; that must not keep the rest from ending.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
  if (process.env.npm_lifecycle_event === undefined) return;
  const npm = readParents();
  const look = (): void => {
    if (readParents() !== npm) callback("npm has ended");
  };
  setInterval(look, PARENT_POLL_MS).unref();
}

/** This process's parent, and the parent's own one where the parent is the shell that npm runs a script by. */
function readParents(): string {
  const parent = process.ppid;
  try {
    const stat = readFileSync(`/proc/${parent}/stat`, "latin1");
    const isShell = /^\d+ \((sh|dash|bash)\)/.test(stat);
    return isShell ? `${parent} ${stat.split(" ")[3]}` : `${parent}`;
  } catch {
    return `${parent}`;
  }
}
