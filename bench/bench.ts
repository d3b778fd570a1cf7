/**
 * npm run bench: what is measured, against its bar, in one run on this machine.
 *
 *   npm run bench                    a table
 *   npm run bench --silent -- --json an array of { name, value, unit, bar, ok }; everything else on stderr
 *   npm run bench -- --strict        ends with 1 when a bar is not met
 *
 * Ratios, not absolute figures: machines differ. Instructions are counted by callgrind, which gives the
 * same on every machine; processor seconds are the operating system's, of the proxy's process alone.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildProxy } from "../proxy-image/build.ts";
import { ensureAuthority } from "../scripts/authority.ts";
import { readFreePorts } from "../scripts/port-owner.ts";
import { ensureProgram } from "../scripts/programs.ts";
import { countInstructions } from "./instructions.ts";
import { startNotebook } from "./notebook-load.ts";
import { hallpassPeer, type Means, nginxPeer, plainPeer } from "./peers.ts";
import { compareProcessorTime } from "./processor-time.ts";
import { judge, type Row, renderTable } from "./report.ts";

const log = (line: string): void => console.error(line);

async function measure(means: Means): Promise<Row[]> {
  const haproxy = await ensureProgram("haproxy", log);
  const valgrind = await ensureProgram("valgrind", log);
  const nginx = await ensureProgram("nginx", log);
  const [plain, hallpass] = [await plainPeer(haproxy, means), await hallpassPeer(haproxy, means)];
  log("Counting instructions …");
  const floor = await countInstructions(valgrind, plain);
  const ours = await countInstructions(valgrind, hallpass);
  log(`plain HAProxy ${Math.round(floor)}, Hallpass ${Math.round(ours)} instructions a request`);
  log("Comparing processor seconds …");
  const [toPlain, toNginx] = await compareProcessorTime(hallpass, [plain, await nginxPeer(nginx, means)]);
  return [
    judge("instructions a request, to plain HAProxy", ours / floor, "ratio", 1.6),
    judge("processor seconds a request, to plain HAProxy", toPlain ?? Number.NaN, "ratio", 1.25),
    judge("processor seconds a request, to the nginx that people write", toNginx ?? Number.NaN, "ratio", 0.45),
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
