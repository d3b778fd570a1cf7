/** What HAProxy's agent-check is told. */
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, test } from "vitest";
import { createAgent, describeRoom } from "../../notebook-host/agent.ts";

describe("the weight of a host", () => {
  test.each<[capacity: number, reserved: number, answer: string]>([
    [4, 0, "ready up 100%\n"],
    [4, 1, "ready up 75%\n"],
    [3, 1, "ready up 66%\n"],
    [1000, 995, "ready up 1%\n"],
    [4, 4, "ready up 1%\n"],
    [4, 9, "ready up 1%\n"],
  ])("of %i places with %i reserved", (capacity, reserved, answer) => {
    expect(describeRoom({ capacity, reserved, free: Math.max(0, capacity - reserved) }, false)).toBe(answer);
  });

  test("that is cordoned is to drain, however much room it has", () => {
    expect(describeRoom({ capacity: 4, reserved: 0, free: 4 }, true)).toBe("drain\n");
  });
});

describe("the agent", () => {
  let reserved = 1;
  const agent = createAgent(() => ({ room: { capacity: 4, reserved, free: 4 - reserved }, isCordoned: false }));
  const ask = async () => {
    const address = agent.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return connect(address.port, "127.0.0.1");
  };
  afterEach(() => agent.close());

  test("answers each connection with the room of the moment, whatever the other side sends or breaks", async () => {
    await once(agent.listen(0, "127.0.0.1"), "listening");
    for (const left of [1, 2, 3]) {
      reserved = left;
      expect(await text(await ask())).toBe(`ready up ${100 - 25 * left}%\n`);
    }
    for (let n = 0; n < 20; n++) (await ask()).on("error", () => {}).resetAndDestroy();
    const chatty = await ask();
    chatty.on("error", () => {}).write("x".repeat(1_000_000));
    expect(await text(await ask())).toBe("ready up 25%\n");
    chatty.destroy();
  });
});
