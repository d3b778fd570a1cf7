/**
 * The place of a run on this machine: its port, and a loopback network for its notebook hosts.
 *
 *   await checkPort(8443)            throws: Port 8443 is taken by process 4711 (haproxy -f …).
 *   await claimNetwork(2)            { network: 77, release }; 78 when another start has 77
 *
 * Two starts at the same moment cannot claim the same network: each holds a socket on the network's
 * first address for as long as it runs, which the system gives to one process only, and takes back
 * even after a SIGKILL.
 */
import { createServer, type Server } from "node:net";
import { planAddress } from "../fleet/address-plan.ts";
import { FIRST_NETWORK, firstAllocator } from "./development-fleet.ts";
import { readPortOwner, readPortProblem } from "./port-owner.ts";

export interface ClaimedNetwork {
  /** N in 127.N.0.0/16. */
  readonly network: number;
  release(): void;
}

const LAST_NETWORK = 176;

/** Throws when nothing can listen at the port, with who does or what is missing, and with what to type. */
export async function checkPort(port: number): Promise<void> {
  const problem = await readPortProblem("127.0.0.1", port);
  if (problem === undefined) return;
  if (problem === "EACCES") throw new Error(`Port ${port} is only for root here. Type: npm start -- --port 8443`);
  if (problem !== "EADDRINUSE") throw new Error(`Nothing can listen on 127.0.0.1:${port} (${problem}).`);
  const owner = await readPortOwner(port);
  const who = owner === undefined ? "a process of another user" : `process ${owner.pid} (${owner.command})`;
  const other = port === 9443 ? 8443 : 9443;
  throw new Error(`Port ${port} is taken by ${who}. End that, or start beside it: npm start -- --port ${other}`);
}

export async function claimNetwork(hosts: number): Promise<ClaimedNetwork> {
  for (let network = FIRST_NETWORK; network <= LAST_NETWORK; network++) {
    const { address, port } = firstAllocator(network);
    const problem = await readPortProblem(address, port);
    if (problem === "EADDRNOTAVAIL") throw new Error(missingAddresses(network, hosts));
    const claim = problem === undefined ? await holdSocket(`127.${network}.0.1`, port) : undefined;
    if (claim !== undefined) return { network, release: () => claim.close() };
  }
  throw new Error(
    `Every network from 127.${FIRST_NETWORK}.0.0 to 127.${LAST_NETWORK}.0.0 has something at port ${firstAllocator(0).port}. End starts that are no longer needed: ps ax | grep start.ts`,
  );
}

/** A listening socket, or undefined when another process has it. */
function holdSocket(address: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen({ host: address, port, exclusive: true }, () => resolve(server.unref()));
  });
}

/** Linux has all of 127.0.0.0/8; macOS only 127.0.0.1 until told otherwise. */
function missingAddresses(network: number, hosts: number): string {
  const addresses = Array.from({ length: hosts }, (_, index) =>
    planAddress({ first: 127, second: network }, index + 1),
  );
  const commands = [`127.${network}.0.1`, ...addresses].map((address) => `  sudo ifconfig lo0 alias ${address} up`);
  return `This machine has only 127.0.0.1 of the loopback network, but each notebook host needs an address of its own. Type:\n${commands.join("\n")}`;
}
