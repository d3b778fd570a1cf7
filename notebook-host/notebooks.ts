/**
 * Which student has which notebook on this host: the core of the allocator.
 *
 *   take("ada's hash")  →  the notebook that she has, or a new one, which starts meanwhile
 *
 * The runtime (Docker's labels, a process's record) is the state; what is held here is a picture of
 * it that every beat mends. So an allocator that is killed at any moment and started again loses no
 * notebook, leaks none, and gives no student two.
 */
import { randomInt } from "node:crypto";
import { findKey, type Hmac, type KeyRing } from "../fleet/keys.ts";
import { Lanes } from "./lanes.ts";
import { Notebook } from "./notebook.ts";
import { newNotebookId } from "./notebook-id.ts";
import { choosePort } from "./port-chooser.ts";
import { endedMeanwhile, failedToStart, noRoom, type Problem } from "./problem.ts";
import type { FoundNotebook, NotebookRecord, Runtime } from "./runtime.ts";
import { type StartFault, startNotebook } from "./startup.ts";
import type { StudentHash } from "./student.ts";

export interface Room {
  readonly capacity: number;
  readonly reserved: number;
  readonly free: number;
}

export interface NotebooksOptions {
  readonly address: string;
  readonly ports: { readonly first: number; readonly last: number };
  readonly capacity: number;
  readonly keys: KeyRing;
  readonly hmac: Hmac;
  readonly runtime: Runtime;
  readonly defaultImage: string | undefined;
  readonly startTimeoutMs: number;
  readonly isCordoned: () => boolean;
  /** What went otherwise than it should, for the log and the metrics. Nothing secret. */
  readonly report: (event: NotebookEvent) => void;
}

export interface NotebookEvent {
  readonly what: "made" | "adopted" | "ready" | "ended" | "died" | "stray" | "not removed" | StartFault["reason"];
  readonly id: string;
  readonly port?: number;
  readonly detail?: string;
}

/** How long an ended notebook's id is remembered, so that a late look at the runtime does not adopt it. */
const REMEMBER_ENDED_MS = 3_600_000;

export class Notebooks {
  readonly #options: NotebooksOptions;
  readonly #lanes = new Lanes();
  readonly #byStudent = new Map<StudentHash, Notebook>();
  readonly #byId = new Map<string, Notebook>();
  readonly #portEndedAt = new Map<number, number>();
  readonly #endedIds = new Map<string, number>();
  readonly #firstPort: number;

  constructor(options: NotebooksOptions) {
    this.#options = options;
    this.#firstPort = randomInt(options.ports.first, options.ports.last + 1);
  }

  get room(): Room {
    const { capacity } = this.#options;
    const reserved = this.#byId.size;
    return { capacity, reserved, free: Math.max(0, capacity - reserved) };
  }

  get isCordoned(): boolean {
    return this.#options.isCordoned();
  }

  /** The student's notebook, when this host holds one. */
  find(student: StudentHash): Notebook | undefined {
    const held = this.#byStudent.get(student);
    return held?.state === "over" ? undefined : held;
  }

  /** Whether this notebook has this port: the proxy asks before it lets an old pass in, since ports are used again. */
  holds(id: string, port: number): boolean {
    const held = this.#byId.get(id);
    return held?.port === port && held.state !== "over";
  }

  /** The student's notebook by its id, when it is held and still runs; somebody else's is none. */
  async findRunning(student: StudentHash, id: string): Promise<Notebook | undefined> {
    const held = this.find(student);
    if (held?.id !== id) return undefined;
    if (await this.#isAlive(held)) return held;
    await this.#lanes.run(student, () => this.#discardDead(held));
    return undefined;
  }

  /**
   * The student's notebook: the one there is, or a new one, reserved at once and started meanwhile.
   * Throws a 503 problem when there is no room, or when a dead one cannot be removed.
   */
  take(student: StudentHash, image?: string): Promise<{ notebook: Notebook; isNew: boolean }> {
    return this.#lanes.run(student, async () => {
      const held = this.#byStudent.get(student);
      if (held !== undefined) {
        if (await this.#isAlive(held)) return { notebook: held, isNew: false };
        await this.#discardDead(held);
      }
      return { notebook: this.#reserve(student, image), isNew: true };
    });
  }

  /** Ends the student's notebook; false when there is none of this id. */
  end(student: StudentHash, id: string): Promise<boolean> {
    return this.#lanes.run(student, async () => {
      const held = this.find(student);
      if (held?.id !== id) return false;
      await this.#remove(held, endedMeanwhile());
      this.#report("ended", held);
      return true;
    });
  }

  /** Looks at the runtime and mends: adopts what is not known, removes what is dead, leaked or there twice. */
  async beat(): Promise<void> {
    const found = await this.#options.runtime.list();
    const work: Promise<unknown>[] = [];
    // Of two for one student, the one that runs is kept.
    for (const one of found.toSorted((a, b) => rank(a) - rank(b)))
      if (!this.#byId.has(one.id)) work.push(this.#adopt(one));
    const running = new Set(found.filter((one) => one.status === "running").map((one) => one.id));
    for (const held of this.#byId.values())
      if (held.state === "over" || (held.state === "ready" && !running.has(held.id)))
        work.push(this.#lanes.run(held.student, () => this.#mend(held)));
    await Promise.allSettled(work);
    const old = Date.now() - REMEMBER_ENDED_MS;
    for (const [id, endedAt] of this.#endedIds) if (endedAt < old) this.#endedIds.delete(id);
  }

  /** Resolves when nothing that is held now is being started or removed. */
  async quiet(): Promise<void> {
    await Promise.allSettled([...this.#byId.values()].map((held) => held.removal ?? held.startup));
  }

  #reserve(student: StudentHash, image: string | undefined): Notebook {
    const port = this.#freePort();
    if (this.isCordoned || this.room.free === 0 || port === undefined) throw noRoom();
    const key = this.#options.keys[0];
    if (key === undefined) throw new Error("the key ring is empty");
    const record = { id: newNotebookId(), student, port, image: image ?? this.#options.defaultImage };
    const notebook = new Notebook(record, key, this.#options.hmac);
    this.#hold(notebook);
    this.#report("made", notebook);
    this.#launch(notebook, false);
    return notebook;
  }

  async #adopt(found: FoundNotebook): Promise<void> {
    const key = findKey(this.#options.keys, found.keyNumber);
    const isWanted =
      found.status !== "ended" &&
      key !== undefined &&
      !this.#endedIds.has(found.id) &&
      !this.#byStudent.has(found.student);
    if (!isWanted) {
      this.#options.report({ what: "stray", id: found.id, port: found.port, detail: found.status });
      return this.#removeStray(found);
    }
    const notebook = new Notebook(found, key, this.#options.hmac);
    this.#hold(notebook);
    this.#report("adopted", notebook);
    this.#launch(notebook, found.status === "running");
  }

  #hold(notebook: Notebook): void {
    this.#byStudent.set(notebook.student, notebook);
    this.#byId.set(notebook.id, notebook);
  }

  #launch(notebook: Notebook, isStarted: boolean): void {
    const startup = startNotebook(notebook, isStarted, {
      runtime: this.#options.runtime,
      address: this.#options.address,
      timeoutMs: this.#options.startTimeoutMs,
      nextPort: () => this.#freePort(),
    });
    notebook.startup = startup;
    void startup.then((fault) => {
      if (fault === undefined) return this.#report("ready", notebook);
      if (fault.reason === "aborted") return undefined;
      this.#report(fault.reason, notebook, fault.detail);
      return this.#remove(notebook, failedToStart(fault.message)).catch(() => undefined);
    });
  }

  #freePort(): number | undefined {
    const busy = new Set([...this.#byId.values()].map((held) => held.port));
    const port = choosePort({ ...this.#options.ports, busy, endedAt: this.#portEndedAt, start: this.#firstPort });
    // Used from now on: when it turns out to be somebody else's, the next one asked for is another.
    if (port !== undefined) this.#portEndedAt.set(port, performance.now());
    return port;
  }

  /** Docker or the file system failing to answer is no proof that a notebook is dead. */
  async #isAlive(held: Notebook): Promise<boolean> {
    if (held.state !== "ready") return held.state === "starting";
    return this.#options.runtime.isRunning(held.id).catch(() => true);
  }

  async #discardDead(held: Notebook): Promise<void> {
    if (held.state !== "over") this.#report("died", held);
    if (this.#byId.has(held.id)) await this.#remove(held, endedMeanwhile());
  }

  async #mend(held: Notebook): Promise<void> {
    if (this.#byId.get(held.id) === held && !(await this.#isAlive(held))) await this.#discardDead(held);
  }

  /** Removes it once, whoever asks; its place is free only when it is gone. A failure is tried again at the next beat. */
  #remove(held: Notebook, problem: Problem): Promise<void> {
    held.becomeOver(problem);
    held.removal ??= held.startup
      .then(() => this.#options.runtime.remove(held.id))
      .then(() => this.#forget(held))
      .catch((error: unknown) => {
        held.removal = undefined;
        this.#report("not removed", held, String(error));
        throw noRoom();
      });
    return held.removal;
  }

  #forget(held: Notebook): void {
    this.#byId.delete(held.id);
    if (this.#byStudent.get(held.student) === held) this.#byStudent.delete(held.student);
    this.#portEndedAt.set(held.port, performance.now());
    this.#endedIds.set(held.id, Date.now());
  }

  async #removeStray(stray: NotebookRecord): Promise<void> {
    this.#endedIds.set(stray.id, Date.now());
    this.#portEndedAt.set(stray.port, performance.now());
    await this.#options.runtime.remove(stray.id);
  }

  #report(what: NotebookEvent["what"], notebook: Notebook, detail?: string): void {
    const event = { what, id: notebook.id, port: notebook.port };
    this.#options.report(detail === undefined ? event : { ...event, detail });
  }
}

const rank = (found: FoundNotebook) => ["running", "created", "ended"].indexOf(found.status);
