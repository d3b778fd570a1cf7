/** embed.js in a real browser, from asking to a notebook in the frame, against a fleet that is unkind. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { builtEmbed, launchBrowser, openSchool, READY, type School } from "./browser.ts";
import { ID } from "./decision.cases.ts";
import type { FakeFleet } from "./fake-fleet.ts";
import * as replies from "./replies.ts";

let browser: Browser;
let script: string;
beforeAll(async () => {
  [browser, script] = await Promise.all([launchBrowser(), builtEmbed()]);
});
afterAll(() => browser.close());

async function open(prepare?: (fleet: FakeFleet) => void, more?: Parameters<typeof openSchool>[3]): Promise<School> {
  const school = await openSchool(browser, script, prepare, more);
  onTestFinished(school.close);
  return school;
}
const asked = (school: School) => school.fleet.questions.map(({ method, path }) => `${method} ${path}`);
const POST = "POST /v1/notebooks";
const GET = `GET /v1/notebooks/${ID}`;

describe("a notebook that is ready", () => {
  test("stands in the frame, entered by a ticket that is in no address", async () => {
    const school = await open();
    await school.expectTold(READY);
    expect(school.frame().url()).toBe(`${school.fleet.notebook(6001)}/notebooks/lesson.ipynb?mode=lesson`);
    expect(school.fleet.entries).toEqual([
      { next: "/notebooks/lesson.ipynb?mode=lesson", ticket: "ticket-1", cookie: true },
    ]);
    expect(school.fleet.questions).toMatchObject([{ token: "good" }]);
  });

  test("is asked for where embed.js came from, or where api says", async () => {
    const school = await open((fleet) => {
      fleet.attributes += ` api="http://ide-proxy.localhost:1"`;
    });
    await school.expectTold(["starting", "waiting"]);
    expect(school.fleet.questions).toEqual([]);
    expect(await school.page.evaluate("violations.splice(0)")).toEqual([
      "connect-src http://ide-proxy.localhost:1/v1/notebooks",
    ]);
    await school.element('removeAttribute("api")');
    await school.expectTold(["starting", "waiting", ...READY]);
  });

  test("is not asked for at an address without https", async () => {
    const school = await open((fleet) => {
      fleet.attributes += ' api="http://ide-proxy.example.org"';
    });
    await school.expectTold(["failed"]);
    expect(await school.cover()).toContain("must be an https address");
  });
});

describe("a notebook that is starting", () => {
  test("tells its progress in words, from a stream in pieces of any size", async () => {
    const seen = Promise.withResolvers<void>();
    const school = await open((fleet) => {
      fleet.line = [replies.startingThenReady("Fetching your files: übung.ipynb", seen.promise)];
    });
    await expect.poll(school.cover).toContain("Fetching your files: übung.ipynb");
    seen.resolve();
    await school.expectTold(READY);
    expect(asked(school)).toEqual([POST]);
  });

  test("is asked about when a proxy has cut the stream", async () => {
    const cut = replies.stream(replies.event("progress", { message: "…" }), { isCut: true });
    const school = await open((fleet) => {
      fleet.line = [cut, replies.stream("event: rea"), replies.accepted];
    });
    await school.expectTold(READY);
    expect(asked(school)).toEqual([POST, GET, GET, GET]);
  });

  test("is asked for again when nothing says which it is, or it is gone", async () => {
    const school = await open((fleet) => {
      fleet.line = [
        replies.stream("", { location: "" }),
        replies.accepted,
        replies.problem(404, "No such notebook", "It is gone."),
      ];
    });
    await school.expectTold(READY);
    expect(asked(school)).toEqual([POST, POST, GET, POST]);
  });

  test("that fails says why", async () => {
    const failed = { type: "about:blank", title: "It did not start", status: 422, detail: "The image is broken." };
    const school = await open((fleet) => {
      fleet.line = [replies.stream(replies.event("failed", failed))];
    });
    await school.expectTold(["starting", "failed"]);
    expect(await school.cover()).toContain("It did not start: The image is broken.");
  });

  test("and never says another word is asked about after a minute", async () => {
    const school = await open(
      (fleet) => {
        fleet.line = [replies.silence];
      },
      { before: (page) => page.clock.install() },
    );
    await expect.poll(() => school.fleet.questions.length).toBe(1);
    await school.page.clock.runFor(59_000);
    expect(school.fleet.questions).toHaveLength(1);
    await school.page.clock.runFor(3000);
    await school.expectTold(["starting", "waiting", "opening", "ready"]);
  });
});

describe("when there is no room", () => {
  test("it says so, counts down, and asks again by itself, not before Retry-After", async () => {
    const school = await open((fleet) => {
      fleet.line = [replies.noRoom(2)];
    });
    await school.expectTold(["starting", "waiting"]);
    expect(await school.cover()).toMatch(/No free place yet.*All 12 places.*Next try in \d s.*Ask now/s);
    await school.expectTold(["starting", "waiting", "opening", "ready"]);
    const [first, second] = school.fleet.questions.map(({ atMs }) => atMs) as [number, number];
    expect(second - first).toBeGreaterThanOrEqual(2000);
  });

  test("a tab that nobody looks at waits until somebody does", async () => {
    const school = await open((fleet) => {
      fleet.line = [replies.noRoom(1)];
    });
    await school.expectTold(["starting", "waiting"]);
    await school.page.evaluate("isHidden = true");
    await expect.poll(school.cover, { timeout: 5000 }).toContain("Trying now");
    expect(school.fleet.questions).toHaveLength(1);
    await school.page.evaluate("isHidden = false; document.dispatchEvent(new Event('visibilitychange'))");
    await school.expectTold(["starting", "waiting", "opening", "ready"]);
  });
});

describe("when something is wrong", () => {
  test("a connection that breaks is tried again", async () => {
    const school = await open((fleet) => {
      fleet.line = [replies.brokenOff];
    });
    await school.expectTold(["starting", "waiting", "opening", "ready"]);
  });

  test("a refusal is told in the allocator's words, as text", async () => {
    const school = await open((fleet) => {
      fleet.line = [replies.problem(403, "Not allowed", "<img src=x onerror=alert(1)> is no image")];
    });
    await school.expectTold(["starting", "failed"]);
    expect(await school.cover()).toContain("Not allowed: <img src=x onerror=alert(1)> is no image");
    await school.page.getByRole("button", { name: "Try again" }).click();
    await school.expectTold(["starting", "failed", ...READY]);
  });

  test("answers that are not ours are asked about five times, and then a person decides", async () => {
    const wrong = replies.json(200, { id: ID, url: "javascript:alert(1)", ticket: "t" });
    const school = await open(
      (fleet) => {
        fleet.line = [replies.otherPage, wrong, replies.json(200, "ready"), replies.otherPage, wrong];
      },
      { before: (page) => page.clock.install() },
    );
    await expect
      .poll(async () => {
        await school.page.clock.runFor(5000);
        return (await school.told()).at(-1);
      })
      .toBe("failed");
    await school.page.clock.runFor(600_000);
    expect(school.fleet.questions).toHaveLength(5);
    await school.page.getByRole("button", { name: "Try again" }).click();
    await expect.poll(async () => (await school.told()).at(-1)).toBe("ready");
  });
});

describe("a token that has expired", () => {
  const expired = replies.problem(401, "The token has expired", "exp");

  test("is replaced by the page, which is asked for a new one", async () => {
    const school = await open((fleet) => {
      fleet.line = [expired];
    });
    await school.expectTold(["starting", "signed-out", "token-needed"]);
    expect(await school.cover()).toContain("Checking who you are");
    await school.element('setAttribute("token", "newer")');
    await school.expectTold(["starting", "signed-out", "token-needed", ...READY]);
    expect(school.fleet.questions.map(({ token }) => token)).toEqual(["good", "newer"]);
  });

  test("is asked for three times, and then the student is signed out", async () => {
    const school = await open((fleet) => {
      fleet.line = [expired, expired, expired, expired];
      fleet.attributes = fleet.attributes.replace('token="good"', "");
    });
    await school.expectTold(["starting", "signed-out", "token-needed"]);
    await school.page.evaluate("tokens.push('b', 'c', 'd', 'e')");
    await school.element('setAttribute("token", "a")');
    await expect.poll(school.cover).toContain("You are signed out");
    expect(school.fleet.questions.map(({ token }) => token)).toEqual(["a", "b", "c", "d"]);
  });
});
