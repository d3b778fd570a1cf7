/**
 * npm run build: makes dist/, one small step for each thing in it.
 *
 *   dist/embed.js      the script for the school's page, for browsers
 *   dist/proxy-image   the router and the settings' check as Lua, and the proxy's own pages
 *
 * The surprise: everything else runs from its TypeScript directly; dist/ holds only what something
 * other than Node 24 loads.
 */
import { statSync } from "node:fs";
import { relative, resolve } from "node:path";
import { build } from "esbuild";
import { buildProxy } from "../proxy-image/build.ts";

const root = resolve(import.meta.dirname, "..");

export interface BuildStep {
  readonly output: string;
  readonly run: (output: string) => Promise<void>;
}

/** Browsers of the last three years: what the element itself needs (constructed style sheets, URL.parse). */
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

export const buildSteps: readonly BuildStep[] = [
  { output: "dist/embed.js", run: buildEmbed },
  { output: "dist/proxy-image/router.lua", run: async () => buildProxy() },
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
