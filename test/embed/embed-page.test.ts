/** How the element looks and sounds, and what it weighs. A picture of each state is kept in artifacts/embed/. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { builtEmbed, launchBrowser, openSchool, READY, type School } from "./browser.ts";
import type { FakeFleet, Reply } from "./fake-fleet.ts";
import * as replies from "./replies.ts";

const pictures = resolve(import.meta.dirname, "../../artifacts/embed");
let browser: Browser;
let script: string;
beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  [browser, script] = await Promise.all([launchBrowser(), builtEmbed()]);
});
afterAll(() => browser.close());

async function open(prepare?: (fleet: FakeFleet) => void, options: BrowserContextOptions = {}): Promise<School> {
  const more = { options, isDemonstration: true };
  const school = await openSchool(browser, script, prepare, more);
  onTestFinished(school.close);
  return school;
}

async function takePicture(school: School, name: string): Promise<void> {
  // The cover fades; a picture of the middle of it says nothing. The ring, while it turns, never ends.
  await school.element(
    "shadowRoot.getAnimations().filter((a) => a.effect.getTiming().iterations === 1).reduce((all, a) => all.then(() => a.finished), Promise.resolve()).then(() => 0)",
  );
  await school.page.screenshot({ path: resolve(pictures, `${name}.png`) });
}

test("embed.js is under 8 kB on the wire", () => {
  const bytes = gzipSync(script, { level: 9 }).length;
  console.log(`embed.js: ${script.length} bytes, ${bytes} with gzip`);
  expect(bytes).toBeLessThan(8000);
});

describe("each state has a picture", () => {
  const slow = (message: string): Reply => replies.startingThenReady(message, new Promise(() => {}));
  const expired = replies.problem(401, "The token has expired", "It ended at 14:05.");
  const down = replies.problem(500, "Something failed", "The allocator could not read its records.");
  test.each<[name: string, line: Reply[], words: string]>([
    ["starting", [slow("Your notebook is waking up…")], "Your notebook is waking up…"],
    ["ready", [], "Your notebook is open"],
    ["no-room", [replies.noRoom(30)], "No free place yet"],
    ["signed-out", [expired, expired, expired, expired], "You are signed out"],
    ["refused", [replies.problem(403, "Not your course", "ada is not in course 7.")], "could not be started"],
    ["trouble", [down], "That did not work"],
  ])("%s", async (name, line, words) => {
    for (const colorScheme of ["light", "dark"] as const) {
      const school = await open(
        (fleet) => {
          fleet.line = [...line];
        },
        { colorScheme },
      );
      await expect.poll(() => school.page.locator("hallpass-notebook .cover").textContent()).toContain(words);
      await takePicture(school, `${name}-${colorScheme}`);
    }
  });

  test("ended, on a phone", async () => {
    const school = await open(undefined, { viewport: { width: 390, height: 844 } });
    await school.expectTold(READY);
    await school.frame().evaluate(`parent.postMessage({ type: "hallpass", status: 410, reason: "ended" }, "*")`);
    await school.expectTold([...READY, "ended"]);
    await takePicture(school, "ended-phone");
  });

  test("blocked", async () => {
    const school = await open((fleet) => {
      fleet.refusesPass = true;
    });
    await expect.poll(school.told, { timeout: 15_000 }).toContain("blocked");
    await takePicture(school, "blocked");
  });
});

describe("who cannot see it, or not well", () => {
  test("hears each state once, and not the countdown", async () => {
    const school = await open((fleet) => {
      fleet.line = [replies.noRoom(30)];
    });
    await school.expectTold(["starting", "waiting"]);
    const status = school.page.getByRole("status");
    expect(await status.getAttribute("aria-live")).toBe("polite");
    const heard = await status.textContent();
    expect(heard).toMatch(/No free place yet.*Next try in about \d+ seconds\./s);
    const seen = await school.cover();
    await expect.poll(school.cover, { timeout: 5000 }).not.toBe(seen);
    expect(await status.textContent()).toBe(heard);
  });

  test("finds the frame by its title, reaches the button by the keyboard, and lands in the notebook", async () => {
    const school = await open((fleet) => {
      fleet.line = [replies.problem(403, "Not now", "")];
    });
    await school.expectTold(["starting", "failed"]);
    await school.page.getByRole("button", { name: "Try again" }).focus();
    await school.page.keyboard.press("Enter");
    await school.expectTold(["starting", "failed", ...READY]);
    expect(await school.page.getByTitle("Your notebook").count()).toBe(1);
    expect(await school.element("shadowRoot.activeElement?.tagName")).toBe("IFRAME");
  });

  test("can not get into the frame under the cover", async () => {
    const school = await open();
    await school.expectTold(READY);
    await school.frame().evaluate(`parent.postMessage({ type: "hallpass", status: 410, reason: "ended" }, "*")`);
    await school.expectTold([...READY, "ended"]);
    expect(await school.element('shadowRoot.querySelector("iframe").inert')).toBe(true);
  });

  test("sees nothing move when the system asks for that", async () => {
    const school = await open(
      (fleet) => {
        fleet.line = [replies.silence];
      },
      { reducedMotion: "reduce" },
    );
    await school.expectTold(["starting"]);
    const moving = "document.querySelector('hallpass-notebook').shadowRoot.getAnimations().length";
    expect(await school.page.evaluate(moving)).toBe(0);
  });
});

test("the element is as large as the place that the page gives it", async () => {
  const school = await open();
  await school.expectTold(READY);
  const [place, frame] = await Promise.all(
    [".notebook", "hallpass-notebook iframe"].map((found) => school.page.locator(found).boundingBox()),
  );
  // The place has a border of one pixel on each side.
  expect(frame).toMatchObject({ width: (place?.width ?? 0) - 2, height: (place?.height ?? 0) - 2 });
});
