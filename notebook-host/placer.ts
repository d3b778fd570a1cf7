/**
 * Finds the place of a student's notebook, in this host or at a neighbour, and takes it there.
 *
 *   place({ student: ada, … })  →  here: her notebook, or relayed: the neighbour's answer
 *
 * What is decided is in placement.ts; this asks, waits, reserves, relays, and tries the next.
 */
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { HostView } from "./answers.ts";
import { Lanes } from "./lanes.ts";
import type { Neighbours, RelayedRequest } from "./neighbours.ts";
import type { Notebook } from "./notebook.ts";
import type { Notebooks } from "./notebooks.ts";
import { planStep, type Standing } from "./placement.ts";
import { noRoom, Problem, unavailable } from "./problem.ts";
import type { Runtime } from "./runtime.ts";
import type { StudentHash } from "./student.ts";

export interface PlaceQuestion {
  readonly student: StudentHash;
  readonly image: string | undefined;
  /** The request as it goes to a neighbour. */
  readonly request: RelayedRequest;
  /** It comes from a neighbour, and is served here. */
  readonly isRelayed: boolean;
}

export type Placed =
  | { readonly where: "here"; readonly notebook: Notebook; readonly isNew: boolean }
  | { readonly where: "neighbour"; readonly answer: IncomingMessage };

export interface PlacerOptions {
  readonly host: string;
  readonly notebooks: Notebooks;
  readonly neighbours: Neighbours;
  readonly runtime: Pick<Runtime, "hasHome">;
}

/** Between two looks at a neighbour that is placing the same student. */
const WAIT_MS = 50;
/** A neighbour that places for longer than this is stuck: the student is asked to try again. */
const MAX_PLACING_MS = 20_000;

export class Placer {
  readonly #options: PlacerOptions;
  readonly #lanes = new Lanes();
  readonly #placing = new Set<StudentHash>();
  /** How many requests are on their way to a neighbour, which its own numbers do not count yet. */
  readonly #underway = new Map<string, number>();

  constructor(options: PlacerOptions) {
    this.#options = options;
  }

  /** What this host says of a student. */
  async view(student: StudentHash): Promise<HostView> {
    const { host, notebooks, runtime } = this.#options;
    const hasHome = await runtime.hasHome(student).catch(() => false);
    // Read after the wait: numbers and flags of this very moment.
    const held = notebooks.find(student);
    return {
      notebooks: held === undefined ? [] : [{ id: held.id, state: held.state, server: host, port: held.port }],
      host,
      state: notebooks.isCordoned ? "cordoned" : "available",
      room: notebooks.room,
      placing: this.#placing.has(student),
      hasHome,
    };
  }

  /** Throws a 503 problem when there is no room anywhere. */
  place(question: PlaceQuestion): Promise<Placed> {
    const { notebooks, neighbours } = this.#options;
    const { student } = question;
    if (question.isRelayed || !neighbours.hasAny) return this.#takeHere(question);
    return this.#lanes.run(student, async () => {
      try {
        if (notebooks.find(student) !== undefined) return await this.#takeHere(question);
        return await this.#placeAnywhere(question);
      } finally {
        this.#placing.delete(student);
      }
    });
  }

  /** Passes a request on to the neighbour that holds this notebook of the student; undefined when none does. */
  async relayToHolder(id: string, request: RelayedRequest): Promise<IncomingMessage | undefined> {
    const views = await this.#options.neighbours.ask(request.authorization);
    const holder = views.find((view) => view.notebooks.some((notebook) => notebook.id === id));
    if (holder === undefined) return undefined;
    return this.#options.neighbours.relay(holder.host, request).catch(() => {
      throw unavailable("Your notebook's machine does not answer at the moment. Try again.");
    });
  }

  async #takeHere(question: PlaceQuestion): Promise<Placed> {
    return { where: "here", ...(await this.#options.notebooks.take(question.student, question.image)) };
  }

  async #placeAnywhere(question: PlaceQuestion): Promise<Placed> {
    const { neighbours } = this.#options;
    const { student, request } = question;
    const refused = new Set<string>();
    const until = Date.now() + MAX_PLACING_MS;
    let standing: Standing = "asking";
    while (Date.now() < until) {
      if (standing !== "waiting") this.#placing.add(student);
      const others = await neighbours.ask(request.authorization);
      const own = await this.view(student);
      if (own.notebooks.length > 0) return this.#takeHere(question);
      const counted = others.map((view) => this.#withUnderway(view));
      const step = planStep(own, counted, standing);
      if (step.do === "ask") {
        standing = step.as;
        if (step.as === "waiting") this.#placing.delete(student);
        if (step.pauses) await sleep(WAIT_MS * (0.5 + Math.random()));
        continue;
      }
      if (step.do === "create" && step.order.every((host) => refused.has(host))) throw noRoom();
      const host = step.do === "relay" ? step.host : (step.order.find((one) => !refused.has(one)) ?? "");
      const placed = await this.#tryHost(host, question, step.do === "relay");
      if (placed !== undefined) return placed;
      if (step.do === "create") refused.add(host);
    }
    throw unavailable("Another request for your notebook is still under way. Try again.");
  }

  /** Undefined when the host did not answer or has no room after all: then all are asked again. */
  async #tryHost(host: string, question: PlaceQuestion, isHolder: boolean): Promise<Placed | undefined> {
    const { neighbours } = this.#options;
    if (host === this.#options.host) return this.#takeHere(question).catch(undefinedWhenFull);
    this.#count(host, 1);
    try {
      const answer = await neighbours.relay(host, question.request);
      if (answer.statusCode !== 503 || isHolder) return { where: "neighbour", answer };
      answer.resume();
      return undefined;
    } catch {
      return undefined;
    } finally {
      this.#count(host, -1);
    }
  }

  #withUnderway(view: HostView): HostView {
    const free = Math.max(0, view.room.free - (this.#underway.get(view.host) ?? 0));
    return { ...view, room: { ...view.room, free } };
  }

  #count(host: string, change: number): void {
    this.#underway.set(host, (this.#underway.get(host) ?? 0) + change);
  }
}

function undefinedWhenFull(error: unknown): undefined {
  if (error instanceof Problem && error.body.status === 503) return undefined;
  throw error;
}
