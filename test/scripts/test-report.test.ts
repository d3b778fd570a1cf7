import { describe, expect, it } from "vitest";
import { countTests, type TestCount } from "../../scripts/test-report.ts";

const report = {
  success: true,
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ status: "passed", assertionResults: [{}, {}, {}] }],
};
const unloaded = { status: "failed", assertionResults: [] };

const counts: [what: string, text: string, count: TestCount][] = [
  ["all passed", JSON.stringify(report), { passed: 3, failed: 0 }],
  ["two failed", JSON.stringify({ ...report, success: false, numFailedTests: 2 }), { passed: 3, failed: 2 }],
  [
    "a file could not be loaded",
    JSON.stringify({ ...report, success: false, testResults: [...report.testResults, unloaded] }),
    { passed: 3, failed: 1 },
  ],
  ["an error outside of any test", JSON.stringify({ ...report, success: false }), { passed: 3, failed: 1 }],
  ["a test was skipped", JSON.stringify({ ...report, numPendingTests: 1 }), { passed: 3, failed: 1 }],
  ["a test is yet to be written", JSON.stringify({ ...report, numTodoTests: 1 }), { passed: 3, failed: 1 }],
  ["the report is cut off", JSON.stringify(report).slice(0, 40), { passed: 0, failed: 1 }],
  ["there is no report", "", { passed: 0, failed: 1 }],
];

describe("the count of tests", () => {
  it.each(counts)("is right when %s", (_what, text, count) => {
    expect(countTests(text, false)).toEqual(count);
  });

  it("leaves out what was skipped because only some tests were asked for", () => {
    expect(countTests(JSON.stringify({ ...report, numPendingTests: 40 }), true)).toEqual({ passed: 3, failed: 0 });
  });
});
