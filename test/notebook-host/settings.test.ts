import { describe, expect, test } from "vitest";
import { parseSettings } from "../../notebook-host/settings.ts";
import { good, KEY, processSettings, refused } from "./settings.cases.ts";

const parse = (changes: Record<string, string> = {}) => parseSettings({ ...good, ...changes }, "/opt/hallpass");

describe("the allocator's settings", () => {
  test("of a docker host", () => {
    const parsed = parse();
    expect(parsed).toMatchObject({
      ok: true,
      settings: {
        host: "dev-02",
        address: "10.20.16.12",
        keys: [{ number: 1, base64: KEY }],
        publicPort: 443,
        allocatorPort: 7001,
        agentPort: 7002,
        schoolOrigins: [],
        capacity: 20,
        runtime: { kind: "docker", images: ["lesson:1", "lesson:2"], memoryBytes: 1024 ** 3, cpus: 1, pids: 512 },
        cordonFile: undefined,
        embedFile: "/opt/hallpass/dist/embed.js",
      },
    });
  });

  test("of a process host, with the paths of this installation", () => {
    const parsed = parse(processSettings);
    expect(parsed.ok && parsed.settings.runtime).toEqual({
      kind: "process",
      state: "/state",
      jupyterBin: "/venv/bin",
      startScript: "/opt/hallpass/notebook-image/start-notebook",
    });
    expect(parsed.ok && parsed.settings.cordonFile).toBe("/state/dev-02.cordoned");
  });

  test("may name several origins, with spaces between", () => {
    const parsed = parse({ HALLPASS_SCHOOL_ORIGINS: " https://a.example.org  https://b.example.org:8443 " });
    expect(parsed.ok && parsed.settings.schoolOrigins).toEqual(["https://a.example.org", "https://b.example.org:8443"]);
  });

  test.each(refused)("%j are refused in words that say what to do", (changes, error) => {
    expect(parse(changes)).toEqual({ ok: false, errors: [error] });
  });

  test("that are all missing are all named at once, and no secret is shown", () => {
    const parsed = parseSettings({ HALLPASS_JWT_SECRET: "sesame", HALLPASS_HOST_KEYS: "sesame" }, "/");
    const text = parsed.ok ? "" : parsed.errors.join("\n");
    for (const name of ["DOMAIN", "FLEET", "HOST ", "HOST_KEYS", "CAPACITY", "JWT_SECRET", "RUNTIME"])
      expect(text).toContain(`HALLPASS_${name}`);
    expect(text).not.toContain("sesame");
  });
});
