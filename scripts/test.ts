/**
 * npm test: every test that needs no Docker, real HAProxy, Jupyter and Chromium included.
 *
 *   npm test                              ends with a line such as "1204 passed, 0 failed"
 *   npm test -- --docker                  those with Docker too
 *   npm test -- test/fleet -t ticket      some of them; what is not an option of ours is vitest's
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { REPOSITORY } from "./data-folder.ts";
import { ensureDocker } from "./docker-daemon.ts";
import { prepareProcesses } from "./preparation.ts";
import { ensureProgram, type Log, type ProgramName } from "./programs.ts";
import { countTests, type TestCount } from "./test-report.ts";

/** Besides what a start needs. */
const PROGRAMS: ProgramName[] = ["chromium", "certutil", "openssl", "curl"];

const log: Log = (line) => console.log(line);

/** Runs vitest to its end; what it prints is shown as it comes. */
async function runVitest(words: string[], report: string, environment: NodeJS.ProcessEnv): Promise<TestCount> {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const program = join(REPOSITORY, "node_modules/vitest/vitest.mjs");
  const child = spawn(process.execPath, [program, "run", ...reporters, ...words], {
    cwd: REPOSITORY,
    env: environment,
    stdio: "inherit",
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const isPart = words.some((word) => !word.startsWith("--project"));
  const count = countTests(await readFile(report, "utf8").catch(() => ""), isPart);
  return code === 0 || count.failed > 0 ? count : { ...count, failed: 1 };
}

async function test(folder: string, words: string[]): Promise<TestCount> {
  const hasDocker = words.includes("--docker");
  const projects = hasDocker ? ["--project=parts", "--project=docker"] : ["--project=parts"];
  await prepareProcesses(log);
  for (const name of PROGRAMS) await ensureProgram(name, log);
  const daemon = hasDocker ? await ensureDocker(folder, log) : undefined;
  const environment = hasDocker ? { ...process.env, HALLPASS_TEST_DOCKER: "1" } : process.env;
  try {
    const rest = words.filter((word) => word !== "--docker");
    return await runVitest([...projects, ...rest], join(folder, "report.json"), environment);
  } finally {
    await daemon?.stop();
  }
}

const folder = await mkdtemp(join(tmpdir(), "hallpass-test-"));
const count = await test(folder, process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  return { passed: 0, failed: 1 };
});
await rm(folder, { recursive: true, force: true });
console.log(`${count.passed} passed, ${count.failed} failed`);
process.exitCode = count.failed === 0 ? 0 : 1;
