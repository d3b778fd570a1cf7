/** The unkind answers that a test puts in line for embed.js. */
import type { ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { ID } from "./decision.cases.ts";
import { type Reply, sendJson } from "./fake-fleet.ts";

export const problem =
  (status: number, title: string, detail: string, headers: Record<string, string> = {}): Reply =>
  (response) => {
    const type = { "content-type": "application/problem+json" };
    response
      .writeHead(status, { ...type, ...headers })
      .end(JSON.stringify({ type: "about:blank", title, status, detail }));
  };

export const noRoom = (seconds: number): Reply =>
  problem(503, "No room", "All 12 places of this host are taken.", { "Retry-After": String(seconds) });

export const json =
  (status: number, value: unknown): Reply =>
  (response) =>
    sendJson(response, status, value);

/** Accepted; nothing more is known yet. */
export const accepted: Reply = json(202, { id: ID, state: "starting", server: "dev-01" });

/** Another page altogether, with status 200. */
export const otherPage: Reply = (response) => {
  response.writeHead(200, { "content-type": "text/html" }).end("<h1>Welcome to our wifi</h1>");
};

/** Broken off in the middle: before the first byte, Chromium would ask again by itself. */
export const brokenOff: Reply = async (response) => {
  response.writeHead(200, { "content-type": "application/json", "content-length": 100 }).write("{");
  await delay(10);
  response.destroy();
};

/** An answer that never comes. */
export const silence: Reply = () => {};

export const event = (name: string, value: unknown) => `event: ${name}\ndata: ${JSON.stringify(value)}\n\n`;

/** Seven bytes at a time, so that a piece ends anywhere, also inside a letter. */
async function writeInPieces(response: ServerResponse, text: string): Promise<void> {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += 7) {
    response.write(bytes.subarray(at, at + 7));
    await delay(2);
  }
}

const openStream = (response: ServerResponse, location: string) =>
  response.writeHead(202, { "content-type": "text/event-stream", ...(location === "" ? {} : { location }) });

/** A stream that ends, or breaks off, before it has said how the start went. */
export const stream =
  (text: string, { isCut = false, location = `/v1/notebooks/${ID}` } = {}): Reply =>
  async (response) => {
    openStream(response, location);
    await writeInPieces(response, text);
    if (isCut) response.destroy();
    else response.end();
  };

/** A stream that tells of progress, and, when `done` resolves, ends with the ready notebook. */
export const startingThenReady =
  (message: string, done: Promise<void>): Reply =>
  async (response, fleet) => {
    openStream(response, `/v1/notebooks/${ID}`);
    await writeInPieces(response, `: hello\n\n${event("progress", { state: "starting", message })}`);
    await done;
    await writeInPieces(response, event("ready", fleet.readyAnswer()));
    response.end();
  };
