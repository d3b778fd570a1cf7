import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { planConfiguration } from "../../proxy-image/configuration.ts";
import { writeConfiguration } from "../../proxy-image/local-proxy.ts";
import { parseProxySettings } from "../../proxy-image/settings.ts";
import { ensureAuthority } from "../../scripts/authority.ts";
import { ensureProgram } from "../../scripts/programs.ts";

const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const good: Record<string, string> = {
  HALLPASS_DOMAIN: "ide-proxy.localhost",
  HALLPASS_FLEET: "nyc 10.20.0.0/16 2; lon 10.21.0.0/16 1; lab 192.0.2.7",
  HALLPASS_FLEET_KEYS: `1:${KEY}`,
  HALLPASS_SCHOOL_ORIGINS: "https://school.example.org https://other.example.org:8443",
  HALLPASS_CERTIFICATE: "/certificates/proxy.pem",
};
const parse = (change: Record<string, string | undefined>) => {
  const all = { ...good, ...change };
  return parseProxySettings((name) => all[name]);
};

const refused: [change: Record<string, string | undefined>, error: string, why: string][] = [
  [{ HALLPASS_DOMAIN: undefined }, "HALLPASS_DOMAIN is not set", "missing"],
  [{ HALLPASS_FLEET: "" }, "HALLPASS_FLEET is not set", "empty"],
  [{ HALLPASS_FLEET_KEYS: `1:${KEY.slice(1)}` }, "openssl rand -base64 32", "a key that would crash HAProxy 2.6"],
  [{ HALLPASS_REGION: "par" }, "nyc, lon", "a region that the fleet has not"],
  [{ HALLPASS_SCHOOL_ORIGINS: "*" }, "HALLPASS_SCHOOL_ORIGINS", "everybody"],
  [{ HALLPASS_SCHOOL_ORIGINS: "https://*.example.org" }, "HALLPASS_SCHOOL_ORIGINS", "a wildcard"],
  [{ HALLPASS_SCHOOL_ORIGINS: "http://school.example.org" }, "https://", "no TLS: a network in between could frame"],
  [{ HALLPASS_SCHOOL_ORIGINS: "https://school.example.org/" }, "HALLPASS_SCHOOL_ORIGINS", "a path"],
  [
    { HALLPASS_SCHOOL_ORIGINS: "https://school.example.org;script-src" },
    "HALLPASS_SCHOOL_ORIGINS",
    "another directive",
  ],
  [
    { HALLPASS_SCHOOL_ORIGINS: "https://school.example.org\nacl" },
    "HALLPASS_SCHOOL_ORIGINS",
    "a line of configuration",
  ],
  [{ HALLPASS_SITES: "school.example.org" }, "HALLPASS_SITES", "a site without an upstream"],
  [{ HALLPASS_SITES: "school.example.org=10.0.0.5" }, "HALLPASS_SITES", "an upstream without a port"],
  [{ HALLPASS_SITES: "school.example.org:443=10.0.0.5:80" }, "HALLPASS_SITES", "a site's name with a port"],
  [{ HALLPASS_SITES: "x=y:80\n" }, "HALLPASS_SITES", "a line of configuration"],
  [{ HALLPASS_HTTPS_PORT: "70000" }, "65535", "no port"],
  [{ HALLPASS_HTTPS_PORT: "https" }, "HALLPASS_HTTPS_PORT", "a word"],
  [{ HALLPASS_BIND: "localhost" }, "HALLPASS_BIND", "a name to listen on"],
  [{ HALLPASS_PASS_SECONDS: "30" }, "604800", "shorter than it is remembered"],
  [{ HALLPASS_PASS_SECONDS: "31536000" }, "604800", "a year"],
];

describe("the proxy's settings", () => {
  test.each(refused)("%j are refused with a word about %j: %s", (change, error) => {
    const parsed = parse(change);
    expect(parsed.ok ? [] : parsed.errors).toEqual([expect.stringContaining(error)]);
    expect(JSON.stringify(parsed)).not.toContain(KEY.slice(2, 30));
  });

  test("have defaults for all that is the same everywhere", () => {
    const parsed = parse({});
    expect(parsed.ok && [parsed.settings.region, parsed.settings.bind, parsed.settings.passSeconds]).toEqual([
      "nyc",
      "*",
      43200,
    ]);
  });
});

describe("the configuration", () => {
  const plan = (change: Record<string, string>) => {
    const planned = planConfiguration((name) => ({ ...good, ...change })[name], "/run/hallpass", "/pages");
    return planned.ok ? planned.files.map((file) => file.content).join("\n") : planned.errors.join("\n");
  };

  test("asks this region's allocators first, and the others' only when none of these answers", () => {
    const servers = plan({ HALLPASS_REGION: "lon" })
      .match(/^ +server .*/gm)
      ?.map((line) => line.trim());
    expect(servers).toEqual([
      "server nyc-01 10.20.0.11:7001 agent-port 7002 backup",
      "server nyc-02 10.20.16.12:7001 agent-port 7002 backup",
      "server lon-01 10.21.0.11:7001 agent-port 7002",
      "server lab 192.0.2.7:7001 agent-port 7002",
    ]);
  });

  test("has no key in it", () => {
    expect(plan({})).not.toContain(KEY);
  });

  test("passes HAProxy's own check without a warning", async () => {
    const runDir = mkdtempSync(join(tmpdir(), "hallpass-check-"));
    const authority = await ensureAuthority(join(runDir, "authority"), ["ide-proxy.localhost"]);
    const settings = {
      ...good,
      HALLPASS_CERTIFICATE: authority.certificate,
      HALLPASS_SITES: "school.localhost=127.0.0.1:8000",
    };
    const { args, env } = writeConfiguration({ settings, runDir });
    const haproxy = await ensureProgram("haproxy", () => {});
    const checked = spawnSync(haproxy, [...args, "-c", "-dW"], { env, encoding: "utf8" });
    expect([checked.status, checked.stderr.replace(/^\[NOTICE\].*\n/gm, "")]).toEqual([0, ""]);
    rmSync(runDir, { recursive: true });
  });
});
