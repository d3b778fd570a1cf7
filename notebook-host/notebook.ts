/**
 * One notebook, from its reservation to its end, as the allocator knows it.
 *
 *   starting ──► ready ──► over
 *       └────────────────────▲
 *
 * It counts against the host's room from the moment of its reservation, before anything runs.
 */
import { type Hmac, type Key, notebookToken } from "../fleet/keys.ts";
import { endedMeanwhile, type Problem } from "./problem.ts";
import type { NotebookRecord, NotebookSpec } from "./runtime.ts";
import type { StudentHash } from "./student.ts";

export type NotebookState = "starting" | "ready" | "over";

export interface Progress {
  readonly state: NotebookState;
  /** For the student. */
  readonly message: string;
}

export class Notebook {
  readonly id: string;
  readonly student: StudentHash;
  readonly key: Key;
  readonly token: string;
  readonly image: string | undefined;
  /** Changes while it starts, when something that is not ours has the port. */
  port: number;
  /** The page that was asked for last; "/" leads to the lesson. */
  page = "/";
  /** Resolves when nothing starts it any more; never rejects. */
  startup: Promise<unknown> = Promise.resolve();
  removal: Promise<void> | undefined;

  readonly #listeners = new Set<() => void>();
  readonly #abort = new AbortController();
  #progress: Progress = { state: "starting", message: "Starting your notebook…" };
  #problem: Problem | undefined;

  constructor(record: Omit<NotebookRecord, "keyNumber">, key: Key, hmac: Hmac) {
    this.id = record.id;
    this.student = record.student;
    this.port = record.port;
    this.image = record.image;
    this.key = key;
    this.token = notebookToken(hmac, key, record.id);
  }

  get progress(): Progress {
    return this.#progress;
  }

  get state(): NotebookState {
    return this.#progress.state;
  }

  /** Why it is over. */
  get problem(): Problem {
    return this.#problem ?? endedMeanwhile();
  }

  /** Aborted when it is over: whoever starts it stops. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get spec(): NotebookSpec {
    const { id, student, port, image, token } = this;
    return { id, student, port, keyNumber: `${this.key.number}`, image, token };
  }

  /** What a student may read while it starts. */
  say(message: string): void {
    if (this.state === "starting") this.#become({ state: "starting", message });
  }

  becomeReady(): void {
    if (this.state === "starting") this.#become({ state: "ready", message: "Your notebook is ready." });
  }

  becomeOver(problem: Problem): void {
    if (this.state === "over") return;
    this.#problem = problem;
    this.#become({ state: "over", message: problem.body.detail });
    this.#abort.abort();
  }

  /** Calls back at every change, until the answer is called. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when it no longer starts, or after `timeoutMs` at the latest. */
  async settled(timeoutMs: number): Promise<void> {
    if (this.state !== "starting") return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        stop();
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      const stop = this.listen(() => this.state !== "starting" && done());
    });
  }

  #become(progress: Progress): void {
    this.#progress = progress;
    for (const listener of [...this.#listeners]) listener();
  }
}
