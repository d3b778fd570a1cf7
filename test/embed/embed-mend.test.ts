/** embed.js in a real browser, with the notebook in the frame: what it hears, mends, and leaves behind. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { builtEmbed, launchBrowser, openSchool, READY, type School } from "./browser.ts";
import type { FakeFleet } from "./fake-fleet.ts";
import * as replies from "./replies.ts";

let browser: Browser;
let script: string;
beforeAll(async () => {
  [browser, script] = await Promise.all([launchBrowser(), builtEmbed()]);
});
afterAll(() => browser.close());

/** With a clock of the test's own, so that "and then nothing more" needs no waiting. */
async function open(prepare?: (fleet: FakeFleet) => void): Promise<School> {
  const school = await openSchool(browser, script, prepare, { before: (page) => page.clock.install() });
  onTestFinished(school.close);
  return school;
}

async function openReady(): Promise<School> {
  const school = await open();
  await school.expectTold(READY);
  return school;
}

const message = (status: number, reason: string) => JSON.stringify({ type: "hallpass", status, reason });
const ended = message(410, "ended");

describe("a notebook that has ended", () => {
  test("is told as such, and starts again when the student asks", async () => {
    const school = await openReady();
    await school.frame().evaluate(`parent.postMessage(${ended}, "*")`);
    await school.expectTold([...READY, "ended"]);
    expect(await school.cover()).toContain("Your notebook has ended");
    expect(school.fleet.questions).toHaveLength(1);
    await school.page.getByRole("button", { name: "Start again" }).click();
    await school.expectTold([...READY, "ended", ...READY]);
  });

  test.each([
    ["the school's own page", (school: School) => school.page.evaluate(`postMessage(${ended}, "*")`)],
    [
      "another notebook, in a frame inside this one",
      (school: School) => school.frame().evaluate(frameInside(`${school.fleet.notebook(6002)}/tells-the-top`)),
    ],
    [
      "this notebook's name, but not its frame",
      (school: School) => school.frame().evaluate(frameInside("/tells-the-top")),
    ],
    [
      "another notebook, to which this frame was led",
      async (school: School) => {
        await school.frame().goto(`${school.fleet.notebook(6002)}/`);
        await school.frame().evaluate(`parent.postMessage(${ended}, "*")`);
      },
    ],
  ])("is not believed from %s", async (_, send) => {
    const school = await openReady();
    await school.page.evaluate("heard.length = 0");
    await send(school);
    await expect.poll(() => school.page.evaluate("heard.at(-1)?.status")).toBe(410);
    expect(await school.told()).toEqual(READY);
    expect(school.fleet.questions).toHaveLength(1);
  });

  const frameInside = (address: string) => `new Promise((done) => {
    const inside = document.createElement("iframe");
    inside.src = ${JSON.stringify(address)};
    inside.onload = done;
    document.body.append(inside);
  })`;
});

describe("a pass that has run out", () => {
  test("is mended by itself with a new ticket, in a frame that leaves no step in the page's history", async () => {
    const school = await openReady();
    const before = await school.page.evaluate("history.length");
    await school.frame().evaluate(`parent.postMessage(${message(401, "expired")}, "*")`);
    await school.expectTold([...READY, "opening", "ready"]);
    expect(school.fleet.entries.map(({ ticket }) => ticket)).toEqual(["ticket-1", "ticket-2"]);
    expect(await school.page.evaluate("history.length")).toBe(before);
    expect(school.page.mainFrame().childFrames()).toHaveLength(1);
  });

  test("waits while nobody looks at the tab", async () => {
    const school = await openReady();
    await school.page.evaluate("isHidden = true");
    await school.frame().evaluate(`parent.postMessage(${message(401, "expired")}, "*")`);
    await school.expectTold([...READY, "opening"]);
    await school.page.clock.runFor(600_000);
    expect(school.fleet.questions).toHaveLength(1);
    await school.page.evaluate("isHidden = false; document.dispatchEvent(new Event('visibilitychange'))");
    await school.expectTold([...READY, "opening", "ready"]);
  });

  test("and comes back refused each time is given up after three, and opens in a tab of its own", async () => {
    const school = await open((fleet) => {
      fleet.refusesPass = true;
    });
    await expect.poll(school.told, { timeout: 15_000 }).toContain("blocked");
    await school.page.clock.runFor(600_000);
    expect(school.fleet.entries).toHaveLength(4);
    school.fleet.refusesPass = false;
    const opened = school.page.context().waitForEvent("page");
    await school.page.getByRole("button", { name: "Open in a new tab" }).click();
    const tab = await opened;
    await tab.waitForURL(/\/notebooks\/lesson\.ipynb/);
    expect(await tab.locator("h1").innerText()).toBe("A real notebook");
    expect(await tab.evaluate("opener")).toBeNull();
    expect((await school.told()).at(-1)).toBe("elsewhere");
    expect(school.page.mainFrame().childFrames()).toHaveLength(0);
  });
});

test("a machine that is down is asked for again by itself", async () => {
  const school = await openReady();
  await school.frame().evaluate(`parent.postMessage(${message(503, "unreachable")}, "*")`);
  await school.expectTold([...READY, "waiting"]);
  expect(await school.cover()).toContain("Your notebook does not answer");
  await school.expectTold([...READY, "waiting", "opening", "ready"]);
});

describe("what the notebook may do in the page", () => {
  test("copy and paste, but not lead the school's page elsewhere", async () => {
    const school = await openReady();
    const mayCopy = `["clipboard-read", "clipboard-write", "fullscreen", "camera"].filter((name) => document.featurePolicy.allowsFeature(name)).join()`;
    expect(await school.frame().evaluate(mayCopy)).toBe("clipboard-read,clipboard-write,fullscreen");
    await school.frame().locator("h1").click();
    const lead =
      'new Promise((done) => { try { top.location.href = "http://evil.localhost/"; done("") } catch (e) { done(e.name) } })';
    expect(await school.frame().evaluate(lead)).toBe("SecurityError");
    expect(school.page.url()).toBe(`${school.fleet.school}/`);
  });
});

describe("the element in the page", () => {
  test("removed while it asks, breaks off, and asks no more", async () => {
    const school = await open((fleet) => {
      fleet.line = [replies.silence];
    });
    await expect.poll(() => school.fleet.questions.length).toBe(1);
    await school.element("remove()");
    await expect.poll(() => school.fleet.questions[0]?.isAborted).toBe(true);
  });

  test("removed while it waits, asks no more", async () => {
    const school = await open((fleet) => {
      fleet.line = [replies.noRoom(1)];
    });
    await school.expectTold(["starting", "waiting"]);
    await school.element("remove()");
    await school.page.clock.runFor(600_000);
    expect(school.fleet.questions).toHaveLength(1);
  });

  test("put back, or told to restart, asks anew; a new token alone disturbs nothing", async () => {
    const school = await openReady();
    await school.element('setAttribute("token", "newer")');
    await school.element("restart()");
    await school.expectTold([...READY, ...READY]);
    await school.page.evaluate("document.body.append(document.querySelector('hallpass-notebook'))");
    await school.expectTold([...READY, ...READY, ...READY]);
    expect(school.fleet.questions.map(({ token }) => token)).toEqual(["good", "newer", "newer"]);
  });
});
