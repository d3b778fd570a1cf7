/** Processor seconds for requests, as the operating system counts them: what the load generator uses is not in it. */
import { readFileSync } from "node:fs";
import { openBrowser } from "./notebook-load.ts";
import { type Peer, startPeer } from "./peers.ts";

const ROUNDS = 9;
const REQUESTS = 1500;
const CONNECTIONS = 8;

/** The middle one; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/**
 * The first peer's processor seconds for the same requests divided by each other peer's: all run at once,
 * are asked in turn, and the ratios are of neighbours in time, since a machine is not as fast at all times.
 */
export async function compareProcessorTime(first: Peer, others: readonly Peer[]): Promise<number[]> {
  const peers = [first, ...others];
  const running = await Promise.all(peers.map(startPeer));
  const browsers = peers.map((peer) => openBrowser(peer, CONNECTIONS));
  const ratios: number[][] = others.map(() => []);
  try {
    for (let round = 0; round <= ROUNDS; round++) {
      const seconds: number[] = [];
      for (const [i, browser] of browsers.entries()) {
        const before = readProcessorSeconds(running[i]?.pid ?? 0);
        await browser.request(REQUESTS);
        seconds.push(readProcessorSeconds(running[i]?.pid ?? 0) - before);
      }
      // The first round opens connections.
      if (round > 0) for (const [i, list] of ratios.entries()) list.push((seconds[0] ?? 0) / (seconds[i + 1] ?? 0));
    }
  } finally {
    for (const browser of browsers) browser.close();
    for (const peer of running) await peer.stop();
  }
  return ratios.map(median);
}

/** User and system time (proc(5), /proc/pid/stat, fields 14 and 15), in ticks of 10 ms. */
function readProcessorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
