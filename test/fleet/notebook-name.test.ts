import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeName, encodeName } from "../../fleet/notebook-name.ts";
import { anyFleet, fleetOf } from "../support/fleets.ts";
import { accepted, FLEET, refused } from "./notebook-name.cases.ts";

const fleet = fleetOf(FLEET);

describe("a notebook's name", () => {
  test.each(accepted)("%s leads to %s, port %i", (header, host, port) => {
    expect(decodeName(header, fleet)).toEqual({ ok: true, name: { host, port } });
  });

  test.each(refused)("%s is refused with %i: %s", (header, status) => {
    expect(decodeName(header, fleet)).toMatchObject({ ok: false, status });
  });

  test.each(refused.filter(([header]) => header.length > 12))("a refusal of %s does not repeat it", (header) => {
    expect(JSON.stringify(decodeName(header, fleet))).not.toContain(header);
  });

  test("decodes to what it was encoded from, in every fleet", () => {
    const anyName = anyFleet.chain((some) =>
      fc.record({
        some: fc.constant(some),
        host: fc.constantFrom(...some.addresses.keys()),
        port: fc.integer({ min: some.ports.first, max: some.ports.last }),
      }),
    );
    fc.assert(
      fc.property(anyName, ({ some, host, port }) => {
        expect(decodeName(encodeName({ host, port }, some), some)).toEqual({ ok: true, name: { host, port } });
      }),
    );
  });

  test("is one DNS label and the domain, however long the host's name", () => {
    fc.assert(
      fc.property(anyFleet, (some) => {
        for (const host of some.addresses.keys()) {
          const name = encodeName({ host, port: some.ports.last }, some);
          expect((name.split(".")[0] ?? "").length).toBeLessThanOrEqual(63);
        }
      }),
    );
  });
});
