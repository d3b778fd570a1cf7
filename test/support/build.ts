/** Before all tests: builds dist/ once, which HAProxy and the browsers load. */
import { buildAll, buildSteps } from "../../scripts/build.ts";

export async function setup(): Promise<void> {
  await buildAll(buildSteps, () => {});
}
