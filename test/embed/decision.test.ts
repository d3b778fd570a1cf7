import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Answer,
  parseApi,
  parseLocation,
  parseNotebook,
  parseProblem,
  parseRetryAfter,
} from "../../notebook-host/embed/answer.ts";
import {
  limits,
  mendLimit,
  noTries,
  parseMessage,
  planMending,
  planNext,
  waitForRoom,
} from "../../notebook-host/embed/decision.ts";
import { API, apis, ID, mendingCases, nextCases, notReady, retryAfters } from "./decision.cases.ts";

describe("after an answer of the allocator", () => {
  test.each(nextCases)("$what", ({ answer, tries, askedId, expected }) => {
    const { step } = planNext(answer, { ...noTries, ...tries }, askedId, 0);
    const say = "say" in step ? step.say : undefined;
    expect({ ...step, title: say?.title, state: say?.state }).toMatchObject(expected);
    if (expected.do === "ask") expect("id" in step && step.id).toBe(expected.id);
  });

  test("the allocator's own words stand below ours", () => {
    const problem = { status: 403, title: "Not your course", detail: "ada is in course 7" };
    const { step } = planNext({ kind: "refused", problem, retryAfterMs: undefined }, noTries, undefined, 0);
    expect(step).toMatchObject({ say: { detail: "Not your course: ada is in course 7" } });
  });

  const answers: fc.Arbitrary<Answer> = fc.oneof(
    fc.constant<Answer>({ kind: "starting", id: ID }),
    fc.constant<Answer>({ kind: "unreachable" }),
    fc.constant<Answer>({ kind: "nonsense" }),
    fc.record({
      kind: fc.constant("refused" as const),
      problem: fc.record({ status: fc.integer({ min: 400, max: 599 }), title: fc.string(), detail: fc.string() }),
      retryAfterMs: fc.option(fc.integer(), { nil: undefined }),
    }),
  );

  test("whatever is answered, embed.js stops by itself", () => {
    const most = Object.values(limits).reduce((sum, limit) => sum + limit, 1);
    fc.assert(
      fc.property(fc.infiniteStream(answers), fc.double({ min: 0, max: 1, noNaN: true }), (stream, random) => {
        let tries = noTries;
        for (let asked = 1; asked <= most; asked++) {
          const plan = planNext(stream.next().value, tries, ID, random);
          if (plan.step.do === "stop") return true;
          tries = plan.tries;
        }
        return false;
      }),
    );
  });

  test("a class that was refused together comes back spread over a quarter of the time, never early", () => {
    expect(waitForRoom(20_000, 0)).toBe(20_000);
    expect(waitForRoom(20_000, 1)).toBe(25_000);
    expect(waitForRoom(1000, 1)).toBe(2000);
  });
});

describe("after a message from the notebook's page", () => {
  const now = 5_000_000;
  test.each(mendingCases)("$what", ({ message, mendedAgo, expected }) => {
    const step = planMending(
      message,
      (mendedAgo ?? []).map((ms) => now - ms),
      now,
      0,
    );
    if (expected === undefined) expect(step).toBeUndefined();
    else expect({ ...step, title: step && "say" in step && step.say?.title }).toMatchObject(expected);
  });

  test("a page that says 401 for ever is mended so many times in ten minutes, and no more", () => {
    const mended: number[] = [];
    for (let ms = 0; ms < mendLimit.withinMs; ms += 1000)
      if (planMending({ status: 401, reason: "no-pass" }, mended, ms, 0)?.do === "ask") mended.push(ms);
    expect(mended).toHaveLength(mendLimit.times);
  });

  test.each([
    ["no object", 5],
    ["null", null],
    ["another program's", { type: "webpackOk", status: 410 }],
    ["a status that is no number", { type: "hallpass", status: "410" }],
  ])("is none of ours: %s", (_, data) => expect(parseMessage(data)).toBeUndefined());

  test("has a status and a reason", () => {
    expect(parseMessage({ type: "hallpass", status: 410, reason: "ended" })).toEqual({ status: 410, reason: "ended" });
    expect(parseMessage({ type: "hallpass", status: 410, reason: {} })).toEqual({ status: 410, reason: "" });
  });
});

describe("an answer is parsed once", () => {
  test("a ready notebook", () => {
    const url = "https://dev-01-6001.ide-proxy.example.org:8443/notebooks/lesson.ipynb?a=1#b";
    expect(parseNotebook({ id: ID, url, ticket: "t", server: "dev-01", port: 6001 }, API)).toEqual({
      id: ID,
      origin: "https://dev-01-6001.ide-proxy.example.org:8443",
      next: "/notebooks/lesson.ipynb?a=1",
      ticket: "t",
    });
  });

  test.each(notReady)("refused: %s", (_, value) => expect(parseNotebook(value, API)).toBeUndefined());

  test.each(retryAfters)("Retry-After %j is %j ms", (text, ms) => expect(parseRetryAfter(text, 10_000)).toBe(ms));

  test.each(apis)("api=%j is %j", (text, origin) => expect(parseApi(text)).toBe(origin));

  test("a Location's id, and nothing that only looks like one", () => {
    expect(parseLocation(`/v1/notebooks/${ID}`)).toBe(ID);
    expect(parseLocation(`/v1/notebooks/${ID}/..`)).toBeUndefined();
    expect(parseLocation(null)).toBeUndefined();
  });

  test("a problem without words, or with far too many", () => {
    expect(parseProblem(500, "<html>")).toEqual({ status: 500, title: "", detail: "" });
    expect(parseProblem(500, { title: "x".repeat(9000) }).title).toHaveLength(300);
  });
});
