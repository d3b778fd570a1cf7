import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { jwtVerify } from "jose";
import { describe, expect, it, onTestFinished } from "vitest";
import { DATA, REPOSITORY } from "../../scripts/data-folder.ts";
import { ensureSchoolKey } from "../../scripts/school-key.ts";

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-key-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

function runToken(...words: string[]): { stdout: string; code: number } {
  try {
    const stdout = execFileSync("npm", ["run", "--silent", "token", "--", ...words], {
      cwd: REPOSITORY,
      stdio: "pipe",
    });
    return { stdout: stdout.toString(), code: 0 };
  } catch (error) {
    const { stderr, status } = error as { stderr: Buffer; status: number };
    return { stdout: stderr.toString(), code: status };
  }
}

describe("npm run --silent token", () => {
  it("prints one line: a JWT for the student, of the school's key, for an hour", async () => {
    const { stdout } = runToken("ada");
    const key = new TextEncoder().encode(readFileSync(DATA.schoolKey, "utf8").trim());
    const { payload, protectedHeader } = await jwtVerify(stdout.trim(), key);
    expect(stdout).toBe(`${stdout.trim()}\n`);
    expect(protectedHeader.alg).toBe("HS256");
    expect(payload.sub).toBe("ada");
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
  });

  it.each([[[]], [["ada", "grace"]], [["ada lovelace"]], [["-"]], [["../ada"]]])(
    "refuses %j, and says what to type",
    (words) => {
      const { stdout, code } = runToken(...words);
      expect(code).toBe(1);
      expect(stdout).toContain("npm run --silent token -- ada");
    },
  );
});

describe("the school's key", () => {
  it("is made once, of 32 random bytes that only its owner can read", async () => {
    const path = join(makeFolder(), "folder", "school.key");
    const key = await ensureSchoolKey(path);
    expect(Buffer.from(key, "base64url")).toHaveLength(32);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await ensureSchoolKey(path)).toBe(key);
    expect(await ensureSchoolKey(join(makeFolder(), "school.key"))).not.toBe(key);
  });

  it("is the same for five starts at the same moment", async () => {
    const folder = makeFolder();
    const keys = await Promise.all(Array.from({ length: 5 }, () => ensureSchoolKey(join(folder, "school.key"))));
    expect(new Set(keys).size).toBe(1);
    expect(readdirSync(folder)).toEqual(["school.key"]);
  });

  it("is refused when it is too short, with what to type", async () => {
    const path = join(makeFolder(), "school.key");
    writeFileSync(path, "secret\n");
    await expect(ensureSchoolKey(path)).rejects.toThrow(`has 6 characters, but the school's key has at least 43`);
    await expect(ensureSchoolKey(path)).rejects.toThrow(`rm ${path}`);
  });
});
