/**
 * Processor seconds for requests, as the operating system counts them for the proxy's process: what wrk
 * and the notebook use is not in it.
 *
 * All peers run at once and are asked in turn, two seconds each; a ratio is of neighbours in time,
 * since a machine is not as fast at all times.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { browserHeaders, openBrowser, PATH } from "./notebook-load.ts";
import { type Peer, type RunningPeer, startPeer } from "./peers.ts";
import { type Quartiles, quartilesOf } from "./quartiles.ts";

const ROUNDS = 11;
const SECONDS = 2;
const CONNECTIONS = 16;

/** The proxy's processor seconds for a request, divided by plain HAProxy's, and by nginx's. */
export async function compareProcessorTime(
  wrk: string,
  hallpass: Peer,
  plain: Peer,
  nginx: Peer,
): Promise<[Quartiles, Quartiles]> {
  const running: RunningPeer[] = [];
  const start = async (peer: Peer): Promise<() => Promise<number>> => {
    const started = await startPeer(peer);
    running.push(started);
    return () => costOfRequest(wrk, peer, started.pid);
  };
  try {
    const [costOfOurs, costOfPlain, costOfNginx] = [await start(hallpass), await start(plain), await start(nginx)];
    await admit(hallpass);
    const [toPlain, toNginx]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      const [floor, ours, theirs] = [await costOfPlain(), await costOfOurs(), await costOfNginx()];
      toPlain.push(ours / floor);
      toNginx.push(ours / theirs);
    }
    return [quartilesOf(toPlain), quartilesOf(toNginx)];
  } finally {
    for (const started of running) await started.stop();
  }
}

/** The first request, for which the router decides, is not what most of them cost. */
async function admit(peer: Peer): Promise<void> {
  const browser = openBrowser(peer, 1);
  await browser.request(1);
  browser.close();
}

/** Processor seconds of this process for each request, while wrk sends as many as it can. */
async function costOfRequest(wrk: string, peer: Peer, pid: number): Promise<number> {
  // wrk adds a Host of its own unless it is given one spelled so.
  const { host, ...others } = browserHeaders();
  const headers = Object.entries({ Host: host, ...others }).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const words = ["-t1", `-c${CONNECTIONS}`, `-d${SECONDS}s`, ...headers, `https://127.0.0.1:${peer.port}${PATH}`];
  const before = readProcessorSeconds(pid);
  const { stdout } = await promisify(execFile)(wrk, words);
  const spent = readProcessorSeconds(pid) - before;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  if (!(requests > 0) || stdout.includes("Non-2xx")) throw new Error(`${peer.name} does not answer wrk:\n${stdout}`);
  return spent / requests;
}

/** User and system time (proc(5), /proc/pid/stat, fields 14 and 15), in ticks of 10 ms. */
function readProcessorSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
