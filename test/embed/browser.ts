/** A real Chromium, and the school's page in it, with what embed.js has told the page. */
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Frame, type Page } from "playwright-core";
import { expect } from "vitest";
import { buildEmbed } from "../../scripts/build.ts";
import { startSchool } from "../../scripts/school/school.ts";
import { CHROMIUM_FLAGS, findChromium } from "../support/chromium.ts";
import { FakeFleet } from "./fake-fleet.ts";

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: await findChromium(), args: CHROMIUM_FLAGS });
}

export async function builtEmbed(): Promise<string> {
  const path = join(tmpdir(), `hallpass-embed-${process.pid}.js`);
  await buildEmbed(path);
  const script = await readFile(path, "utf8");
  await rm(path);
  return script;
}

/** Runs in the page before all else: keeps what the element tells, and what the page's policy refuses. */
const RECORDER = `
  window.told = []; window.violations = []; window.heard = []; window.tokens = []; window.isHidden = false;
  Object.defineProperty(document, "hidden", { get: () => window.isHidden });
  addEventListener("hallpass-state", (event) => told.push(event.detail.state));
  addEventListener("hallpass-token-needed", (event) => {
    told.push("token-needed");
    if (tokens.length > 0) event.target.setAttribute("token", tokens.shift());
  });
  addEventListener("securitypolicyviolation", (event) => violations.push(event.violatedDirective + " " + event.blockedURI));
  addEventListener("message", (event) => heard.push(event.data));
`;

export interface School {
  readonly page: Page;
  readonly fleet: FakeFleet;
  told(): Promise<string[]>;
  /** Polls until the element has told all these states, in this order and no other. */
  expectTold(states: readonly string[]): Promise<void>;
  /** Calls the element: `element("restart()")`. */
  element(call: string): Promise<unknown>;
  frame(): Frame;
  cover(): Promise<string>;
  close(): Promise<void>;
}

export interface SchoolOptions {
  readonly options?: BrowserContextOptions;
  /** What is done with the page before it is opened. */
  readonly before?: (page: Page) => Promise<void>;
  /** The page of scripts/school instead of the fake's bare one. */
  readonly isDemonstration?: boolean;
}

export async function openSchool(
  browser: Browser,
  script: string,
  prepare: (fleet: FakeFleet) => void = () => {},
  { options = {}, before, isDemonstration = false }: SchoolOptions = {},
): Promise<School> {
  const fleet = new FakeFleet(script);
  await fleet.start();
  prepare(fleet);
  const settings = { api: fleet.api, secret: "a secret of the school, and no other", address: "127.0.0.1" };
  const demonstration = isDemonstration ? await startSchool(settings) : undefined;
  if (demonstration !== undefined) fleet.school = `http://school.localhost:${demonstration.port}`;
  const context = await browser.newContext(options);
  await context.addInitScript(`if (window === top) { ${RECORDER} }`);
  const page = await context.newPage();
  await before?.(page);
  await page.goto(fleet.school);
  const told = () => page.evaluate<string[]>("told");
  return {
    page,
    fleet,
    told,
    expectTold: (states) => expect.poll(told, { timeout: 20_000, interval: 50 }).toEqual(states),
    element: (call) => page.evaluate(`document.querySelector("hallpass-notebook").${call}`),
    frame: () => {
      const frame = page.mainFrame().childFrames().at(-1);
      if (frame === undefined) throw new Error("There is no frame in the page.");
      return frame;
    },
    cover: () => page.locator("hallpass-notebook .cover").innerText(),
    close: async () => {
      const violations = await page.evaluate<string[]>("window.violations ?? []").catch(() => []);
      await context.close();
      await fleet.stop();
      await demonstration?.stop();
      expect({ faults: fleet.faults, violations }).toEqual({ faults: [], violations: [] });
    },
  };
}

export const READY = ["starting", "opening", "ready"] as const;
