/**
 * Where a start keeps its files: `.hallpass/` in the work tree, which git does not see.
 *
 * Authority and school key stay across starts; each run's folder goes with its run.
 */
import { join, resolve } from "node:path";

export const REPOSITORY = resolve(import.meta.dirname, "..");

const folder = join(REPOSITORY, ".hallpass");

export const DATA = {
  authority: join(folder, "authority"),
  schoolKey: join(folder, "school.key"),
  runs: join(folder, "runs"),
} as const;
