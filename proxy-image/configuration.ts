/**
 * What of HAProxy's configuration depends on the fleet: written by this file before HAProxy starts.
 * Everything else stands in haproxy.cfg, which is read between the two.
 *
 *   environment.cfg   the settings, checked and with their defaults, as haproxy.cfg reads them
 *   backends.cfg      a backend of the allocators, and one for each other site
 *   names.map         "ide-proxy.example.org allocators": names that are no notebook's
 *
 * Compiled to Lua too, for the image.
 */
import { hostsOf } from "../fleet/fleet.ts";
import { type ProxySettings, parseProxySettings, portOf, type ReadSetting } from "./settings.ts";

export type ConfigurationResult =
  | { ok: true; files: { name: string; content: string }[] }
  | { ok: false; errors: string[] };

/** `runDirectory`: where the files will be, and HAProxy's own socket. `pages`: where the error pages are. */
export function planConfiguration(read: ReadSetting, runDirectory: string, pages: string): ConfigurationResult {
  const parsed = parseProxySettings(read);
  if (!parsed.ok) return parsed;
  const settings = parsed.settings;
  const backends = [
    ...allocatorLines(settings),
    ...settings.sites.flatMap((site, index) => siteLines(site.upstream, index)),
  ];
  const names = [
    `${settings.fleet.domain} allocators`,
    ...settings.sites.map((site, index) => `${site.name} ${siteBackend(index)}`),
  ];
  return {
    ok: true,
    files: [
      { name: "environment.cfg", content: `${environmentLines(settings, runDirectory, pages).join("\n")}\n` },
      { name: "backends.cfg", content: `${backends.join("\n")}\n` },
      { name: "names.map", content: `${names.join("\n")}\n` },
    ],
  };
}

/** What haproxy.cfg reads as "${HALLPASS_…}": checked, and with its default where it was not set. */
function environmentLines(settings: ProxySettings, runDirectory: string, pages: string): string[] {
  const publicPort = portOf(settings, "HALLPASS_PUBLIC_PORT");
  const ports = settings.ports.map(({ name, port }) => `    setenv ${name} ${port}`);
  return [
    "global",
    `    setenv HALLPASS_RUN "${runDirectory}"`,
    `    setenv HALLPASS_PAGES "${pages}"`,
    `    setenv HALLPASS_BIND ${settings.bind}`,
    // HAProxy refuses to set nothing; what is not set reads as nothing.
    publicPort === 443 ? "    unsetenv HALLPASS_PUBLIC_SUFFIX" : `    setenv HALLPASS_PUBLIC_SUFFIX :${publicPort}`,
    `    setenv HALLPASS_FRAME_ANCESTORS "${settings.schoolOrigins.join(" ")}"`,
    ...ports,
  ];
}

function siteBackend(index: number): string {
  return `site-${index + 1}`;
}

function siteLines(upstream: string, index: number): string[] {
  // A site may refuse a request before its body has come: see the allocators in haproxy.cfg.
  return [
    `backend ${siteBackend(index)} from hallpass`,
    "    option http-server-close",
    `    server site ${upstream}`,
    "",
  ];
}

/**
 * One server for each allocator. Its weight is its free room: the agent of each allocator says how much
 * of 100 is left. Other regions' allocators only help when none of this region answers.
 */
function allocatorLines(settings: ProxySettings): string[] {
  const servers: string[] = [];
  const port = portOf(settings, "HALLPASS_ALLOCATOR_PORT");
  const agentPort = portOf(settings, "HALLPASS_AGENT_PORT");
  const add = (host: string, isBackup: boolean): void => {
    const address = settings.fleet.addresses.get(host) ?? "";
    const role = isBackup ? " backup" : "";
    servers.push(`    server ${host} ${address}:${port} agent-port ${agentPort}${role}`);
  };
  for (const region of settings.fleet.regions)
    for (const host of hostsOf(region)) add(host, region.name !== settings.region);
  for (const machine of settings.fleet.machines) add(machine.name, false);
  return [
    "backend allocators from allocator",
    "    # A student's two tabs meet the same allocator, which makes one notebook of both requests.",
    "    stick-table type string len 64 size 100k expire 12h",
    "    stick on req.hdr(authorization),word(2,' '),jwt_payload_query('$.sub')",
    ...servers,
    "",
  ];
}
