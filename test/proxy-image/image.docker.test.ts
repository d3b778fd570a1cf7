/** The proxy's image: what is in it, how it starts, and what it says of bad settings. Needs a Docker daemon. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planConfiguration } from "../../proxy-image/configuration.ts";
import { ensureAuthority } from "../../scripts/authority.ts";
import { ensureImage, PROXY_IMAGE } from "../../scripts/container-images.ts";

const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

describe("the proxy's image", () => {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-image-"));
  let image = "";
  let settings: Record<string, string> = {};
  beforeAll(async () => {
    image = await ensureImage(PROXY_IMAGE, () => {});
    const authority = await ensureAuthority(folder, ["ide-proxy.localhost"]);
    settings = {
      HALLPASS_DOMAIN: "ide-proxy.localhost",
      HALLPASS_FLEET: "nyc 10.20.0.0/16 2; lab 192.0.2.7",
      HALLPASS_FLEET_KEYS: `1:${KEY}`,
      HALLPASS_SCHOOL_ORIGINS: "https://school.example.org",
      HALLPASS_SITES: "school.localhost=127.0.0.1:8000",
      HALLPASS_CERTIFICATE: "/certificate.pem",
    };
    // The container's user is not this one: a copy that it may read.
    spawnSync("install", ["-m", "644", authority.certificate, join(folder, "certificate.pem")]);
  }, 600_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  function run(words: string[], change: Record<string, string> = {}, entrypoint: string[] = []) {
    const environment = Object.entries({ ...settings, ...change }).flatMap(([name, value]) => [
      "-e",
      `${name}=${value}`,
    ]);
    const safe = [
      "--read-only",
      "--tmpfs",
      "/run/hallpass:uid=10001,mode=700",
      "--cap-drop",
      "ALL",
      "--security-opt",
      "no-new-privileges",
    ];
    const mount = ["-v", `${join(folder, "certificate.pem")}:/certificate.pem:ro`];
    return spawnSync("docker", ["run", "--rm", ...safe, ...mount, ...environment, ...entrypoint, image, ...words], {
      encoding: "utf8",
    });
  }

  test("runs HAProxy 3.0, whose own check of the configuration passes without a warning", () => {
    expect(run(["-v"], {}, ["--entrypoint", "haproxy"]).stdout).toMatch(/^HAProxy version 3\.0\./);
    const checked = run(["check"]);
    expect(checked.stderr + checked.stdout).not.toMatch(/WARNING|ALERT/);
    expect([checked.status, checked.stdout.trim().split("\n").at(-1)]).toEqual([0, "Configuration file is valid"]);
  });

  test("configures itself, in Lua, to the same bytes as the TypeScript does", () => {
    const script =
      "lua5.4 /opt/hallpass/configure.lua /run/hallpass /opt/hallpass/pages && cd /run/hallpass && cat environment.cfg backends.cfg names.map";
    const inLua = run(["-c", script], {}, ["--entrypoint", "sh"]);
    const planned = planConfiguration((name) => settings[name], "/run/hallpass", "/opt/hallpass/pages");
    expect(inLua.stdout).toBe(planned.ok ? planned.files.map((file) => file.content).join("") : planned.errors);
  });

  test("ends with every wrong setting named, and no key among the words", () => {
    const refused = run([], {
      HALLPASS_DOMAIN: "localhost",
      HALLPASS_FLEET_KEYS: `1:${KEY}x`,
      HALLPASS_NOTEBOOK_PORTS: "22",
    });
    expect(refused.status).toBe(1);
    for (const name of ["HALLPASS_DOMAIN", "HALLPASS_NOTEBOOK_PORTS"]) expect(refused.stderr).toContain(name);
    expect(refused.stderr + refused.stdout).not.toContain(KEY);
  });

  test("is nobody's root, and has a health check", () => {
    const inspected = spawnSync("docker", ["inspect", image], { encoding: "utf8" });
    const [{ Config: config }] = JSON.parse(inspected.stdout);
    expect([config.User, config.StopSignal, config.Healthcheck.Test.length]).toEqual(["10001:10001", "SIGUSR1", 3]);
  });
});
