/**
 * User-space instructions for one request, counted by callgrind: the same on every machine, whatever
 * else it does.
 *
 * Counted between two dumps of a proxy that runs already, over connections that are open already: so
 * neither its start, nor the TLS handshakes, nor the router's first decision count.
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { openBrowser } from "./notebook-load.ts";
import { listening, type Peer } from "./peers.ts";

const WARM_UP = 50;
const COUNTED = 500;
/** With two, the proxy sometimes finds both ready at once, and the count is not the same twice. */
const CONNECTIONS = 1;

/** Instructions for each request of the proxy that this command starts. Needs valgrind. */
export async function countInstructions(valgrind: string, peer: Peer): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-callgrind-"));
  const output = join(folder, "out");
  const words = ["--tool=callgrind", `--callgrind-out-file=${output}`, ...peer.command];
  const child = spawn(valgrind, words, { env: peer.env, stdio: "ignore" });
  const ended = once(child, "exit");
  const dump = (): void =>
    void execFileSync(join(dirname(valgrind), "callgrind_control"), ["--dump", `${child.pid}`], { stdio: "ignore" });
  const browser = openBrowser(peer, CONNECTIONS);
  try {
    // Valgrind takes its time to start what it runs.
    await listening(peer.port, 60_000);
    await peer.quiet();
    await browser.request(1);
    await browser.request(WARM_UP);
    dump();
    await browser.request(COUNTED);
    dump();
    return readTotal(`${output}.2`) / COUNTED;
  } finally {
    browser.close();
    child.kill("SIGTERM");
    await ended;
    rmSync(folder, { recursive: true });
  }
}

function readTotal(path: string): number {
  return Number(/^totals: (\d+)/m.exec(readFileSync(path, "utf8"))?.[1]);
}
