/**
 * Debian's Chromium, headless, as a student has it: no certificate error is waved through, since with
 * one it keeps no cache; the test's authority is put into a trust store of its own.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, chromium } from "playwright-core";
import { ensureProgram } from "../../scripts/programs.ts";

/** As root it has no sandbox; the rest keeps it from calling home. */
export const CHROMIUM_FLAGS = [
  "no-sandbox",
  "disable-gpu",
  "disable-quic",
  "no-first-run",
  "disable-background-networking",
  "disable-component-update",
  "disable-sync",
].map((flag) => `--${flag}`);

export interface TestBrowser {
  readonly browser: Browser;
  close(): Promise<void>;
}

export function findChromium(): Promise<string> {
  return ensureProgram("chromium", (line) => console.log(line));
}

/** `authority`: the path of a certificate to trust. */
export async function launchChromium(authority?: string): Promise<TestBrowser> {
  const executablePath = await findChromium();
  const home = mkdtempSync(join(tmpdir(), "hallpass-chromium-"));
  if (authority !== undefined) await trust(authority, home);
  const browser = await chromium.launch({ executablePath, args: CHROMIUM_FLAGS, env: { ...process.env, HOME: home } });
  const close = async (): Promise<void> => {
    await browser.close();
    rmSync(home, { recursive: true, force: true });
  };
  return { browser, close };
}

async function trust(authority: string, home: string): Promise<void> {
  const certutil = await ensureProgram("certutil", (line) => console.log(line));
  const store = join(home, ".pki", "nssdb");
  mkdirSync(store, { recursive: true });
  execFileSync(certutil, ["-d", `sql:${store}`, "-N", "--empty-password"]);
  execFileSync(certutil, ["-d", `sql:${store}`, "-A", "-t", "C,,", "-n", "hallpass", "-i", authority]);
}
