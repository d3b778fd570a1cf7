import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { findProgram, isAtLeast } from "../../scripts/programs.ts";

const versions: [version: string | undefined, minimum: string, isEnough: boolean][] = [
  ["2.6.12", "2.6", true],
  ["2.6", "2.6", true],
  ["2.10.0", "2.6", true],
  ["3.0.11", "2.6", true],
  ["10.0", "2.6", true],
  ["2.5.99", "2.6", false],
  ["1.8.8", "2.6", false],
  ["2.6.0", "2.6.1", false],
  ["2", "2.6", false],
  [undefined, "2.6", false],
];

/** A PATH of one folder, in which there is a program that prints this. */
function usePath(name: string, prints: string): string {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-programs-"));
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\necho '${prints}'\n`);
  chmodSync(path, 0o755);
  vi.stubEnv("PATH", folder);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });
  return path;
}

describe("a program that is needed", () => {
  it.each(versions)("of version %s is at least %s: %s", (version, minimum, isEnough) => {
    expect(isAtLeast(version, minimum)).toBe(isEnough);
  });

  it("is taken from PATH", async () => {
    const path = usePath("haproxy", "HAProxy version 3.0.11-1+deb13u1 2025/09/01 - https://haproxy.org/");
    expect(await findProgram("haproxy")).toEqual({ path });
  });

  it("is looked for further when the one on PATH is too old, and the old one is named", async () => {
    const path = usePath("haproxy", "HA-Proxy version 1.8.8-1ubuntu0.13 2019/10/23");
    const found = await findProgram("haproxy");
    const isElsewhere = found.path !== undefined && found.path !== path;
    expect(isElsewhere || found.problem === `${path} is version 1.8.8, but at least 2.6 is needed`).toBe(true);
  });
});
