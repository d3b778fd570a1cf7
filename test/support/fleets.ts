/** Fleets for tests: one from its text, and generated ones. */
import fc from "fast-check";
import { decodeFleet, type Fleet } from "../../fleet/fleet.ts";

export function fleetOf(text: { domain: string; ports: string; fleet: string }): Fleet {
  const decoded = decodeFleet(text);
  if (!decoded.ok) throw new Error(decoded.errors.join("\n"));
  return decoded.fleet;
}

const letter = fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz");
const label = fc
  .tuple(
    letter,
    fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz0123456789-"), maxLength: 12 }),
    letter,
  )
  .map((parts) => parts.join(""));

/** Fleets of one to four regions and up to three machines, all of them valid. */
export const anyFleet: fc.Arbitrary<Fleet> = fc
  .record({
    domain: fc.array(label, { minLength: 2, maxLength: 4 }).map((labels) => labels.join(".")),
    first: fc.integer({ min: 1024, max: 32767 }),
    size: fc.integer({ min: 0, max: 2000 }),
    regions: fc.uniqueArray(fc.record({ name: label, second: fc.nat(255), hosts: fc.integer({ min: 1, max: 99 }) }), {
      minLength: 1,
      maxLength: 4,
      comparator: (a, b) => a.name === b.name || a.second === b.second,
    }),
    machines: fc.uniqueArray(label, { maxLength: 3 }),
  })
  .map(({ domain, first, size, regions, machines }) => {
    const entries = regions.map((region) => `${region.name} 10.${region.second}.0.0/16 ${region.hosts}`);
    const listed = machines.map((name, index) => `${name} 192.0.2.${index + 1}`);
    return { domain, ports: `${first}-${Math.min(first + size, 32767)}`, fleet: [...entries, ...listed].join("; ") };
  })
  .filter((text) => decodeFleet(text).ok)
  .map(fleetOf);
