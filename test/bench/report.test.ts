import { expect, test } from "vitest";
import { median } from "../../bench/processor-time.ts";
import { judge, renderTable } from "../../bench/report.ts";

test.each([
  [1.6, true],
  [1.600001, false],
  [Number.NaN, false],
])("%d meets a bar of 1.6: %s", (value, ok) => {
  expect(judge("x", value, "ratio", 1.6)).toMatchObject({ bar: 1.6, ok });
});

test("a bar that is not met is said in the table, and one that is met is not", () => {
  const table = renderTable([judge("good", 1, "ratio", 2), judge("bad one", 3, "ratio", 2)]);
  expect(table.split("\n")).toEqual(["good       1.00  at most 2.00", "bad one    3.00  at most 2.00   NOT MET"]);
});

test.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[7], 7],
])("the median of %j is %d", (values, expected) => {
  expect(median(values)).toBe(expected);
});
