/** Names and passes made by an attacker: none leads anywhere, in TypeScript, in Lua, and in HAProxy. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeKeyRing } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import { credentialText, KEY_RING } from "../support/credentials.ts";
import { allowedTarget, type Hostile, hostileGenerator } from "../support/hostile.ts";
import { describeDecision, readDriverSettings } from "../support/lua/router-driver.ts";
import { type Ask, loadLuaRouter } from "../support/lua-router.ts";
import { startTestProxy, type TestProxy } from "../support/proxy.ts";
import { RawClient } from "../support/raw-client.ts";
import { type StubNotebook, startStubNotebook } from "../support/stub-notebook.ts";
import { FLEET } from "./decide.cases.ts";

const SEED = Number(process.env.HALLPASS_SEED ?? Date.now() % 1_000_000);
const NOW = Math.floor(Date.now() / 1000);
const SETTINGS = [FLEET.domain, FLEET.ports, FLEET.fleet, encodeKeyRing(KEY_RING)];

/** Passes of ada and grace, good and ended: what an attacker may have seen. */
const SEEN_PASSES = (["ada", "grace"] as const).flatMap((student) =>
  [600, -600].map((seconds) => {
    const at = student === "ada" ? { host: "dev-01", port: 6001 } : { host: "dev-02", port: 6002 };
    return credentialText("pass", { ...at, student, seconds }, NOW);
  }),
);

/** The target that an answer of the driver admits to, if any. */
const targetOf = (answer: string): string | undefined => /^(\d+\.\d+\.\d+\.\d+:\d+) /.exec(answer)?.[1];

describe(`hostile names and passes (HALLPASS_SEED=${SEED})`, () => {
  describe("in the router", () => {
    let ask: Ask;
    beforeAll(async () => {
      ask = await loadLuaRouter(SETTINGS, 3600);
    });

    test("200,000 of them: as TypeScript and as Lua, none leads to another target than its own", {
      timeout: 300_000,
    }, () => {
      const settings = readDriverSettings(SETTINGS, 3600);
      const next = hostileGenerator(SEED, SEEN_PASSES);
      let admitted = 0;
      for (let batch = 0; batch < 200; batch++) {
        const hostile = Array.from({ length: 1000 }, next);
        const questions = hostile.map(({ host, pass }) => [host, "/", "", pass, "", ""]);
        const inLua = ask(questions, NOW);
        hostile.forEach((each, i) => {
          const allowed = allowedTarget(each, NOW);
          const answers = [describeDecision(nodeHmac, settings, questions[i] ?? [], NOW), inLua[i] ?? ""];
          if (answers.some((answer) => targetOf(answer) !== allowed))
            expect({ each, answers }).toEqual({ each, allowed });
          if (allowed !== undefined) admitted += 1;
        });
      }
      // The generator leaves some as they were: without these, a router that refuses everything would pass.
      expect(admitted).toBeGreaterThan(500);
    });
  });

  describe("in HAProxy", () => {
    let proxy: TestProxy;
    const notebooks: StubNotebook[] = [];
    beforeAll(async () => {
      for (const [name, address, port, pass] of [
        ["ada", "127.91.0.11", 6001, SEEN_PASSES[0]],
        ["grace", "127.91.16.12", 6002, SEEN_PASSES[2]],
      ] as const)
        notebooks.push(await startStubNotebook({ name, address, port, token: pass?.split(".")[3] ?? "" }));
      proxy = await startTestProxy({ HALLPASS_FLEET: FLEET.fleet, HALLPASS_FLEET_KEYS: encodeKeyRing(KEY_RING) });
    });
    afterAll(async () => {
      await proxy.stop();
      for (const notebook of notebooks) await notebook.stop();
    });

    test("20,000 of them: none reaches a notebook that is not its own", { timeout: 300_000 }, async () => {
      const next = hostileGenerator(SEED + 1, SEEN_PASSES);
      const isSendable = ({ host, pass }: Hostile): boolean => !/[\r\n\0]|[^\0-\xff]/.test(host + pass);
      let admitted = 0;
      const worker = async (count: number): Promise<void> => {
        const client = new RawClient(proxy.port, proxy.ca);
        for (let sent = 0; sent < count; ) {
          const hostile = next();
          if (!isSendable(hostile)) continue;
          sent += 1;
          const answer = await client.ask(
            `GET / HTTP/1.1\r\nHost: ${hostile.host}\r\nCookie: __Host-hallpass=${hostile.pass}\r\n\r\n`,
          );
          const allowed = allowedByHttp(hostile);
          if (answer.status === 200 && allowed === undefined) expect({ hostile, admitted: true }).toBe("refused");
          if (answer.status !== 200) continue;
          admitted += 1;
          const owner = allowed?.startsWith("127.91.0.11") ? "ada" : "grace";
          if (!answer.body.includes(`"notebook":"${owner}"`)) expect(answer.body).toContain(owner);
        }
        client.close();
      };
      await Promise.all(Array.from({ length: 8 }, () => worker(2500)));
      expect(admitted).toBeGreaterThan(40);
      expect(notebooks.map((notebook) => notebook.refused)).toEqual([0, 0]);
    });
  });
});

/** HTTP takes white space around a header's value, and a cookie ends at a semicolon or a comma (RFC 6265 §5.4, RFC 2109 §4.3.4). */
function allowedByHttp({ host, pass }: Hostile): string | undefined {
  return allowedTarget({ host: host.trim(), pass: pass.trim().split(/[;,]/)[0]?.trim() ?? "" }, NOW);
}
