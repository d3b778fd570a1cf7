import { describe, expect, it, onTestFinished } from "vitest";
import { claimNetwork } from "../../scripts/place.ts";

describe("a network for a start's notebook hosts", () => {
  it("is another one for each of five starts at the same moment", async () => {
    const claims = await Promise.all(Array.from({ length: 5 }, () => claimNetwork(2)));
    onTestFinished(() => {
      for (const claim of claims) claim.release();
    });
    expect(new Set(claims.map((claim) => claim.network)).size).toBe(5);
  });

  it("is not given twice, although no allocator listens there yet", async () => {
    const claims = [await claimNetwork(2), await claimNetwork(2)] as const;
    onTestFinished(() => {
      for (const claim of claims) claim.release();
    });
    expect(claims[1].network).not.toBe(claims[0].network);
  });

  it("can be claimed again when it was given back", async () => {
    const first = await claimNetwork(2);
    first.release();
    const networks: number[] = [];
    // Another start on this machine may take it first; then the next one is as good.
    for (let attempt = 0; attempt < 3 && !networks.includes(first.network); attempt++) {
      const again = await claimNetwork(2);
      again.release();
      networks.push(again.network);
    }
    expect(networks).toContain(first.network);
  });
});
