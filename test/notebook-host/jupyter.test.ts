/** A real Jupyter, as a process: what it takes to start, what it can do, and that nothing of it stays. */
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { hashStudent } from "../../notebook-host/student.ts";
import { ensureJupyter } from "../../scripts/jupyter-venv.ts";
import { type AllocatorProcess, allocatorSettings, startAllocator, waitForNotebook } from "./allocator-process.ts";
import { readEvents } from "./event-reader.ts";
import { claimNetwork } from "./network.ts";

let state = "";
let address = "";
let release = () => {};
let allocator: AllocatorProcess;

beforeAll(async () => {
  const jupyterBin = await ensureJupyter(() => {});
  state = await mkdtemp(join(tmpdir(), "hallpass-jupyter-"));
  const claim = await claimNetwork();
  release = claim.release;
  address = `${claim.network.split(".").slice(0, 2).join(".")}.0.11`;
  const settings = { HALLPASS_RUNTIME: "process", HALLPASS_STATE: state, HALLPASS_JUPYTER: resolve(jupyterBin) };
  allocator = await startAllocator(address, allocatorSettings(claim.network, settings));
});
afterAll(async () => {
  await allocator?.kill("SIGKILL");
  for (const pid of processes()) process.kill(pid, "SIGKILL");
  await rm(state, { recursive: true, force: true, maxRetries: 5 });
  release();
});

/** The processes of this test's notebooks, and what has their mark in its environment. */
function processes(): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`HALLPASS_NOTEBOOK=${state}/`);
    } catch {
      return false;
    }
  });
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** The notebook's own token, as its process has it. */
function tokenOf(id: string): string {
  const pid = processes().find((one) => readFileSync(`/proc/${one}/environ`, "utf8").includes(`/${id}.json`));
  return /JUPYTER_TOKEN=([\w-]+)/.exec(readFileSync(`/proc/${pid}/environ`, "utf8"))?.[1] ?? "";
}

/** What a kernel prints for a line of Python, over its WebSocket (Jupyter's messaging protocol). */
async function runCell(server: string, token: string, kernel: string, code: string): Promise<string> {
  const headers = { authorization: `token ${token}` };
  const socket = new WebSocket(`${server.replace("http", "ws")}/api/kernels/${kernel}/channels`, { headers });
  const header = { msg_id: "one", msg_type: "execute_request", session: "test", username: "ada", version: "5.3" };
  const question = { header, parent_header: {}, metadata: {}, channel: "shell", content: { code, silent: false } };
  const printed = new Promise<string>((resolve, reject) => {
    socket.on("open", () => socket.send(JSON.stringify(question)));
    socket.on("error", reject);
    socket.on("message", (data) => {
      const { msg_type, content } = JSON.parse(String(data));
      if (msg_type === "stream") resolve(content.text);
    });
  });
  return printed.finally(() => socket.terminate());
}

test("ada's Jupyter starts, runs a cell, keeps her file, and ends with its kernels and what they started", async () => {
  const response = await allocator.ask("/v1/notebooks", "ada", { method: "POST" });
  expect([201, 202]).toContain(response.status);
  const { id, port } = await waitForNotebook(allocator, "ada");
  const server = `http://${address}:${port}`;
  const token = tokenOf(id);
  const headers = { authorization: `token ${token}` };
  expect((await fetch(`${server}/api/kernels`)).status).toBe(403);
  expect((await fetch(`${server}/notebooks/lesson.ipynb`, { headers })).status).toBe(200);
  const started = await fetch(`${server}/api/kernels`, { method: "POST", headers });
  const kernel = ((await started.json()) as { id: string }).id;
  expect(await runCell(server, token, kernel, "print(6*7)")).toBe("42\n");
  const line =
    "import subprocess; open('file.txt', 'w').write('ada'); print(subprocess.Popen(['env', '-i', 'setsid', 'sleep', '600']).pid)";
  const escaped = Number(await runCell(server, token, kernel, line));
  expect(processes().length).toBeGreaterThanOrEqual(2);
  expect(isThere(escaped)).toBe(true);

  expect((await allocator.ask(`/v1/notebooks/${id}`, "ada", { method: "DELETE" })).status).toBe(204);
  expect(processes()).toEqual([]);
  // Dead at once, and gone when its new parent has taken note.
  await expect.poll(() => isThere(escaped), { timeout: 10_000 }).toBe(false);
  const home = join(state, "homes", hashStudent("ide-proxy.example.org", "ada"));
  expect(await readFile(join(home, "file.txt"), "utf8")).toBe("ada");
});

test("grace gets her Jupyter within a second, or sees in words how it starts, and then gets it", async () => {
  const headers = { authorization: await allocator.authorization("grace") };
  const response = await fetch(`${allocator.url}/v1/notebooks`, { method: "POST", headers });
  const events = response.status === 202 ? await readEvents(response) : [];
  const answer = response.status === 202 ? events.at(-1)?.data : ((await response.json()) as { id: string });
  expect(events.map(({ name }) => name)).toEqual(events.map((_, n) => (n < events.length - 1 ? "progress" : "ready")));
  expect((await waitForNotebook(allocator, "grace")).id).toBe(answer?.id);
});
