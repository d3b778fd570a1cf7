/**
 * Runs a program to its end, for the scripts that build things.
 *
 *   await runCommand(["docker", "image", "ls"])   →  what it wrote to its standard output
 *
 * The surprise: pip, docker and debootstrap write pages while they work, of which only the end matters,
 * and only when they fail. So nothing is shown, and the error carries the last lines.
 */
import { spawn } from "node:child_process";
import type { Readable } from "node:stream";

export interface CommandOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** Written to its standard input. */
  readonly input?: Readable;
}

const LAST_LINES = 15;

/** Its standard output, when it ends with 0; otherwise an Error with the command and the last lines of both outputs. */
export async function runCommand(command: readonly string[], options: CommandOptions = {}): Promise<string> {
  const [program, ...words] = command;
  if (program === undefined) throw new Error("A command has at least one word.");
  const child = spawn(program, words, {
    env: options.env ?? process.env,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: [options.input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  let stdout = "";
  let both = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    both += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    both += text;
  });
  // A program that ends before it has read everything says so by its exit code; the broken pipe adds nothing.
  child.stdin?.on("error", () => {});
  if (child.stdin !== null) options.input?.pipe(child.stdin);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  if (code === 0) return stdout;
  const last = both.trimEnd().split("\n").slice(-LAST_LINES).join("\n");
  throw new Error(`\`${command.join(" ")}\` has failed (${code === null ? "killed" : `exit code ${code}`}):\n${last}`);
}

/** The same, with undefined for any failure: also when there is no such program. */
export async function tryCommand(command: readonly string[], options?: CommandOptions): Promise<string | undefined> {
  return runCommand(command, options).catch(() => undefined);
}

/** "12.3 s" since a moment that `performance.now()` gave. */
export function secondsSince(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}
