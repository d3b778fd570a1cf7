import { beforeAll, describe, expect, test } from "vitest";
import { encodeKeyRing } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import * as names from "../fleet/notebook-name.cases.ts";
import { credentialText, KEY_RING } from "../support/credentials.ts";
import { describeDecision, readDriverSettings } from "../support/lua/router-driver.ts";
import { type Ask, loadLuaRouter } from "../support/lua-router.ts";
import { type Case, cases, FLEET, PASS_SECONDS } from "./decide.cases.ts";

const NOW = 1_900_000_000;
const settingsOf = (fleet: typeof FLEET): string[] => [fleet.domain, fleet.ports, fleet.fleet, encodeKeyRing(KEY_RING)];

/** host, path, query, pass, ticket, next */
function questionOf(each: Case): string[] {
  const pass = credentialText("pass", each.pass, NOW);
  const ticket = credentialText("ticket", each.ticket, NOW);
  return [each.host, each.path ?? "/", each.query ?? "", pass, ticket, each.next ?? ""];
}

/** The part of an answer that the cases name: a target, a status, or 303 and where to. */
function briefly(answer: string): string {
  const [first, second] = answer.split(" ") as [string, string];
  return first === "303" ? `${first} ${second}` : first;
}

describe("the router, as TypeScript", () => {
  const settings = readDriverSettings(settingsOf(FLEET), PASS_SECONDS);
  test.each(cases)("$why → $expected", (each) => {
    expect(briefly(describeDecision(nodeHmac, settings, questionOf(each), NOW))).toBe(each.expected);
  });
});

describe("the router, as Lua", () => {
  let ask: Ask;
  let askNames: Ask;
  beforeAll(async () => {
    ask = await loadLuaRouter(settingsOf(FLEET), PASS_SECONDS);
    askNames = await loadLuaRouter(settingsOf(names.FLEET), PASS_SECONDS);
  });

  test.each(cases)("$why → $expected", (each) => {
    expect(briefly(ask([questionOf(each)], NOW)[0] ?? "")).toBe(each.expected);
  });

  test("answers every case as the TypeScript does, to the letter", () => {
    const settings = readDriverSettings(settingsOf(FLEET), PASS_SECONDS);
    const questions = cases.map(questionOf);
    expect(ask(questions, NOW)).toEqual(questions.map((each) => describeDecision(nodeHmac, settings, each, NOW)));
  });

  test.each(names.refused)("the name %s is refused with %i: %s", (host, status) => {
    expect(askNames([[host, "/", "", "x", "", ""]], NOW)[0]?.split(" ")[0]).toBe(`${status}`);
  });

  test.each(names.accepted)("the name %s leads to %s, port %i", (host, name, port) => {
    const pass = credentialText("pass", { host: name, port, student: "ada", seconds: 60 }, NOW);
    const address = { "nyc-01": "10.20.0.11", "nyc-12": "10.20.32.22", "eu-west-03": "10.21.32.13", lab: "192.0.2.7" }[
      name
    ];
    expect(askNames([[host, "/", "", pass, "", ""]], NOW)[0]).toContain(`${address}:${port} `);
  });
});
