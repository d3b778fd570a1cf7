/** One port for all notebooks: ada's ends, and the next on her port is grace's. Real proxy, allocator and Jupyter. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { encodeKeyRing, hostKeyRing } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import { REPOSITORY } from "../../scripts/data-folder.ts";
import { ensureJupyter } from "../../scripts/jupyter-venv.ts";
import { mintStudentToken } from "../../scripts/school/student-token.ts";
import { eventually } from "../scripts/started-system.ts";
import { startTestProxy, type TestProxy } from "../support/proxy.ts";
import { RawClient } from "../support/raw-client.ts";

const FLEET = { HALLPASS_FLEET: "dev 127.96.0.0/16 1", HALLPASS_NOTEBOOK_PORTS: "6001-6001" };
const NAME = "dev-01-6001.ide-proxy.localhost";
const KEYS = [{ number: 1, base64: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" }];
const SECRET = "the school's secret, of at least thirty-two bytes";
const API = "http://127.96.0.11:7001/v1/notebooks";

let proxy: TestProxy;
let client: RawClient;
let allocator: ChildProcess;
const state = mkdtempSync(join(tmpdir(), "hallpass-port-"));

beforeAll(async () => {
  const jupyter = await ensureJupyter((line) => console.log(line));
  proxy = await startTestProxy({ ...FLEET, HALLPASS_FLEET_KEYS: encodeKeyRing(KEYS) });
  client = new RawClient(proxy.port, proxy.ca);
  allocator = spawn(process.execPath, ["notebook-host/main.ts"], {
    cwd: REPOSITORY,
    stdio: "ignore",
    env: {
      PATH: process.env.PATH,
      ...FLEET,
      HALLPASS_DOMAIN: "ide-proxy.localhost",
      HALLPASS_HOST: "dev-01",
      HALLPASS_HOST_KEYS: encodeKeyRing(hostKeyRing(nodeHmac, KEYS, "dev-01")),
      HALLPASS_JWT_SECRET: SECRET,
      HALLPASS_CAPACITY: "1",
      HALLPASS_RUNTIME: "process",
      HALLPASS_STATE: state,
      HALLPASS_JUPYTER: jupyter,
    },
  });
}, 400_000);

afterAll(async () => {
  client?.close();
  await call("grace", "DELETE", `/${await idOf("grace")}`);
  allocator?.kill("SIGTERM");
  if (allocator !== undefined) await once(allocator, "exit");
  await proxy?.stop();
  rmSync(state, { recursive: true, force: true });
});

async function call(student: string, method: string, path = ""): Promise<Response | undefined> {
  const authorization = `Bearer ${await mintStudentToken(SECRET, student, 60)}`;
  return fetch(`${API}${path}`, { method, headers: { authorization, accept: "application/json" } }).catch(
    () => undefined,
  );
}

const ids = new Map<string, string>();
const idOf = async (student: string): Promise<string> => ids.get(student) ?? "none";

/** A pass for this student's notebook, by the way that a browser goes. */
async function enter(student: string): Promise<string> {
  const { id, ticket } = await eventually(
    async () => {
      const answer = await call(student, "POST");
      return answer?.status === 200 || answer?.status === 201
        ? ((await answer.json()) as { id: string; ticket: string })
        : undefined;
    },
    () => `no notebook for ${student}`,
    60_000,
  );
  ids.set(student, id);
  const entered = await client.ask(`GET /?ticket=${ticket} HTTP/1.1\r\nHost: ${NAME}\r\n\r\n`);
  return /^set-cookie: ([^;]+)/im.exec(entered.headers)?.[1] ?? "";
}

test("ada's old tab meets 410 on every path, and never grace's notebook", { timeout: 180_000 }, async () => {
  const get = (path: string, cookie: string) =>
    client.ask(`GET ${path} HTTP/1.1\r\nHost: ${NAME}\r\nCookie: ${cookie}\r\n\r\n`);
  const ada = await enter("ada");
  expect((await get("/api/contents/lesson.ipynb?content=0", ada)).status).toBe(200);
  expect((await call("ada", "DELETE", `/${await idOf("ada")}`))?.status).toBe(204);
  const grace = await enter("grace");
  expect(grace).not.toBe(ada);
  const page = await get("/notebooks/lesson.ipynb", ada);
  expect([page.status, page.body.includes("This notebook has ended")]).toEqual([410, true]);
  for (const path of ["/", "/lab", "/api/contents", "/api/kernels", "/files/lesson.ipynb", "/login"])
    expect([path, (await get(path, ada)).status]).toEqual([path, 410]);
  expect((await get("/api/status", grace)).status).toBe(200);
});
