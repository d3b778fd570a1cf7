/** Builds what the proxy is made of into dist/proxy-image: the router and the settings' check as Lua, and the pages. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { PAGES, renderPage } from "./pages.ts";

const SOURCE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(SOURCE, "..");
const TSTL = join(ROOT, "node_modules", "typescript-to-lua", "dist", "tstl.js");

/** Throws with the compiler's messages when the router does not compile. */
export function buildProxy(): void {
  const pages = join(ROOT, "dist", "proxy-image", "pages");
  mkdirSync(pages, { recursive: true });
  for (const page of PAGES) writeFileSync(join(pages, `${page.status}.html`), renderPage(page));
  for (const bundle of ["router", "configure"]) {
    const project = join(SOURCE, "router", `tsconfig.${bundle}.json`);
    execFileSync(process.execPath, [TSTL, "-p", project], { stdio: ["ignore", "inherit", "inherit"] });
  }
}
