/**
 * The other allocators of this host's region: asking them, and passing a request on to one.
 *
 *   GET  http://127.77.16.12:7001/v1/notebooks    with the student's own token
 *   POST http://127.77.16.12:7001/v1/notebooks    …and `Hallpass-Relayed: dev-01`
 *
 * They have no secret in common: an allocator may do for a student what the student's token allows.
 * A relayed request is served where it arrives. The header is believed only from a notebook host's
 * own address, so that no student can use it to get a notebook on every host; for that, requests
 * leave from the address that the fleet lists.
 */
import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from "node:http";
import { json } from "node:stream/consumers";
import { type Fleet, hostsOf } from "../fleet/fleet.ts";
import { type HostView, hostViewSchema } from "./answers.ts";

export const RELAYED = "hallpass-relayed";

/** A student waits for it. A host that is slower than this is overloaded, or gone. */
const ASK_TIMEOUT_MS = 300;
/** Answers come within about a second (202). Longer only when a dead notebook has to be removed first. */
const RELAY_TIMEOUT_MS = 15_000;

export interface RelayedRequest {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly authorization: string;
  readonly accept: string | undefined;
  /** JSON. */
  readonly body: string | undefined;
}

/** The names and addresses of a host's neighbours. The machines that are not ours are one region. */
export function findNeighbours(fleet: Fleet, host: string): Map<string, string> {
  const regions = [...fleet.regions.map(hostsOf), fleet.machines.map((machine) => machine.name)];
  const own = regions.find((hosts) => hosts.includes(host)) ?? [];
  return new Map(own.filter((other) => other !== host).map((other) => [other, fleet.addresses.get(other) ?? ""]));
}

export class Neighbours {
  readonly #addresses: ReadonlyMap<string, string>;
  readonly #host: string;
  readonly #address: string;
  readonly #port: number;
  readonly #agent: Agent;

  constructor(own: { host: string; address: string; port: number }, fleet: Fleet) {
    this.#addresses = findNeighbours(fleet, own.host);
    this.#host = own.host;
    this.#address = own.address;
    this.#port = own.port;
    this.#agent = new Agent({ keepAlive: true, maxFreeSockets: 8 });
  }

  get hasAny(): boolean {
    return this.#addresses.size > 0;
  }

  /** Whether a request that says it was relayed comes from a notebook host of this region. */
  isFromNeighbour(remoteAddress: string | undefined): boolean {
    return [...this.#addresses.values()].includes(remoteAddress?.replace(/^::ffff:/, "") ?? "");
  }

  /** What each says of the student. Those that are silent, slow or talk nonsense are left out. */
  async ask(authorization: string): Promise<HostView[]> {
    const answers = [...this.#addresses.keys()].map((host) => this.#askInTime(host, authorization));
    const settled = await Promise.allSettled(answers);
    return settled.flatMap((answer) => (answer.status === "fulfilled" ? [answer.value] : []));
  }

  /** The answer's beginning; its body follows as a stream. Rejects when there is none. */
  relay(host: string, relayed: RelayedRequest): Promise<IncomingMessage> {
    return this.#send(host, relayed, { [RELAYED]: this.#host }, RELAY_TIMEOUT_MS);
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Once more when there is time: a connection kept from before may have been closed by the other side in this moment. */
  async #askInTime(host: string, authorization: string): Promise<HostView> {
    const until = performance.now() + ASK_TIMEOUT_MS;
    return this.#askOne(host, authorization, ASK_TIMEOUT_MS).catch((error: unknown) => {
      const leftMs = until - performance.now();
      if (leftMs < 20) throw error;
      return this.#askOne(host, authorization, leftMs);
    });
  }

  async #askOne(host: string, authorization: string, timeoutMs: number): Promise<HostView> {
    const question = { method: "GET", path: "/v1/notebooks", authorization, accept: "application/json" } as const;
    const answer = await this.#send(host, { ...question, body: undefined }, {}, timeoutMs);
    const view = hostViewSchema.parse(await json(answer));
    if (answer.statusCode !== 200 || view.host !== host) throw new Error(`${host} gave another's answer`);
    return view;
  }

  #send(
    host: string,
    relayed: RelayedRequest,
    more: Record<string, string>,
    timeoutMs: number,
  ): Promise<IncomingMessage> {
    const { method, path, authorization, accept, body } = relayed;
    const headers: IncomingHttpHeaders = { ...more, authorization };
    if (accept !== undefined) headers.accept = accept;
    if (body !== undefined) {
      headers["content-type"] = "application/json";
      headers["content-length"] = `${Buffer.byteLength(body)}`;
    }
    return new Promise((resolve, reject) => {
      const place = { host: this.#addresses.get(host) ?? "", port: this.#port, localAddress: this.#address };
      const outgoing = request({ ...place, method, path, headers, agent: this.#agent });
      const timer = setTimeout(() => outgoing.destroy(new Error(`${host} does not answer`)), timeoutMs);
      outgoing.once("response", (answer) => {
        // A question's answer must be whole in time; a relayed one is a stream that lasts.
        if (more[RELAYED] !== undefined) clearTimeout(timer);
        else answer.once("close", () => clearTimeout(timer));
        resolve(answer);
      });
      outgoing.once("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      outgoing.end(body);
    });
  }
}
