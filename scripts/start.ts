/**
 * npm start: the whole system on this machine, until Ctrl-C.
 *
 *   proxy (HAProxy)       https://school.localhost:8443/ and *.ide-proxy.localhost:8443
 *   allocators            dev-01 at 127.77.0.11, dev-02 at 127.77.16.12, each with its notebooks
 *   the school's page     in this process
 *
 * The options are in start-options.ts, and how everything ends is in run.ts.
 */
import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { totalmem } from "node:os";
import { ensureAuthority } from "./authority.ts";
import { recordHosts, removeContainers } from "./containers.ts";
import { DATA } from "./data-folder.ts";
import { CERTIFICATE_NAMES, DOMAIN, originOf, planDevelopmentFleet } from "./development-fleet.ts";
import { onEndSignal } from "./end-signals.ts";
import { checkPort, claimNetwork } from "./place.ts";
import { readFreePorts } from "./port-owner.ts";
import { prepareContainers, prepareProcesses } from "./preparation.ts";
import type { Log } from "./programs.ts";
import { Run, sweepDeadRuns } from "./run.ts";
import { startSchool } from "./school/school.ts";
import { ensureSchoolKey } from "./school-key.ts";
import { startAllocators, startProxy, waitForFleet } from "./start-fleet.ts";
import { describeStarted, encodeStarted, NO_ISOLATION, type Started } from "./start-message.ts";
import { parseStartOptions, START_HELP, type StartOptions } from "./start-options.ts";

async function start(options: StartOptions, run: Run, log: Log): Promise<Started> {
  const prepared = options.docker ? await prepareContainers(run.folder, log) : await prepareProcesses(log);
  const { network, release } = await claimNetwork(options.hosts);
  run.onEnd(async () => release());
  const authority = await ensureAuthority(DATA.authority, CERTIFICATE_NAMES);
  const secret = await ensureSchoolKey(DATA.schoolKey);
  const school = await startSchool({ api: originOf(DOMAIN, options.port), secret, address: "127.0.0.1" });
  run.onEnd(school.stop);
  const [http, health] = (await readFreePorts(2)) as [number, number];
  const fleet = planDevelopmentFleet({
    ...options,
    network,
    freePorts: { school: school.port, http, health },
    memoryBytes: totalmem(),
    // Of this run only: the passes of an earlier one open nothing.
    fleetKeys: [{ number: 1, base64: randomBytes(32).toString("base64") }],
    jwtSecret: secret,
    certificate: authority.certificate,
    stateFolder: run.folder,
    runtime: prepared.runtime,
  });
  if (options.docker) await recordHosts(run, fleet);
  log(`Starting the proxy and ${options.hosts} notebook ${options.hosts === 1 ? "host" : "hosts"} …`);
  await startProxy(fleet, prepared, run);
  await startAllocators(fleet, run);
  await waitForFleet(fleet, await readFile(authority.ca, "utf8"), run.signal);
  return { fleet, port: options.port, ca: authority.ca };
}

async function main(options: StartOptions, log: Log): Promise<number> {
  const signalled = Promise.withResolvers<string>();
  onEndSignal(signalled.resolve);
  await sweepDeadRuns(DATA.runs, removeContainers, log);
  await checkPort(options.port);
  const run = await Run.begin(DATA.runs, removeContainers, log);
  void signalled.promise.then((why) => run.requestEnd({ why, failed: false }));
  const starting = start(options, run, log);
  starting.then(
    (started) => {
      if (run.signal.aborted) return;
      run.markReady();
      if (!options.docker) log(NO_ISOLATION);
      console.log(options.json ? encodeStarted(started) : describeStarted(started));
    },
    (error: unknown) => run.requestEnd({ why: error instanceof Error ? error.message : String(error), failed: true }),
  );
  const reason = await run.ending;
  if (reason.failed) console.error(reason.why);
  log(reason.failed ? "Ending everything …" : `${reason.why}: ending everything …`);
  const left = await run.end(starting);
  if (left.length > 0)
    throw new Error(`These processes do not end: ${left.join(", ")}. Type: kill -9 ${left.join(" ")}`);
  log("Everything has ended, and nothing is left.");
  return reason.failed ? 1 : 0;
}

const parsed = parseStartOptions(process.argv.slice(2), process.env);
if (parsed.kind === "help") console.log(START_HELP);
else if (parsed.kind === "refused") {
  console.error(parsed.reason);
  process.exitCode = 1;
} else {
  const { options } = parsed;
  const log: Log = (line) => (options.json ? console.error(line) : console.log(line));
  process.exit(
    await main(options, log).catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      return 1;
    }),
  );
}
