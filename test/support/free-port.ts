/** Ports for tests: none is fixed, so that tests can run beside each other and beside a start. */
import { readFreePorts } from "../../scripts/port-owner.ts";

/** A port of 127.0.0.1 that nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const [port = 0] = await readFreePorts(1);
  return port;
}
