import { expect, test } from "vitest";
import { quartilesOf } from "../../bench/quartiles.ts";
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
  [[7], { lower: 7, median: 7, upper: 7 }],
  [[3, 1, 2], { lower: 1.5, median: 2, upper: 2.5 }],
  [[4, 1, 2, 3], { lower: 1.75, median: 2.5, upper: 3.25 }],
  [[1, 100, 1, 1, 1], { lower: 1, median: 1, upper: 1 }],
  [[], { lower: Number.NaN, median: Number.NaN, upper: Number.NaN }],
])("the quartiles of %j are %j", (values, expected) => {
  expect(quartilesOf(values)).toEqual(expected);
});

test("a row is the same as JSON as it is in the table", () => {
  const row = judge("instructions", 1.23456, "ratio", 1.6);
  expect(JSON.parse(JSON.stringify([row]))).toEqual([
    { name: "instructions", value: 1.235, unit: "ratio", bar: 1.6, ok: true },
  ]);
});
