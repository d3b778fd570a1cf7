/** Who may open a WebSocket to a notebook, in a real HAProxy. */
import { connect as connectH2 } from "node:http2";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import { NAME, type OneNotebook, startOneNotebook } from "../support/one-notebook.ts";
import type { StartTestProxy } from "../support/proxy.ts";

export function describeSockets(start: StartTestProxy, second: number): void {
  describe("the way of a WebSocket", () => {
    let here: OneNotebook;
    beforeAll(async () => {
      here = await startOneNotebook(start, second);
    });
    afterAll(() => here?.stop());
    beforeEach(() => here.reset());

    describe("a WebSocket", () => {
      const open = (headers: Record<string, string>, origin?: string): Promise<string> =>
        new Promise((resolve) => {
          const socket = new WebSocket(`wss://${NAME}:${here.proxy.port}/api/kernels/1/channels`, {
            ca: here.proxy.ca,
            headers,
            ...(origin === undefined ? {} : { origin }),
            lookup: (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]),
          });
          socket.on("open", () => socket.send("print(6*7)"));
          socket.on("message", (data) => {
            socket.close();
            resolve(`said ${data}`);
          });
          socket.on("unexpected-response", (_request, response) => resolve(`${response.statusCode}`));
          socket.on("error", (error) => resolve(error.message));
        });
      const cookie = () => ({ cookie: `__Host-hallpass=${here.pass}` });

      test("with the pass is the notebook's", async () => {
        expect(await open(cookie())).toBe("said print(6*7)");
        expect(await open(cookie(), here.own)).toBe("said print(6*7)");
      });

      test("without a pass, or from another page, is refused", async () => {
        expect(await open({})).toBe("401");
        expect(await open(cookie(), "https://school.localhost")).toBe("403");
        expect(await open({ cookie: `__Host-hallpass=${here.pass.slice(0, -1)}` })).toBe("403");
      });

      test("over HTTP/2 is the notebook's, or refused, by the same rules (RFC 8441)", async () => {
        const session = connectH2(here.own, {
          ca: here.proxy.ca,
          lookup: (_name, _options, done) => done(null, [{ address: "127.0.0.1", family: 4 }]),
        });
        await new Promise((resolve) => session.once("remoteSettings", resolve));
        const ask = (headers: Record<string, string>): Promise<number> =>
          new Promise((resolve) => {
            const stream = session.request({
              ":method": "CONNECT",
              ":protocol": "websocket",
              ":path": "/api/kernels/1/channels",
              ":authority": `${NAME}:${here.proxy.port}`,
              ":scheme": "https",
              "sec-websocket-version": "13",
              ...headers,
            });
            stream.on("response", (answer) => {
              resolve(Number(answer[":status"]));
              stream.close();
            });
            stream.on("error", () => resolve(0));
          });
        expect(await ask(cookie())).toBe(200);
        expect(await ask({ ...cookie(), origin: here.own })).toBe(200);
        expect(await ask({ ...cookie(), origin: "https://school.localhost" })).toBe(403);
        expect(await ask({})).toBe(401);
        session.close();
      });
    });
  });
}
