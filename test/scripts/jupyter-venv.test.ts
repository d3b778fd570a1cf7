import { lstat, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { runCommand } from "../../scripts/command.ts";
import { type EnvironmentPlan, ensureEnvironment } from "../../scripts/jupyter-venv.ts";

/** An environment with nothing in it, which takes no network. */
async function makePlan(requirements = ""): Promise<EnvironmentPlan> {
  const folder = await mkdtemp(join(tmpdir(), "hallpass-venv-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, "requirements.txt"), requirements);
  return { python: "python3", requirements: join(folder, "requirements.txt"), folder: join(folder, "made") };
}

describe("Jupyter's environment", () => {
  it("is made once, and its programs begin with the path at which they are", async () => {
    const plan = await makePlan();
    const lines: string[] = [];
    const bin = await ensureEnvironment(plan, (line) => lines.push(line));
    expect(await readFile(join(bin, "pip"), "utf8")).toContain(`#!${bin}/python`);
    expect(await runCommand([join(bin, "python"), "-c", "print(6*7)"])).toBe("42\n");
    expect(lines).toHaveLength(2);
    expect(await ensureEnvironment(plan, (line) => lines.push(line))).toBe(bin);
    expect(lines).toHaveLength(2);
  });

  it("is the same for two who make it at the same time, and only one stays", async () => {
    const plan = await makePlan();
    const [first, second] = await Promise.all([ensureEnvironment(plan, () => {}), ensureEnvironment(plan, () => {})]);
    expect(second).toBe(first);
    expect((await readdir(plan.folder)).sort()).toEqual([join(first, "..").split("/").at(-1), "ready"]);
  });

  it("leaves nothing behind when it cannot be made, and says what to type", async () => {
    const plan = await makePlan("no requirement at all");
    await expect(ensureEnvironment(plan, () => {})).rejects.toThrow(
      /Invalid requirement[\s\S]*type the same command again/,
    );
    expect(await readdir(plan.folder)).toEqual([]);
  });

  it("is made anew in a work tree that was moved, whose link leads to the old place", async () => {
    const plan = await makePlan();
    await mkdir(plan.folder);
    const old = await ensureEnvironment(await makePlan(), () => {});
    await symlink(dirname(old), join(plan.folder, "ready"));
    const bin = await ensureEnvironment(plan, () => {});
    expect(dirname(dirname(bin))).toBe(plan.folder);
  });

  it("clears away what a killed start has left, but not what another is making", async () => {
    const plan = await makePlan();
    await mkdir(join(plan.folder, "environment-killed"), { recursive: true });
    await mkdir(join(plan.folder, "environment-in-the-making"));
    const twoHoursAgo = new Date(Date.now() - 7_200_000);
    await utimes(join(plan.folder, "environment-killed"), twoHoursAgo, twoHoursAgo);
    await ensureEnvironment(plan, () => {});
    await expect(lstat(join(plan.folder, "environment-killed"))).rejects.toThrow("ENOENT");
    await lstat(join(plan.folder, "environment-in-the-making"));
  });
});
