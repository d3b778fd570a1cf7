import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { choosePort, type PortUse } from "../../notebook-host/port-chooser.ts";

const anyUse: fc.Arbitrary<PortUse> = fc.integer({ min: 1, max: 30 }).chain((count) => {
  const port = fc.integer({ min: 6000, max: 5999 + count });
  return fc.record({
    first: fc.constant(6000),
    last: fc.constant(5999 + count),
    busy: fc.array(port).map((ports) => new Set(ports)),
    endedAt: fc.array(fc.tuple(port, fc.integer())).map((ends) => new Map(ends)),
    start: port,
  });
});

const range = (use: PortUse) => Array.from({ length: use.last - use.first + 1 }, (_, n) => use.first + n);

describe("the next notebook's port", () => {
  test("is in the range, free, and no free port has rested for longer", () => {
    fc.assert(
      fc.property(anyUse, (use) => {
        const free = range(use).filter((port) => !use.busy.has(port));
        const chosen = choosePort(use);
        if (chosen === undefined) {
          expect(free).toEqual([]);
          return;
        }
        expect(free).toContain(chosen);
        const rested = (port: number) => use.endedAt.get(port) ?? Number.NEGATIVE_INFINITY;
        for (const port of free) expect(rested(chosen)).toBeLessThanOrEqual(rested(port));
      }),
    );
  });

  test("is not the one that ended last, until every other has been used", () => {
    const endedAt = new Map<number, number>();
    const ports: number[] = [];
    for (let time = 0; time < 20; time++) {
      const port = choosePort({ first: 6000, last: 6009, busy: new Set(), endedAt, start: 6004 }) ?? 0;
      ports.push(port);
      endedAt.set(port, time);
    }
    const once = [6004, 6005, 6006, 6007, 6008, 6009, 6000, 6001, 6002, 6003];
    expect(ports).toEqual([...once, ...once]);
  });
});
