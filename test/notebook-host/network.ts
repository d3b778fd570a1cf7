/**
 * A loopback network of one's own, so that allocators of tests that run side by side never meet.
 *
 *   claimNetwork()  →  { network: "127.143.0.0/16", release }
 *
 * Claimed by listening on one of its addresses: whoever comes second sees that and takes another.
 */
import { createServer } from "node:net";

const CLAIM_PORT = 7999;

export async function claimNetwork(): Promise<{ network: string; release: () => void }> {
  for (let tries = 0; tries < 100; tries++) {
    const second = 100 + Math.floor(Math.random() * 150);
    const claim = createServer();
    const isOurs = await new Promise<boolean>((resolve) => {
      claim.once("error", () => resolve(false));
      claim.listen(CLAIM_PORT, `127.${second}.255.254`, () => resolve(true));
    });
    if (isOurs) return { network: `127.${second}.0.0/16`, release: () => claim.close() };
  }
  throw new Error(
    "no loopback network from 127.100 to 127.249 is free; end the tests that hold them: ss -ltnp | grep 7999",
  );
}
