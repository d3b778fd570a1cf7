import { describe, expect, it } from "vitest";
import { parseStartOptions } from "../../scripts/start-options.ts";
import { accepted, keptByNpm, refused } from "./start-options.cases.ts";

const split = (words: string): string[] => words.split(" ").filter((word) => word !== "");

describe("the options of npm start", () => {
  it.each(accepted)('take "%s"', (words, options) => {
    expect(parseStartOptions(split(words))).toEqual({ kind: "start", options });
  });

  it.each(refused)('refuse "%s", and say what is allowed', (words, reasonWords) => {
    const parsed = parseStartOptions(split(words));
    expect(parsed.kind).toBe("refused");
    for (const word of reasonWords) expect(parsed).toHaveProperty("reason", expect.stringContaining(word));
  });

  it("show the help whatever else is asked", () => {
    expect(parseStartOptions(["--docker", "--help"])).toEqual({ kind: "help" });
  });

  it.each(keptByNpm)("are not lost when npm keeps them: %o", (environment, command) => {
    const parsed = parseStartOptions([], environment);
    expect(parsed).toHaveProperty("reason", expect.stringContaining(command));
  });

  it("are taken when npm has the same one as well", () => {
    expect(parseStartOptions(["--json"], { npm_config_json: "true" }).kind).toBe("start");
  });
});
