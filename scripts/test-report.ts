/**
 * What vitest's JSON report comes to: how many tests passed and how many failed.
 *
 *   { numPassedTests: 41, numFailedTests: 0, … }  →  { passed: 41, failed: 0 }
 *
 * The surprise: a file that cannot be loaded has no tests, so none of them fails. It counts as one
 * failed test, as does a run that fails for any other reason, and a test that is skipped.
 */
import { z } from "zod";

const reportSchema = z.object({
  success: z.boolean(),
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number(),
  testResults: z.array(z.object({ status: z.string(), assertionResults: z.array(z.unknown()) })),
});

export interface TestCount {
  readonly passed: number;
  readonly failed: number;
}

/** `text`: the report; "" when there is none. `isPart`: some tests were asked for, so that the others are skipped. */
export function countTests(text: string, isPart: boolean): TestCount {
  const parsed = reportSchema.safeParse(parseJson(text));
  if (!parsed.success) return { passed: 0, failed: 1 };
  const report = parsed.data;
  const unloaded = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  const skipped = isPart ? 0 : report.numPendingTests + report.numTodoTests;
  const failed = report.numFailedTests + unloaded.length + skipped;
  return { passed: report.numPassedTests, failed: failed === 0 && !report.success ? 1 : failed };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
