/** The school's page in a browser, and the notebook in it: what a student does there. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Frame, FrameLocator, Page } from "playwright-core";
import { expect } from "vitest";
import { REPOSITORY } from "../../scripts/data-folder.ts";
import type { TestBrowser } from "../support/chromium.ts";

/** A notebook starts in seconds; on a busy machine it takes longer. */
const OPEN_MS = 60_000;
const PRESS_MS = 8000;

export interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly notebook: FrameLocator;
  /** The frame that the notebook is in, once it has a page. */
  frame(): Frame;
}

/** Opens the school's page as this student, in a browser without a past, and waits for the notebook. */
export async function visit(chromium: TestBrowser, school: string, student: string): Promise<Visit> {
  const context = await chromium.browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(`${school}?student=${student}`);
  const notebook = page.frameLocator("hallpass-notebook iframe");
  await notebook.locator(".jp-Notebook .jp-CodeCell").first().waitFor({ timeout: OPEN_MS });
  const frame = (): Frame => {
    const found = page.frames().find((each) => each.url().includes(".ide-proxy."));
    if (found === undefined) throw new Error("There is no notebook in the page.");
    return found;
  };
  return { context, page, notebook, frame };
}

/** Writes into the first code cell, runs it, and answers what it prints: not what it printed before. */
export async function runCell({ page, notebook }: Pick<Visit, "page" | "notebook">, code: string): Promise<string> {
  const cell = notebook.locator(".jp-Notebook .jp-CodeCell").first();
  const prompt = cell.locator(".jp-InputPrompt");
  const before = await prompt.innerText();
  await cell.locator(".cm-content").click();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.insertText(code);
  const hasRun = async (): Promise<boolean> => {
    const now = await prompt.innerText();
    return now !== before && /\[\d+\]/.test(now);
  };
  const press = async (): Promise<boolean> => {
    // Pressed before the kernel is there, the keys are lost: a student presses again.
    await cell.locator(".cm-content").click();
    await page.keyboard.press("ControlOrMeta+Enter");
    return expect
      .poll(hasRun, { timeout: PRESS_MS })
      .toBe(true)
      .then(
        () => true,
        () => false,
      );
  };
  await expect.poll(press, { timeout: OPEN_MS }).toBe(true);
  const output = cell.locator(".jp-OutputArea-output").first();
  await output.waitFor({ timeout: OPEN_MS });
  return (await output.innerText()).trim();
}

/** Kept for people to look at, in artifacts/. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = join(REPOSITORY, "artifacts", "lesson");
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
