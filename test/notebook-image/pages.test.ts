import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Frame, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { makeHome, type RunningNotebook, startNotebook } from "./running-notebook.ts";
import { openSchoolFrame, type SchoolFrame } from "./school-frame.ts";

/** Screenshots of what a student sees, kept by CI. */
const ARTIFACTS = resolve(import.meta.dirname, "../../artifacts");

let notebook: RunningNotebook;
beforeAll(async () => {
  notebook = await startNotebook(await makeHome());
  await mkdir(ARTIFACTS, { recursive: true });
});
afterAll(() => notebook.stop());

async function open(path: string): Promise<SchoolFrame> {
  const school = await openSchoolFrame(notebook, path);
  onTestFinished(() => school.close());
  return school;
}

/** Runs the cell with print(6*7) as a student would, who presses again when nothing happens. */
async function runFirstCell(page: Page, frame: Frame): Promise<void> {
  const answer = frame.locator(".jp-CodeCell .jp-OutputArea-output", { hasText: /^42\s*$/ });
  const press = async () => {
    await frame.locator(".jp-CodeCell", { hasText: "print(6*7)" }).locator(".cm-content").click();
    await page.keyboard.press("Shift+Enter");
    return answer.waitFor({ timeout: 5_000 }).then(
      () => true,
      () => false,
    );
  };
  // Jupyter drops what is run before its kernel is there, without a word.
  await expect.poll(press, { timeout: 50_000 }).toBe(true);
}

async function clickSwitcher(frame: Frame, label: string): Promise<void> {
  await frame.locator(".jp-nb-interface-switcher-button", { hasText: label }).click();
}

const countTabs = (school: SchoolFrame) => school.context.pages().length;

describe("in a school's page of another site, in a browser that gives a frame no storage", () => {
  it("Notebook runs a cell, and JupyterLab is one click away in the same frame, and Notebook from there", async () => {
    const school = await open("/notebooks/lesson.ipynb");
    await runFirstCell(school.page, school.frame());
    await school.page.screenshot({ path: join(ARTIFACTS, "notebook-in-frame.png") });
    await clickSwitcher(school.frame(), "JupyterLab");
    await school.frame().waitForURL("**/doc/tree/lesson.ipynb");
    // What was not saved yet has come along, and no question about leaving the page was asked.
    await school
      .frame()
      .locator(".jp-OutputArea-output", { hasText: /^42\s*$/ })
      .waitFor({ timeout: 30_000 });
    await clickSwitcher(school.frame(), "Notebook");
    await school.frame().waitForURL("**/notebooks/lesson.ipynb");
    await school.frame().locator(".jp-CodeCell").first().waitFor({ timeout: 30_000 });
    expect(countTabs(school)).toBe(1);
  });

  it("JupyterLab runs a cell, and does not load itself again and again", async () => {
    const school = await open("/lab/tree/lesson.ipynb");
    await runFirstCell(school.page, school.frame());
    await school.page.screenshot({ path: join(ARTIFACTS, "jupyterlab-in-frame.png") });
    expect(school.loaded.filter((path) => path.includes("reset"))).toEqual([]);
  });

  it("the file browser and the files in it open in the same frame", async () => {
    const school = await open("/notebooks/lesson.ipynb");
    await school.frame().locator("#jp-NotebookLogo").click({ timeout: 30_000 });
    await school.frame().waitForURL("**/tree");
    await school.frame().locator(".jp-DirListing-item", { hasText: "lesson.ipynb" }).dblclick({ timeout: 30_000 });
    await school.frame().waitForURL("**/notebooks/lesson.ipynb");
    expect(countTabs(school)).toBe(1);
  });

  it("another site's page still opens in a tab of its own", async () => {
    const school = await open("/notebooks/lesson.ipynb");
    await school.frame().locator(".jp-CodeCell").first().waitFor({ timeout: 30_000 });
    const tab = school.context.waitForEvent("page");
    await school.frame().evaluate('void window.open("about:blank#elsewhere", "_blank")');
    expect((await tab).url()).toBe("about:blank#elsewhere");
    expect(new URL(school.frame().url()).pathname).toBe("/notebooks/lesson.ipynb");
  });

  it("what stands for localStorage does what the browser's own does", async () => {
    const school = await open("/notebooks/lesson.ipynb");
    await school.frame().locator(".jp-CodeCell").first().waitFor({ timeout: 30_000 });
    const use = () => {
      const storage = (globalThis as unknown as { localStorage: Storage }).localStorage;
      storage.clear();
      storage.setItem("a", "1");
      storage.setItem("b", undefined as unknown as string);
      const before = [storage.length, storage.getItem("a"), storage.getItem("b"), storage.getItem("c"), storage.key(9)];
      storage.removeItem("a");
      storage.removeItem("never");
      return [...before, storage.length, storage.key(0), storage.getItem("a")];
    };
    const browsersOwn = await school.page.evaluate(use);
    expect(await school.frame().evaluate(use)).toEqual(browsersOwn);
    expect(browsersOwn).toEqual([2, "1", "undefined", null, null, 1, "b", null]);
  });
});

describe("where storage works", () => {
  it("the browser's own stays", async () => {
    const school = await open("/tree");
    const tab = await school.context.newPage();
    await tab.goto(school.frame().url());
    const isBrowsersOwn = "localStorage instanceof Storage && sessionStorage instanceof Storage";
    expect(await tab.evaluate(isBrowsersOwn)).toBe(true);
    expect(await school.frame().evaluate("localStorage instanceof Storage")).toBe(false);
  });

  it("a notebook that is no frame opens tabs as Jupyter means it", async () => {
    const school = await open("/tree");
    const tab = await school.context.newPage();
    await tab.goto(school.frame().url().replace("/tree", "/notebooks/lesson.ipynb"));
    const opened = school.context.waitForEvent("page");
    await clickSwitcher(tab.mainFrame(), "JupyterLab");
    expect(new URL((await opened).url()).pathname).toMatch(/^\/doc\/tree\/lesson\.ipynb$|^blank$/);
  });
});
