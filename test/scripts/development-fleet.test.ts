import { describe, expect, it } from "vitest";
import { parseSettings } from "../../notebook-host/settings.ts";
import { parseProxySettings } from "../../proxy-image/settings.ts";
import { type DevelopmentSettings, originOf, planDevelopmentFleet } from "../../scripts/development-fleet.ts";

const GIBIBYTE = 1024 ** 3;

const settings: DevelopmentSettings = {
  port: 8443,
  hosts: 2,
  network: 77,
  freePorts: { school: 40001, http: 40002, health: 40003 },
  memoryBytes: 16 * GIBIBYTE,
  fleetKeys: [{ number: 1, base64: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }],
  jwtSecret: "a secret of the school, of 43 characters or more",
  certificate: "/tmp/authority/ide-proxy.localhost.pem",
  stateFolder: "/tmp/run",
  runtime: { kind: "process", jupyter: "/tmp/jupyter/bin" },
};

const docker: DevelopmentSettings = { ...settings, runtime: { kind: "docker", images: ["hallpass-notebook:7.6.5"] } };

const plans: [name: string, settings: DevelopmentSettings][] = [
  ["as it comes", settings],
  ["with Docker", docker],
  ["at 443", { ...settings, port: 443 }],
  ["with one notebook host", { ...settings, hosts: 1 }],
  ["with 99 notebook hosts", { ...settings, hosts: 99 }],
  ["on a small machine", { ...settings, memoryBytes: GIBIBYTE }],
  ["on a big machine", { ...settings, memoryBytes: 4096 * GIBIBYTE }],
  ["on the second network", { ...settings, network: 78 }],
];

describe("the plan of a development fleet", () => {
  it.each(plans)("is accepted by the proxy and by every allocator: %s", (_name, given) => {
    const fleet = planDevelopmentFleet(given);
    expect(parseProxySettings((name) => fleet.proxy[name])).toHaveProperty("ok", true);
    expect(fleet.notebookHosts).toHaveLength(given.hosts);
    for (const host of fleet.notebookHosts) {
      const parsed = parseSettings(host.environment, "/tmp/root");
      expect(parsed).toMatchObject({ ok: true, settings: { host: host.name, address: host.address } });
    }
  });

  it("gives each notebook host an address and a folder of its own", () => {
    const places = planDevelopmentFleet(settings).notebookHosts.map((host) => [
      host.name,
      host.address,
      host.stateFolder,
    ]);
    expect(places).toEqual([
      ["dev-01", "127.77.0.11", "/tmp/run/dev-01"],
      ["dev-02", "127.77.16.12", "/tmp/run/dev-02"],
    ]);
  });

  it.each([
    ["alone", settings, "dev-01"],
    ["beside another", { ...settings, network: 78 }, "dev-01"],
    ["alone with Docker", docker, "dev-01"],
    ["beside another with Docker, which both share", { ...docker, network: 78 }, "dev78-01"],
  ])("names the first notebook host, %s", (_what, given, name) => {
    expect(planDevelopmentFleet(given).notebookHosts[0]?.name).toBe(name);
  });

  it("shares no address between a fleet and the one beside it", () => {
    const addresses = [77, 78].flatMap((network) =>
      planDevelopmentFleet({ ...settings, hosts: 99, network }).notebookHosts.map((host) => host.address),
    );
    expect(new Set(addresses).size).toBe(198);
  });

  it("gives no notebook host the fleet key, nor another's key", () => {
    const fleet = planDevelopmentFleet(settings);
    const [first, second] = fleet.notebookHosts.map((host) => host.environment);
    expect(first?.HALLPASS_HOST_KEYS).not.toBe(second?.HALLPASS_HOST_KEYS);
    for (const host of [first, second]) {
      expect(host).not.toHaveProperty("HALLPASS_FLEET_KEYS");
      expect(JSON.stringify(host)).not.toContain(settings.fleetKeys[0]?.base64);
    }
  });

  it("gives the proxy no secret of the school", () => {
    expect(JSON.stringify(planDevelopmentFleet(settings).proxy)).not.toContain(settings.jwtSecret);
  });

  it("leaves 443 out of origins, as browsers do", () => {
    expect(originOf("school.localhost", 443)).toBe("https://school.localhost");
    expect(originOf("school.localhost", 8443)).toBe("https://school.localhost:8443");
  });
});
