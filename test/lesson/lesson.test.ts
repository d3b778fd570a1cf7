/** The main job, as a person sees it: npm start, a real browser, a real Jupyter, HTTPS, third-party rules. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Started, startSystem } from "../scripts/started-system.ts";
import { launchChromium, type TestBrowser } from "../support/chromium.ts";
import { keepPicture, runCell, visit } from "./school-page.ts";

describe("ada's lesson", () => {
  let end: () => Promise<void>;
  let started: Started;
  let chromium: TestBrowser;
  beforeAll(async () => {
    const system = await startSystem([], {
      onFinish: (finish) => {
        end = finish;
      },
    });
    started = await system.ready();
    chromium = await launchChromium(started.ca);
  }, 400_000);
  afterAll(async () => {
    await chromium?.close();
    await end();
  });

  test("opens in the school's page, and print(6*7) shows 42; so it does in JupyterLab, one click away", async () => {
    const ada = await visit(chromium, started.school, "ada");
    expect(new URL(ada.frame().url()).pathname).toBe("/notebooks/lesson.ipynb");
    expect(await runCell(ada, "print(6*7)")).toBe("42");
    await keepPicture(ada.page, "notebook");

    await ada.notebook.getByText("JupyterLab", { exact: true }).first().click();
    await ada.page.waitForFunction(() => true);
    await ada.notebook.locator("#jp-main-dock-panel .jp-Notebook .jp-CodeCell").first().waitFor({ timeout: 60_000 });
    expect(new URL(ada.frame().url()).pathname).toMatch(/^\/(lab|doc)/);
    expect(await runCell(ada, "print(6*7)")).toBe("42");
    await keepPicture(ada.page, "jupyterlab");
    await ada.context.close();
  });

  test("keeps ada's file when the page is opened again, and in another browser", async () => {
    const first = await visit(chromium, started.school, "ada");
    const origin = new URL(first.frame().url()).origin;
    expect(await runCell(first, "open('diary.txt','w').write('met a difference engine')")).toBe("23");
    await first.page.reload();
    await first.notebook.locator(".jp-Notebook .jp-CodeCell").first().waitFor({ timeout: 60_000 });
    expect(await runCell(first, "print(open('diary.txt').read())")).toBe("met a difference engine");
    await first.context.close();

    const second = await visit(chromium, started.school, "ada");
    expect(new URL(second.frame().url()).origin).toBe(origin);
    expect(await runCell(second, "print(open('diary.txt').read())")).toBe("met a difference engine");
    await second.context.close();
  });

  test("is beside grace's on another origin, and the browser lets neither into the other", async () => {
    const ada = await visit(chromium, started.school, "ada");
    const grace = await visit(chromium, started.school, "grace");
    expect(new URL(grace.frame().url()).origin).not.toBe(new URL(ada.frame().url()).origin);
    expect(await runCell(grace, "import os; print(os.path.exists('diary.txt'))")).toBe("False");
    const reached = await ada.frame().evaluate(
      async (url) => {
        const answer = await fetch(url, { credentials: "include" }).catch((error: Error) => error.name);
        return typeof answer === "string" ? answer : answer.status;
      },
      `${new URL(grace.frame().url()).origin}/api/contents`,
    );
    expect(reached).toBe("TypeError");
    await ada.context.close();
    await grace.context.close();
  });
});
