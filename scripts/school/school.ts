/**
 * A small school: one page with a lesson, in which each student's notebook stands.
 *
 *   https://school.localhost:8443/                 ada's Lesson 1
 *   https://school.localhost:8443/?student=grace   grace's
 *   https://school.localhost:8443/token?student=ada   { "token": "<JWT>" }: a new one for ada's page
 *
 * The surprise: whoever asks is believed to be ada. A real school asks its own session who it is; all
 * else is as a real school would write it.
 */
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { lessonPage, messagePage, securityPolicy } from "./school-page.ts";
import { mintStudentToken, parseStudent } from "./student-token.ts";

export interface SchoolSettings {
  /** Where browsers reach the allocators: "https://ide-proxy.localhost:8443". */
  readonly api: string;
  /** HALLPASS_JWT_SECRET. */
  readonly secret: string;
  readonly address: string;
  /** 0, the default, takes any free port. */
  readonly port?: number;
}

/** Short, so that the way to a new token is used every day and not only when it matters. */
const TOKEN_SECONDS = 600;

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const readOwn = (name: string) => readFileSync(resolve(import.meta.dirname, name), "utf8");
const html = (status: number, body: string): Reply => ({ status, type: "text/html; charset=utf-8", body });

async function answer(request: IncomingMessage, settings: SchoolSettings): Promise<Reply> {
  const url = URL.parse(request.url ?? "", "http://school.invalid");
  if (url === null) return html(400, messagePage("That address cannot be read."));
  if (request.method !== "GET" && request.method !== "HEAD") return html(405, messagePage("This school only shows."));
  const path = url.pathname;
  if (path === "/school.css") return { status: 200, type: "text/css; charset=utf-8", body: readOwn("school.css") };
  if (path === "/school.js") return { status: 200, type: "text/javascript; charset=utf-8", body: readOwn("school.js") };
  if (path !== "/" && path !== "/token") return html(404, messagePage("There is no such page at this school."));
  const parsed = parseStudent(url.searchParams.get("student") ?? "ada");
  if (!parsed.ok) return html(400, messagePage(parsed.reason));
  const token = await mintStudentToken(settings.secret, parsed.student, TOKEN_SECONDS);
  if (path === "/token") return { status: 200, type: "application/json", body: JSON.stringify({ token }) };
  return html(200, lessonPage({ api: settings.api, student: parsed.student, token }));
}

async function reply(request: IncomingMessage, response: ServerResponse, settings: SchoolSettings): Promise<void> {
  const { status, type, body } = await answer(request, settings);
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "content-security-policy": securityPolicy(settings.api),
    // The origin, and no more: with "no-referrer" the form that brings the ticket would have Origin: null.
    "referrer-policy": "strict-origin",
    "x-content-type-options": "nosniff",
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

export async function startSchool(settings: SchoolSettings): Promise<{ port: number; stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    reply(request, response, settings).catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(settings.port ?? 0, settings.address, done);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
