import { describe, expect, it } from "vitest";
import { planDevelopmentFleet } from "../../scripts/development-fleet.ts";
import { describeStarted, encodeStarted, type Started } from "../../scripts/start-message.ts";

const started: Started = {
  fleet: planDevelopmentFleet({
    port: 9443,
    hosts: 2,
    network: 77,
    freePorts: { school: 40001, http: 40002, health: 40003 },
    memoryBytes: 8 * 1024 ** 3,
    fleetKeys: [{ number: 1, base64: "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" }],
    jwtSecret: "a secret of the school, of 43 characters or more",
    certificate: "/hallpass/authority/ide-proxy.localhost.pem",
    stateFolder: "/hallpass/runs/1",
    runtime: { kind: "process", jupyter: "/hallpass/jupyter/bin" },
  }),
  port: 9443,
  ca: "/hallpass/authority/ca.pem",
};

describe("what npm start says when all is ready", () => {
  it("is the page's address and commands that can be typed as they stand", () => {
    const message = describeStarted(started);
    for (const words of [
      "https://school.localhost:9443/\n",
      "curl --cacert /hallpass/authority/ca.pem -X POST https://ide-proxy.localhost:9443/v1/notebooks",
      "npm run --silent token -- ada",
      "mkdir -p $HOME/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n hallpass -i /hallpass/authority/ca.pem",
      "Ctrl-C ends everything",
    ])
      expect(message).toContain(words);
  });

  it("is one line for a program", () => {
    expect(encodeStarted(started)).not.toContain("\n");
    expect(JSON.parse(encodeStarted(started))).toEqual({
      school: "https://school.localhost:9443/",
      api: "https://ide-proxy.localhost:9443",
      domain: "ide-proxy.localhost",
      port: 9443,
      ca: "/hallpass/authority/ca.pem",
    });
  });

  it.each([describeStarted(started), encodeStarted(started)])("has no secret in it", (text) => {
    expect(text).not.toContain("a secret of the school");
    expect(text).not.toContain("AAAA");
  });
});
