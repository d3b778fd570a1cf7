/**
 * The allocator of one notebook host, put together: a table of contents.
 */
import { existsSync } from "node:fs";
import type { Server } from "node:net";
import { nodeHmac } from "../fleet/node-hmac.ts";
import { createAgent } from "./agent.ts";
import type { Log } from "./log.ts";
import { createMetrics, type Metrics } from "./metrics.ts";
import { Neighbours } from "./neighbours.ts";
import { type NotebookEvent, Notebooks } from "./notebooks.ts";
import { Placer } from "./placer.ts";
import { Pulse } from "./pulse.ts";
import { addRoutes } from "./routes.ts";
import type { Runtime } from "./runtime.ts";
import { createTokenCheck } from "./school-token.ts";
import { createServer } from "./server.ts";
import type { Settings } from "./settings.ts";
import { addSystemRoutes } from "./system-routes.ts";

export interface Service {
  /** Adopts what runs, then listens. Rejects when the runtime does not answer or a port is taken. */
  start(): Promise<void>;
  /** Ends the service. The notebooks go on. */
  stop(): Promise<void>;
  readonly notebooks: Notebooks;
}

/** Jupyter needs two to five seconds, on a busy machine twenty. */
const START_TIMEOUT_MS = 60_000;
/** How soon a notebook that died is noticed when nobody asks for it. */
const BEAT_MS = 5000;

export interface ServiceOptions {
  readonly startTimeoutMs?: number;
  readonly beatMs?: number;
}

export async function createService(
  settings: Settings,
  runtime: Runtime,
  log: Log,
  options: ServiceOptions = {},
): Promise<Service> {
  const { host, address, fleet, allocatorPort, agentPort, cordonFile } = settings;
  const closing = new AbortController();
  const images = settings.runtime.kind === "docker" ? settings.runtime.images : [];
  const metrics: Metrics = createMetrics(() => notebooks.room);
  const notebooks = new Notebooks({
    address,
    ports: fleet.ports,
    capacity: settings.capacity,
    keys: settings.keys,
    hmac: nodeHmac,
    runtime,
    defaultImage: images[0],
    startTimeoutMs: options.startTimeoutMs ?? START_TIMEOUT_MS,
    isCordoned: () => cordonFile !== undefined && existsSync(cordonFile),
    report: (event) => reportEvent(event, log, metrics),
  });
  const neighbours = new Neighbours({ host, address, port: allocatorPort }, fleet);
  const placer = new Placer({ host, notebooks, neighbours, runtime });
  const pulse = new Pulse(() => notebooks.beat(), options.beatMs ?? BEAT_MS, log);
  const server = await createServer({ schoolOrigins: settings.schoolOrigins, log, metrics });
  const checkToken = createTokenCheck(settings.school);
  const answers = { fleet, host, publicPort: settings.publicPort, hmac: nodeHmac, metrics, closing: closing.signal };
  addRoutes(server, { ...answers, notebooks, placer, neighbours, checkToken, images });
  addSystemRoutes(server, {
    host,
    metrics,
    embedFile: settings.embedFile,
    isHealthy: () => pulse.isHealthy,
    holds: (id, port) => notebooks.holds(id, port),
  });
  const agent = createAgent(() => ({ room: notebooks.room, isCordoned: notebooks.isCordoned }));
  return {
    notebooks,
    start: async () => {
      await pulse.start();
      await server.listen({ host: address, port: allocatorPort });
      await listen(agent, address, agentPort);
    },
    stop: async () => {
      closing.abort();
      pulse.stop();
      agent.close();
      neighbours.close();
      await server.close();
    },
  };
}

/** Faults that an operator should see; the rest is the day's work. */
const FAULTS = new Set<NotebookEvent["what"]>(["died", "not removed", "runtime", "late", "exited", "no port"]);

function reportEvent(event: NotebookEvent, log: Log, metrics: Metrics): void {
  const isFault = FAULTS.has(event.what);
  if (isFault) metrics.countFailure(event.what);
  log[isFault ? "warn" : "info"](event, "notebook");
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => resolve());
  });
}
