/**
 * npm run build: makes dist/, one small step for each thing in it.
 *
 *   dist/proxy-image/router.lua   the proxy: router and settings' check as Lua, and its pages
 *   dist/embed.js                 the script for the school's page, for browsers
 *   dist/allocator.js             the allocator in one file, for the Node 20 of Debian trixie
 *
 * The surprise: nothing here is needed to run the TypeScript itself, which Node 24 does directly; dist/
 * holds only what something else loads.
 */
import { statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { build } from "esbuild";
import { buildProxy } from "../proxy-image/build.ts";

const root = resolve(import.meta.dirname, "..");

export interface BuildStep {
  /** What the step makes, or the most telling file of it: dist/ is old when this is older than a source. */
  readonly output: string;
  /** Given the output's absolute path. */
  readonly run: (output: string) => Promise<void>;
}

/** Browsers from the middle of 2024 on: what the element itself needs (URL.parse, light-dark). */
export async function buildEmbed(output: string): Promise<void> {
  await build({
    entryPoints: [resolve(root, "notebook-host/embed/embed.ts")],
    outfile: output,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    logLevel: "warning",
  });
}

/** With all that it imports, so that a notebook host needs Node and this file. */
async function buildAllocator(output: string): Promise<void> {
  await build({
    entryPoints: [resolve(root, "notebook-host/main.ts")],
    outfile: output,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    // Docker over SSH, which is not used, has parts in C++ that only make it faster.
    external: ["*.node", "cpu-features"],
    logLevel: "warning",
  });
  // Beside package.json, which says that .js is a module, this one says that here it is not.
  await writeFile(resolve(dirname(output), "package.json"), '{ "type": "commonjs" }\n');
}

export const buildSteps: readonly BuildStep[] = [
  { output: "dist/proxy-image/router.lua", run: async () => buildProxy() },
  { output: "dist/embed.js", run: buildEmbed },
  { output: "dist/allocator.js", run: buildAllocator },
];

/** Runs the steps one after the other, and says what each has made. */
export async function buildAll(steps: readonly BuildStep[], log: (line: string) => void): Promise<void> {
  for (const { output, run } of steps) {
    const path = resolve(root, output);
    await run(path);
    log(`${relative(root, path)}  ${(statSync(path).size / 1024).toFixed(1)} kB`);
  }
}

if (import.meta.main) await buildAll(buildSteps, (line) => console.log(line));
