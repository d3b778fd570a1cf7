import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeFleet, encodeFleet } from "../../fleet/fleet.ts";
import { anyFleet, fleetOf } from "../support/fleets.ts";
import { base, refused } from "./fleet.cases.ts";

describe("the fleet's settings", () => {
  test.each(refused)("%j are refused with a word about %j: %s", (change, error) => {
    const decoded = decodeFleet({ ...base, ...change });
    expect(decoded.ok ? [] : decoded.errors).toEqual([expect.stringContaining(error)]);
  });

  test("are refused with all errors at once, not with the first", () => {
    const decoded = decodeFleet({ domain: "x", ports: "x", fleet: "x" });
    expect(decoded.ok ? [] : decoded.errors).toHaveLength(3);
  });

  test("decode to what they were encoded from", () => {
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        expect(fleetOf(encodeFleet(fleet))).toEqual(fleet);
      }),
    );
  });
});

describe("the address plan", () => {
  test("puts nyc-07 into its region's first zone, at an address that ends in 17", () => {
    expect(fleetOf(base).addresses.get("nyc-07")).toBe("10.20.0.17");
  });

  test("deals hosts out over three zones", () => {
    const zones = [...fleetOf(base).addresses.values()].map((address) => address.split(".")[2]);
    expect(zones).toEqual(["0", "16", "32", "0", "16", "32", "0", "16", "32", "0", "16", "32"]);
  });

  test("gives every host of a fleet an address of its own, inside its region's network", () => {
    fc.assert(
      fc.property(anyFleet, (fleet) => {
        expect(new Set(fleet.addresses.values()).size).toBe(fleet.addresses.size);
        for (const region of fleet.regions) {
          const prefix = region.network.slice(0, -"0.0/16".length);
          expect(fleet.addresses.get(`${region.name}-01`)?.startsWith(prefix)).toBe(true);
        }
      }),
    );
  });
});
