/** A real HAProxy with our configuration, on free ports, for one test file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startProxy } from "../../proxy-image/local-proxy.ts";
import { ensureAuthority } from "../../scripts/authority.ts";
import { ensureProgram } from "../../scripts/programs.ts";
import { freePort } from "./free-port.ts";

export const SCHOOL_ORIGIN = "https://school.localhost";

export interface TestProxy {
  readonly port: number;
  readonly httpPort: number;
  readonly healthPort: number;
  /** The authority's certificate, PEM. */
  readonly ca: string;
  /** What HAProxy wrote. */
  readonly log: string[];
  readonly runDir: string;
  stop(): Promise<void>;
}

/**
 * `settings` are added to those that every test needs; HALLPASS_FLEET and HALLPASS_FLEET_KEYS must be among them.
 * `router`: the text of another router than ours.
 */
export async function startTestProxy(settings: Record<string, string>, router?: string): Promise<TestProxy> {
  const log: string[] = [];
  const haproxy = await ensureProgram("haproxy", (line) => log.push(line));
  const runDir = mkdtempSync(join(tmpdir(), "hallpass-proxy-"));
  const names = ["ide-proxy.localhost", "*.ide-proxy.localhost", "school.localhost"];
  const authority = await ensureAuthority(join(runDir, "authority"), names);
  const [port, httpPort, healthPort] = [await freePort(), await freePort(), await freePort()];
  if (router !== undefined) writeFileSync(join(runDir, "router.lua"), router);
  const proxy = await startProxy({
    ...(router === undefined ? {} : { router: join(runDir, "router.lua") }),
    haproxy,
    runDir,
    log: (line) => log.push(line),
    settings: {
      HALLPASS_DOMAIN: "ide-proxy.localhost",
      HALLPASS_SCHOOL_ORIGINS: SCHOOL_ORIGIN,
      HALLPASS_CERTIFICATE: authority.certificate,
      HALLPASS_BIND: "127.0.0.1",
      HALLPASS_HTTPS_PORT: `${port}`,
      HALLPASS_HTTP_PORT: `${httpPort}`,
      HALLPASS_HEALTH_PORT: `${healthPort}`,
      HALLPASS_PUBLIC_PORT: `${port}`,
      ...settings,
    },
  });
  const stop = async (): Promise<void> => {
    await proxy.stop();
    rmSync(runDir, { recursive: true });
  };
  return { port, httpPort, healthPort, ca: readFileSync(authority.ca, "utf8"), log, runDir, stop };
}
