import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { checkPort } from "../../scripts/place.ts";
import { parseListeners, readFreePorts, readPortOwner, readPortProblem } from "../../scripts/port-owner.ts";

/** From a real /proc/net/tcp: a listener at 127.0.0.1:8443, one that listens elsewhere, a connection at 8443. */
const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:20FB 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31751 1 000000 100 0 0 10 0
   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31752 1 000000 100 0 0 10 0
   2: 0100007F:20FB 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        0 31753 1 000000 100 0 0 10 0`;

/** Another process that listens on a free port. */
async function startListener(): Promise<{ port: number; pid: number | undefined }> {
  const script = "const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))";
  const child = spawn(process.execPath, ["-e", script, "ada's own server"], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return { port: Number(line.toString()), pid: child.pid };
}

describe("a port that is taken", () => {
  it("is found among the system's sockets, without the connections to it", () => {
    expect([...parseListeners(TABLE, 8443)]).toEqual(["31751"]);
    expect([...parseListeners(TABLE, 9443)]).toEqual([]);
  });

  it("is said to be taken by the process that has it, with its command and what to type", async () => {
    const { port, pid } = await startListener();
    expect(await readPortProblem("127.0.0.1", port)).toBe("EADDRINUSE");
    expect(await readPortOwner(port)).toMatchObject({ pid, command: expect.stringContaining("ada's own server") });
    await expect(checkPort(port)).rejects.toThrow(`Port ${port} is taken by process ${pid} (`);
    await expect(checkPort(port)).rejects.toThrow("npm start -- --port 9443");
  });

  it("is taken too when the other listens on every address", async () => {
    const server = createServer().listen(0, "::");
    await once(server, "listening");
    onTestFinished(() => void server.close());
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    await expect(checkPort(port)).rejects.toThrow(`process ${process.pid} (`);
  });
});

describe("free ports", () => {
  it("are all different, and can be listened on", async () => {
    const ports = await readFreePorts(5);
    expect(new Set(ports).size).toBe(5);
    for (const port of ports) await expect(checkPort(port)).resolves.toBeUndefined();
  });
});
