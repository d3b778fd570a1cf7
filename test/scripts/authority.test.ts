/**
 * The local authority, judged by those who will: OpenSSL, curl, Node and Chromium.
 *
 * Each program that is missing is installed, or named with the command that installs it.
 */
import { execFileSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { describe, expect, it, onTestFinished } from "vitest";
import { ensureAuthority, type LocalAuthority } from "../../scripts/authority.ts";
import { createCertificate } from "../../scripts/certificate.ts";
import { runCommand } from "../../scripts/command.ts";
import { CERTIFICATE_NAMES } from "../../scripts/development-fleet.ts";
import { ensureProgram } from "../../scripts/programs.ts";

const DAY_MS = 24 * 3600 * 1000;

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hallpass-authority-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const authorityIn = (folder: string, now?: Date): Promise<LocalAuthority> =>
  ensureAuthority(join(folder, "authority"), CERTIFICATE_NAMES, now);

/** A certificate that the authority's key signs for names that it must not speak for: what a thief of the key would make. */
function forge(authority: LocalAuthority, names: string[]): Promise<string> {
  return createCertificate({ certificate: authority.ca, key: join(authority.ca, "..", "ca-key.pem") }, names);
}

/** What `openssl verify` says of a certificate for a name or an address. */
function verify(authority: LocalAuthority, certificate: string, kind: string, name: string): string {
  const words = ["verify", "-purpose", "sslserver", "-CAfile", authority.ca, kind, name];
  try {
    return execFileSync("openssl", [...words, certificate], { stdio: ["ignore", "pipe", "pipe"] }).toString();
  } catch (error) {
    return String((error as { stderr: Buffer }).stderr);
  }
}

/** An HTTPS server with this certificate, at a free port; answers "hello" to everybody. */
async function serve(pem: string): Promise<number> {
  const server = createServer({ cert: pem, key: pem }, (_request, response) => response.end("hello"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe("the local authority", () => {
  it.each(["ide-proxy.localhost", "dev-01-6001.ide-proxy.localhost", "school.localhost"])(
    "is good for %s, says OpenSSL",
    async (name) => {
      await ensureProgram("openssl", console.log);
      const authority = await authorityIn(makeFolder());
      expect(verify(authority, authority.certificate, "-verify_hostname", name)).toContain(": OK");
    },
  );

  it.each([
    ["a name that is not local", ["school.example.org"], "school.example.org"],
    ["a name that ends like localhost", ["evil-localhost"], "evil-localhost"],
    ["localhost as a part of a name", ["localhost.example.org"], "localhost.example.org"],
  ])("cannot speak for %s, even with its key", async (_what, names, name) => {
    const folder = makeFolder();
    const authority = await authorityIn(folder);
    const path = join(folder, "forged.pem");
    writeFileSync(path, await forge(authority, names));
    expect(verify(authority, path, "-verify_hostname", name)).toContain("permitted subtree violation");
  });

  it.each(["127.0.0.1", "::1"])("cannot speak for the address %s, even with its key", async (address) => {
    const folder = makeFolder();
    const authority = await authorityIn(folder);
    const path = join(folder, "forged.pem");
    const signer = ["-CA", authority.ca, "-CAkey", join(authority.ca, "..", "ca-key.pem")];
    const subject = ["-subj", "/CN=forged", "-addext", `subjectAltName=IP:${address}`];
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", join(folder, "key.pem")];
    execFileSync("openssl", ["req", "-x509", ...signer, ...subject, ...key, "-out", path], { stdio: "ignore" });
    expect(verify(authority, path, "-verify_ip", address)).toContain("excluded subtree violation");
  });

  it("is good for a notebook's name, says curl", async () => {
    const curl = await ensureProgram("curl", console.log);
    const authority = await authorityIn(makeFolder());
    const port = await serve(readFileSync(authority.certificate, "utf8"));
    const name = `dev-01-6001.ide-proxy.localhost:${port}`;
    const words = ["--silent", "--show-error", "--cacert", authority.ca, "--connect-to", `${name}:127.0.0.1:${port}`];
    expect(await runCommand([curl, ...words, `https://${name}/`])).toBe("hello");
  });

  it("keeps its keys to its owner", async () => {
    const folder = makeFolder();
    const authority = await authorityIn(folder);
    expect(statSync(join(folder, "authority")).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, "authority/ca-key.pem")).mode & 0o777).toBe(0o600);
    expect(statSync(authority.certificate).mode & 0o777).toBe(0o600);
  });
});

describe("the files of the authority", () => {
  it("stay as they are from start to start", async () => {
    const folder = makeFolder();
    const authority = await authorityIn(folder);
    const before = [authority.ca, authority.certificate].map((path) => readFileSync(path, "utf8"));
    await authorityIn(folder);
    expect([authority.ca, authority.certificate].map((path) => readFileSync(path, "utf8"))).toEqual(before);
    expect(readdirSync(join(folder, "authority"))).toEqual(["ca-key.pem", "ca.pem", "ide-proxy.localhost.pem"]);
  });

  it("are renewed when less than a week is left, first the certificate and after years the authority", async () => {
    const folder = makeFolder();
    const authority = await authorityIn(folder);
    const first = new X509Certificate(readFileSync(authority.certificate));
    const ca = readFileSync(authority.ca, "utf8");
    expect(first.validToDate.getTime() - first.validFromDate.getTime()).toBeLessThan(398 * DAY_MS);

    await authorityIn(folder, new Date(first.validToDate.getTime() - 8 * DAY_MS));
    expect(new X509Certificate(readFileSync(authority.certificate)).serialNumber).toBe(first.serialNumber);
    await authorityIn(folder, new Date(first.validToDate.getTime() - 6 * DAY_MS));
    const second = new X509Certificate(readFileSync(authority.certificate));
    expect(second.serialNumber).not.toBe(first.serialNumber);
    expect(readFileSync(authority.ca, "utf8")).toBe(ca);

    await authorityIn(folder, new Date(new X509Certificate(ca).validToDate.getTime() - 6 * DAY_MS));
    const newCa = new X509Certificate(readFileSync(authority.ca));
    expect(newCa.fingerprint256).not.toBe(new X509Certificate(ca).fingerprint256);
    expect(new X509Certificate(readFileSync(authority.certificate)).checkIssued(newCa)).toBe(true);
  });

  it("are made again when one is cut off, or belongs to another authority, or is empty", async () => {
    const folder = makeFolder();
    const authority = await authorityIn(folder);
    writeFileSync(authority.certificate, readFileSync(authority.certificate, "utf8").slice(0, 300));
    await authorityIn(folder);
    expect(verify(authority, authority.certificate, "-verify_hostname", "school.localhost")).toContain(": OK");
    const other = await authorityIn(makeFolder());
    writeFileSync(authority.certificate, readFileSync(other.certificate));
    await authorityIn(folder);
    expect(verify(authority, authority.certificate, "-verify_hostname", "school.localhost")).toContain(": OK");
    writeFileSync(authority.ca, "");
    await authorityIn(folder);
    expect(verify(authority, authority.certificate, "-verify_hostname", "school.localhost")).toContain(": OK");
  });

  it("are one authority's when five starts make them at the same moment", async () => {
    const folder = makeFolder();
    const made = await Promise.all(Array.from({ length: 5 }, () => authorityIn(folder)));
    for (const authority of made)
      expect(verify(authority, authority.certificate, "-verify_hostname", "school.localhost")).toContain(": OK");
    expect(readdirSync(folder)).toEqual(["authority"]);
    expect(readdirSync(join(folder, "authority"))).toHaveLength(3);
  });

  it("stay when one start asks a second before another has made them", async () => {
    const folder = makeFolder();
    const asked = new Date(Date.now() - 2000);
    const authority = await authorityIn(folder);
    const before = [authority.ca, authority.certificate].map((path) => readFileSync(path, "utf8"));
    await authorityIn(folder, asked);
    expect([authority.ca, authority.certificate].map((path) => readFileSync(path, "utf8"))).toEqual(before);
  });

  it("are refused for names that browsers would not accept from it", async () => {
    await expect(ensureAuthority(makeFolder(), ["ide-proxy.example.org"])).rejects.toThrow('".localhost"');
  });
});

describe("Chromium with the authority in its trust store", () => {
  async function open(authority: LocalAuthority, pem: string, name: string): Promise<string> {
    const home = makeFolder();
    const store = `sql:${join(home, ".pki/nssdb")}`;
    const certutil = await ensureProgram("certutil", console.log);
    const port = await serve(pem);
    mkdirSync(join(home, ".pki/nssdb"), { recursive: true });
    execFileSync(certutil, ["-d", store, "-N", "--empty-password"]);
    execFileSync(certutil, ["-d", store, "-A", "-t", "C,,", "-n", "hallpass", "-i", authority.ca]);
    const browser = await chromium.launch({
      executablePath: await ensureProgram("chromium", console.log),
      env: { ...process.env, HOME: home },
      args: [`--host-resolver-rules=MAP * 127.0.0.1`, ...(process.getuid?.() === 0 ? ["--no-sandbox"] : [])],
    });
    try {
      const page = await browser.newPage();
      const answer = await page.goto(`https://${name}:${port}/`).catch((error: Error) => error.message);
      return typeof answer === "string" ? answer : ((await answer?.text()) ?? "nothing");
    } finally {
      await browser.close();
    }
  }

  it("opens a notebook's name without a certificate error", async () => {
    const authority = await authorityIn(makeFolder());
    const pem = readFileSync(authority.certificate, "utf8");
    expect(await open(authority, pem, "dev-01-6001.ide-proxy.localhost")).toBe("hello");
  });

  it("refuses another site's name, although the authority's key has signed it", async () => {
    const authority = await authorityIn(makeFolder());
    const pem = await forge(authority, ["school.example.org"]);
    expect(await open(authority, pem, "school.example.org")).toContain("ERR_CERT");
  });
});
