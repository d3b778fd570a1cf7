/** The whole way without a browser: what a school's server and a student's requests meet, through the real proxy. */

import { readFileSync } from "node:fs";
import { connect as connectH2 } from "node:http2";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { readMarkedProcesses } from "../../scripts/marked-processes.ts";
import { loopbackLookup } from "../../scripts/readiness.ts";
import {
  ask,
  eventually,
  type OpenNotebook,
  openNotebook,
  type Started,
  type StartedSystem,
  startSystem,
} from "../scripts/started-system.ts";

describe("a started system", () => {
  let system: StartedSystem;
  let started: Started;
  let end: () => Promise<void>;
  let ada: OpenNotebook;
  let grace: OpenNotebook;
  beforeAll(async () => {
    system = await startSystem([], {
      onFinish: (finish) => {
        end = finish;
      },
    });
    started = await system.ready();
    ada = await openNotebook(started, "ada");
    grace = await openNotebook(started, "grace");
  }, 400_000);
  afterAll(() => end());

  const at = (open: OpenNotebook, path: string): string => new URL(path, open.url).href;
  const hostOf = (open: OpenNotebook): string => new URL(open.url).hostname.slice(0, "dev-01".length);

  test("gives the second notebook to the other host, which has more room by then", () => {
    expect([hostOf(ada), hostOf(grace)].sort()).toEqual(["dev-01", "dev-02"]);
  });

  test("lets neither ada's nor grace's pass into the other's notebook, over HTTP/1.1", async () => {
    for (const [mine, other] of [
      [ada, grace],
      [grace, ada],
    ] as const) {
      expect((await ask(started, at(mine, "/api/status"), { headers: { cookie: mine.cookie } })).status).toBe(200);
      expect((await ask(started, at(other, "/api/status"), { headers: { cookie: mine.cookie } })).status).toBe(403);
      expect((await ask(started, at(other, "/api/status"))).status).toBe(401);
    }
  });

  test("nor over HTTP/2, on one connection for both names", async () => {
    const session = connectH2(ada.url, { ca: readFileSync(started.ca), lookup: loopbackLookup });
    const status = (open: OpenNotebook, cookie: string): Promise<number> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ":path": "/api/status", ":authority": new URL(open.url).host, cookie });
        stream.once("response", (headers) => resolve(Number(headers[":status"]))).once("error", reject);
        stream.resume().end();
      });
    const statuses = [
      await status(ada, ada.cookie),
      await status(grace, grace.cookie),
      await status(grace, ada.cookie),
      await status(ada, grace.cookie),
    ];
    session.close();
    expect(statuses).toEqual([200, 200, 403, 403]);
  });

  test("nor by WebSocket: a kernel is its student's alone", async () => {
    const made = await ask(started, at(ada, "/api/kernels"), {
      method: "POST",
      headers: { cookie: ada.cookie, "content-type": "application/json" },
      body: "{}",
    });
    expect(made.status).toBe(201);
    const { id } = JSON.parse(made.body) as { id: string };
    const open = (cookie: string): Promise<string> =>
      new Promise((resolve) => {
        const url = at(ada, `/api/kernels/${id}/channels`).replace("https:", "wss:");
        const socket = new WebSocket(url, {
          ca: readFileSync(started.ca),
          lookup: loopbackLookup,
          headers: { cookie },
        });
        socket
          .once("open", () => resolve("open"))
          .once("unexpected-response", (_sent, answer) => resolve(`${answer.statusCode}`));
        socket.once("error", (error) => resolve(error.message)).once("open", () => socket.close());
      });
    expect([await open(ada.cookie), await open(grace.cookie), await open("")]).toEqual(["open", "403", "401"]);
  });

  test("goes on when one allocator is stopped: its notebooks work, and new ones start at the other", async () => {
    const stopped = hostOf(ada);
    process.kill(await allocatorOf(stopped), "SIGTERM");
    await eventually(
      () => (system.stderr().includes(`The allocator of ${stopped} has ended`) ? true : undefined),
      system.stderr,
    );
    expect((await ask(started, at(ada, "/api/status"), { headers: { cookie: ada.cookie } })).status).toBe(200);
    for (const student of ["mary", "katherine", "dorothy"])
      expect(hostOf(await openNotebook(started, student))).not.toBe(stopped);
  });

  /** The process whose environment says that it is this host's allocator. */
  async function allocatorOf(host: string): Promise<number> {
    const run = system.run();
    if (run === undefined) throw new Error("the run is not found");
    for (const pid of await readMarkedProcesses(run)) {
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      const environment = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
      if (command.includes("notebook-host/main.ts") && environment.includes(`HALLPASS_HOST=${host}`)) return pid;
    }
    throw new Error(`the allocator of ${host} is not found`);
  }
});
