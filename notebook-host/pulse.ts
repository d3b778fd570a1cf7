/**
 * The allocator's pulse: a look at the runtime, every few seconds, one at a time.
 *
 * Healthy is who has seen the runtime lately. A host whose Docker hangs would take students' requests
 * and never answer them.
 */
import type { Log } from "./log.ts";

/** One missed beat is a busy machine, three are a fault. */
const MISSED_BEATS = 3;
/** Under load one look takes seconds. */
const GRACE_MS = 10_000;

export class Pulse {
  readonly #beat: () => Promise<void>;
  readonly #everyMs: number;
  readonly #log: Log;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(beat: () => Promise<void>, everyMs: number, log: Log) {
    this.#beat = beat;
    this.#everyMs = everyMs;
    this.#log = log;
  }

  get isHealthy(): boolean {
    return performance.now() - this.#lastMs < this.#everyMs * MISSED_BEATS + GRACE_MS;
  }

  /** Resolves after the first beat, and rejects when that fails: there is nothing to serve then. */
  async start(): Promise<void> {
    await this.#beat();
    this.#lastMs = performance.now();
    this.#plan();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #plan(): void {
    if (!this.#isStopped) this.#timer = setTimeout(() => void this.#again(), this.#everyMs);
  }

  async #again(): Promise<void> {
    try {
      await this.#beat();
      this.#lastMs = performance.now();
    } catch (err) {
      this.#log.error({ err }, "the runtime does not answer");
    }
    this.#plan();
  }
}
