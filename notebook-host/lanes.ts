/**
 * One thing at a time for each key, in the order of asking; different keys do not wait for each other.
 *
 * So two tabs of one student make one notebook, while a class of students starts side by side.
 */
export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs the job when every earlier one of this key is over, well or badly. Gives what the job gives. */
  async run<T>(key: string, job: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key) ?? Promise.resolve();
    const result = before.then(job, job);
    const tail = result.catch(() => undefined);
    this.#tails.set(key, tail);
    try {
      return await result;
    } finally {
      if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
