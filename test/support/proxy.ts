/** A real HAProxy with our configuration, on free ports, for one test file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProxy } from "../../proxy-image/local-proxy.ts";
import { ensureAuthority } from "../../scripts/authority.ts";
import { ensureProgram } from "../../scripts/programs.ts";
import { freePort } from "./free-port.ts";

export const SCHOOL_ORIGIN = "https://school.localhost";

export type StartTestProxy = (settings: Record<string, string>) => Promise<TestProxy>;

export interface TestProxy {
  readonly port: number;
  readonly httpPort: number;
  readonly healthPort: number;
  /** For the runtime API, at admin.sock; a container's is its own. */
  readonly runDir: string;
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** What HAProxy has written. */
  readLog(): Promise<string>;
  stop(): Promise<void>;
}

/** Where a test's proxy listens, and what it serves with. */
export interface TestPlace {
  readonly runDir: string;
  readonly ca: string;
  readonly ports: Pick<TestProxy, "port" | "httpPort" | "healthPort">;
  readonly settings: Record<string, string>;
}

/** `settings` are added to those that every test needs. */
export async function makeTestPlace(settings: Record<string, string>): Promise<TestPlace> {
  const runDir = mkdtempSync(join(tmpdir(), "hallpass-proxy-"));
  const names = ["ide-proxy.localhost", "*.ide-proxy.localhost", "school.localhost"];
  const authority = await ensureAuthority(join(runDir, "authority"), names);
  const ports = { port: await freePort(), httpPort: await freePort(), healthPort: await freePort() };
  const common = {
    HALLPASS_DOMAIN: "ide-proxy.localhost",
    HALLPASS_SCHOOL_ORIGINS: SCHOOL_ORIGIN,
    HALLPASS_CERTIFICATE: authority.certificate,
    HALLPASS_BIND: "127.0.0.1",
    HALLPASS_HTTPS_PORT: `${ports.port}`,
    HALLPASS_HTTP_PORT: `${ports.httpPort}`,
    HALLPASS_HEALTH_PORT: `${ports.healthPort}`,
    HALLPASS_PUBLIC_PORT: `${ports.port}`,
  };
  return { runDir, ca: readFileSync(authority.ca, "utf8"), ports, settings: { ...common, ...settings } };
}

/** HALLPASS_FLEET and HALLPASS_FLEET_KEYS must be among the settings. `router`: the text of another router than ours. */
export async function startTestProxy(settings: Record<string, string>, router?: string): Promise<TestProxy> {
  const log: string[] = [];
  const haproxy = await ensureProgram("haproxy", (line) => log.push(line));
  const place = await makeTestPlace(settings);
  const { runDir } = place;
  if (router !== undefined) writeFileSync(join(runDir, "router.lua"), router);
  const proxy = await startProxy({
    ...(router === undefined ? {} : { router: join(runDir, "router.lua") }),
    haproxy,
    runDir,
    log: (line) => log.push(line),
    settings: place.settings,
  });
  const stop = async (): Promise<void> => {
    await proxy.stop();
    rmSync(runDir, { recursive: true });
  };
  return { ...place.ports, runDir, ca: place.ca, readLog: async () => log.join("\n"), stop };
}
