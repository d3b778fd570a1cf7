/**
 * A runtime that is strict and unkind: notebooks are tiny HTTP servers, which answer late, not at all,
 * or end by themselves, as the test says; and what no runtime may be asked to do is an error.
 */
import { createServer, type Server } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { type FoundNotebook, type NotebookSpec, PortTaken, type Runtime } from "../../notebook-host/runtime.ts";

export interface Unkindness {
  /** Before anything happens in `start`. */
  startDelayMs: number;
  /** After the start, until it answers. */
  answerDelayMs: number;
  removeDelayMs: number;
  /** Thrown by the next calls, one each. */
  startErrors: Error[];
  removeErrors: Error[];
  listErrors: Error[];
  /** Ends by itself before it answers. */
  endsEarly: boolean;
  takenPorts: Set<number>;
}

interface Running {
  spec: NotebookSpec;
  status: FoundNotebook["status"];
  server: Server | undefined;
}

export class FakeRuntime implements Runtime {
  readonly unkind: Unkindness = {
    startDelayMs: 0,
    answerDelayMs: 0,
    removeDelayMs: 0,
    startErrors: [],
    removeErrors: [],
    listErrors: [],
    endsEarly: false,
    takenPorts: new Set(),
  };
  readonly all = new Map<string, Running>();
  readonly homes = new Set<string>();
  starts = 0;
  /** The most that one student ever had at once. */
  mostOfOneStudent = 0;
  readonly #address: string;

  constructor(address: string) {
    this.#address = address;
  }

  async list(): Promise<FoundNotebook[]> {
    const error = this.unkind.listErrors.shift();
    if (error !== undefined) throw error;
    return [...this.all.values()].map(({ spec, status }) => {
      const { id, student, port, keyNumber, image } = spec;
      return { id, student, port, keyNumber, image, status };
    });
  }

  async start(spec: NotebookSpec): Promise<void> {
    this.starts++;
    if (this.all.get(spec.id)?.status === "running") throw new Error(`${spec.id} is started twice`);
    this.all.set(spec.id, { spec, status: "created", server: undefined });
    this.homes.add(spec.student);
    const ofStudent = [...this.all.values()].filter(
      (one) => one.spec.student === spec.student && one.status !== "ended",
    );
    this.mostOfOneStudent = Math.max(this.mostOfOneStudent, ofStudent.length);
    await sleep(this.unkind.startDelayMs);
    const error = this.unkind.startErrors.shift();
    if (error !== undefined) throw error;
    if (this.unkind.takenPorts.has(spec.port)) {
      this.all.delete(spec.id);
      throw new PortTaken(`${spec.port} is taken`);
    }
    await this.#run(spec);
  }

  async isRunning(id: string): Promise<boolean> {
    return this.all.get(id)?.status === "running";
  }

  async remove(id: string): Promise<void> {
    await sleep(this.unkind.removeDelayMs);
    const error = this.unkind.removeErrors.shift();
    if (error !== undefined) throw error;
    this.die(id);
    this.all.delete(id);
  }

  async hasHome(student: string): Promise<boolean> {
    return this.homes.has(student);
  }

  async readOutput(id: string): Promise<string> {
    return `the last words of ${id} with ${this.all.get(id)?.spec.token}`;
  }

  /** Ends by itself, as Jupyter does when it is idle. */
  die(id: string): void {
    const running = this.all.get(id);
    if (running === undefined) return;
    running.status = "ended";
    running.server?.close();
    running.server?.closeAllConnections();
  }

  /** One that is there before the allocator is. */
  async plant(spec: NotebookSpec, status: FoundNotebook["status"]): Promise<void> {
    this.all.set(spec.id, { spec, status, server: undefined });
    if (status === "running") await this.#run(spec);
  }

  close(): void {
    for (const id of this.all.keys()) this.die(id);
  }

  async #run(spec: NotebookSpec): Promise<void> {
    const answersFrom = Date.now() + this.unkind.answerDelayMs;
    const server = createServer((request, response) => {
      const isOurs = request.headers.authorization === `token ${spec.token}` && request.url === "/api/me";
      const status = isOurs ? 200 : 403;
      response.writeHead(Date.now() < answersFrom ? 503 : status).end();
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(spec.port, this.#address, () => resolve());
    });
    this.all.set(spec.id, { spec, status: "running", server });
    if (this.unkind.endsEarly) this.die(spec.id);
  }
}
