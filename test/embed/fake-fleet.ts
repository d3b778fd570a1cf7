/**
 * A fake of everything that embed.js meets, strict and unkind: the school's page, the allocators and the
 * notebooks, on one port, told apart by name.
 *
 *   http://school.localhost:<port>/                   a page with <hallpass-notebook>
 *   http://ide-proxy.localhost:<port>/v1/notebooks    answers what the test has put in line
 *   http://dev-01-6001.ide-proxy.localhost:<port>/    wants a ticket, once, and then its pass
 *
 * It answers to the school's origin only, takes each ticket once, and keeps in `faults` whatever a real
 * fleet would refuse. A test ends with `faults` empty.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { securityPolicy } from "../../scripts/school/school-page.ts";
import { ID } from "./decision.cases.ts";

export interface Question {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly atMs: number;
  /** The browser has closed the connection before there was an answer. */
  isAborted: boolean;
}

export type Reply = (response: ServerResponse, fleet: FakeFleet) => void | Promise<void>;

const PROXY_PAGE = (status: number, reason: string) =>
  `<!doctype html><title>proxy</title><h1>${status}</h1><script>parent.postMessage({ type: "hallpass", status: ${status}, reason: "${reason}" }, "*");</script>`;

const readBody = async (request: IncomingMessage) => {
  let body = "";
  for await (const piece of request.setEncoding("utf8")) body += piece;
  return body;
};

export class FakeFleet {
  /** What the allocator answers next; when the line is empty, a ready notebook. */
  line: Reply[] = [];
  questions: Question[] = [];
  faults: string[] = [];
  entries: { next: string; ticket: string; cookie: boolean }[] = [];
  /** A browser that keeps no cookie in a frame, or a pass that is refused. */
  refusesPass = false;
  attributes = 'token="good" page="/notebooks/lesson.ipynb"';
  /** The only origin that may ask. */
  school = "";
  readonly #tickets = new Set<string>();
  readonly #script: string;
  #made = 0;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch((error: unknown) => this.faults.push(String(error)));
  });

  /** `script` is the text of embed.js. */
  constructor(script: string) {
    this.#script = script;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }
  get api(): string {
    return `http://ide-proxy.localhost:${this.port}`;
  }
  notebook(port: number): string {
    return `http://dev-01-${port}.ide-proxy.localhost:${this.port}`;
  }

  async start(): Promise<void> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    this.school = `http://school.localhost:${this.port}`;
  }
  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  readyAnswer(port = 6001): object {
    const ticket = `ticket-${++this.#made}`;
    this.#tickets.add(ticket);
    const url = `${this.notebook(port)}/notebooks/lesson.ipynb?mode=lesson`;
    return { id: ID, url, server: "dev-01", port, ticket, expiresAt: "2030-01-01T00:00:00.000Z" };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = request.headers.host ?? "";
    if (name.startsWith("school.")) return this.#answerSchool(response);
    if (name.startsWith("ide-proxy.")) return this.#answerAllocator(request, response);
    return this.#answerNotebook(request, response);
  }

  #answerSchool(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/html", "content-security-policy": securityPolicy(this.api) });
    response.end(`<!doctype html><html lang="en"><meta charset="utf-8"><title>school</title>
      <script type="module" src="${this.api}/embed.js"></script><hallpass-notebook ${this.attributes}></hallpass-notebook>`);
  }

  async #answerAllocator(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    if (headers.origin !== this.school) this.faults.push(`${method} ${path} from ${headers.origin}`);
    response.setHeader("access-control-allow-origin", this.school);
    response.setHeader("access-control-expose-headers", "Location, Retry-After");
    if (path === "/embed.js") {
      response.writeHead(200, { "content-type": "text/javascript" }).end(this.#script);
    } else if (method === "OPTIONS") {
      const allowed = { "access-control-allow-headers": "authorization, content-type" };
      response.writeHead(204, { ...allowed, "access-control-allow-methods": "GET, POST" }).end();
    } else await this.#answerQuestion(request, response);
  }

  async #answerQuestion(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    const token = headers.authorization?.replace(/^Bearer /, "") ?? "";
    const question: Question = { method, path, token, atMs: performance.now(), isAborted: false };
    this.questions.push(question);
    response.on("close", () => {
      question.isAborted = !response.writableFinished;
    });
    const body = await readBody(request);
    const expected = method === "POST" ? "/v1/notebooks" : `/v1/notebooks/${ID}`;
    if (path !== expected) this.faults.push(`${method} ${path}`);
    if (method === "POST" && body !== '{"page":"/notebooks/lesson.ipynb"}') this.faults.push(`body ${body}`);
    if (headers.cookie !== undefined) this.faults.push("a cookie came to the allocator");
    const next = this.line.shift() ?? ((to) => sendJson(to, 200, this.readyAnswer()));
    await next(response, this);
  }

  async #answerNotebook(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "", headers } = request;
    response.setHeader("content-type", "text/html");
    if (path.includes("ticket")) this.faults.push(`a ticket in an address: ${path}`);
    if (path === "/.hallpass/enter") return this.#enter(method, await readBody(request), headers.origin, response);
    if (path === "/tells-the-top") {
      response.end(`<script>top.postMessage({ type: "hallpass", status: 410, reason: "ended" }, "*");</script>`);
      return;
    }
    const hasPass = headers.cookie?.includes("pass=good") === true;
    if (!hasPass) response.writeHead(401).end(PROXY_PAGE(401, "no-pass"));
    else response.end("<!doctype html><title>notebook</title><h1>A real notebook</h1><textarea></textarea>");
  }

  #enter(method: string, body: string, origin: string | undefined, response: ServerResponse): void {
    const fields = new URLSearchParams(body);
    const ticket = fields.get("ticket") ?? "";
    const next = fields.get("next") ?? "";
    if (method !== "POST" || [...fields.keys()].join() !== "ticket,next") this.faults.push(`${method} enter: ${body}`);
    if (origin !== this.school) this.faults.push(`entered from ${origin}`);
    if (!this.#tickets.delete(ticket)) this.faults.push(`ticket "${ticket}" is unknown or used`);
    this.entries.push({ next, ticket, cookie: !this.refusesPass });
    const cookie = "pass=good; Path=/; Secure; HttpOnly; SameSite=None; Partitioned";
    response.writeHead(303, { location: next, ...(this.refusesPass ? {} : { "set-cookie": cookie }) }).end();
  }
}

export function sendJson(response: ServerResponse, status: number, value: unknown, headers: object = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}
