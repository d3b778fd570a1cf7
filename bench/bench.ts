/**
 * npm run bench: what is measured, against its bar, in one run on this machine.
 *
 *   npm run bench                      a table
 *   npm run --silent bench -- --json   an array of { name, value, unit, bar, ok }; everything else on stderr
 *   npm run bench -- --strict          ends with 1 when a bar is not met
 *
 * Ratios, not absolute figures: machines differ. The same requests go through each proxy, those of a page
 * of Notebook 7 with its cookies, over TLS to connections that are kept, with one thread, on loopback.
 * Instructions are counted by callgrind, and repeat to 0.1 %. Processor seconds and memory are the operating
 * system's, of the proxy's process alone; on a machine that does other things the former differ by a
 * quarter from round to round, so that each ratio is the median of eleven. About two minutes.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildProxy } from "../proxy-image/build.ts";
import { ensureAuthority } from "../scripts/authority.ts";
import { readFreePorts } from "../scripts/port-owner.ts";
import { ensureProgram } from "../scripts/programs.ts";
import { measureIdleMemory } from "./idle-memory.ts";
import { countInstructions } from "./instructions.ts";
import { startNotebook } from "./notebook-load.ts";
import { hallpassPeer, type Means, nginxPeer, type Peer, plainPeer } from "./peers.ts";
import { compareProcessorTime } from "./processor-time.ts";
import type { Quartiles } from "./quartiles.ts";
import { judge, type Row, renderTable } from "./report.ts";

const log = (line: string): void => console.error(line);

async function measureInstructions(hallpass: Peer, plain: Peer): Promise<Row[]> {
  const valgrind = await ensureProgram("valgrind", log);
  log("Counting instructions …");
  const [floor, ours] = [await countInstructions(valgrind, plain), await countInstructions(valgrind, hallpass)];
  log(`  plain HAProxy ${Math.round(floor)}, Hallpass ${Math.round(ours)} a request`);
  return [judge("instructions a request, to plain HAProxy", ours / floor, "ratio", 1.6)];
}

async function measureProcessorTime(hallpass: Peer, plain: Peer, nginx: Peer): Promise<Row[]> {
  const wrk = await ensureProgram("wrk", log);
  log("Comparing processor seconds …");
  const [toPlain, toNginx] = await compareProcessorTime(wrk, hallpass, plain, nginx);
  const report = (to: string, { lower, median, upper }: Quartiles, bar: number): Row => {
    log(`  ${to}: ${median.toFixed(2)}, the middle half from ${lower.toFixed(2)} to ${upper.toFixed(2)}`);
    return judge(`processor seconds a request, ${to}`, median, "ratio", bar);
  };
  return [report("to plain HAProxy", toPlain, 1.25), report("to the nginx that people write", toNginx, 0.45)];
}

async function measureMemory(hallpass: Peer, nginx: Peer): Promise<Row[]> {
  log("Opening WebSockets …");
  const [ours, theirs] = [await measureIdleMemory(hallpass), await measureIdleMemory(nginx)];
  log(`  Hallpass ${(ours / 1024).toFixed(1)} KiB, nginx ${(theirs / 1024).toFixed(1)} KiB for each that is idle`);
  return [judge("memory of an idle WebSocket, to the nginx that people write", ours / theirs, "ratio", 0.5)];
}

async function measure(means: Means): Promise<Row[]> {
  const haproxy = await ensureProgram("haproxy", log);
  const plain = await plainPeer(haproxy, means);
  const hallpass = await hallpassPeer(haproxy, means);
  const nginx = await nginxPeer(await ensureProgram("nginx", log), means);
  return [
    ...(await measureInstructions(hallpass, plain)),
    ...(await measureProcessorTime(hallpass, plain, nginx)),
    ...(await measureMemory(hallpass, nginx)),
  ];
}

async function bench(): Promise<Row[]> {
  buildProxy();
  const folder = mkdtempSync(join(tmpdir(), "hallpass-bench-"));
  const notebook = await startNotebook();
  try {
    const names = ["ide-proxy.localhost", "*.ide-proxy.localhost"];
    const authority = await ensureAuthority(join(folder, "authority"), names);
    const freePort = async (): Promise<number> => (await readFreePorts(1))[0] ?? 0;
    const means = { certificate: authority.certificate, ca: readFileSync(authority.ca, "utf8"), folder, freePort };
    return await measure(means);
  } finally {
    notebook.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values } = parseArgs({ options: { json: { type: "boolean" }, strict: { type: "boolean" } } });
const rows = await bench();
console.log(values.json ? JSON.stringify(rows) : renderTable(rows));
if (values.strict && rows.some((row) => !row.ok)) process.exitCode = 1;
