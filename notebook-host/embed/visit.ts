/**
 * One visit: from asking for a notebook until it stands in the frame, and what mends it there.
 *
 *   ask ─► (starting, waiting) ─► enter ─► ready ─► a message from the notebook ─► ask again, or stop
 *
 * Decisions come from decision.ts; this file only does them, one after the other, until it is aborted.
 */
import type { Notebook } from "./answer.ts";
import { noTries, parseMessage, planMending, planNext, type Step, type Tries } from "./decision.ts";
import { pause, untilVisible } from "./pause.ts";
import { ask } from "./request.ts";
import type { View } from "./view.ts";
import { type Say, words } from "./words.ts";

/** What the visit needs of the element around it. */
export interface Host {
  readonly view: View;
  readonly api: string;
  readonly token: () => string;
  readonly page: () => string | undefined;
  readonly needToken: () => void;
  readonly onSay: (say: Say) => void;
  /** The browser tab that takes the ticket instead of the frame. */
  readonly tab: string | undefined;
}

/** A page that has not loaded by then is shown as it is: the student sees more in it than in our words. */
const LOAD_MS = 30_000;

export class Visit {
  readonly #host: Host;
  #abort = new AbortController();
  #tries: Tries = noTries;
  #mendedMs: number[] = [];
  #origin: string | undefined;
  #needsToken = false;

  constructor(host: Host) {
    this.#host = host;
  }

  start(): void {
    this.#say(words.asking);
    this.#do({ do: "ask", id: undefined, afterMs: 0, say: undefined });
  }

  stop(): void {
    this.#abort.abort();
  }

  /** The page has given a token. One that nobody waits for is used when the next question is asked. */
  tokenChanged(): void {
    if (!this.#needsToken) return;
    this.#say(words.asking);
    this.#do({ do: "ask", id: undefined, afterMs: 0, say: undefined });
  }

  /** Believes the page in the frame only, and only while that is the notebook's. */
  hear(event: MessageEvent): void {
    if (event.origin !== this.#origin || !this.#host.view.isFrame(event.source)) return;
    const message = parseMessage(event.data);
    const step = message && planMending(message, this.#mendedMs, Date.now(), Math.random());
    if (step === undefined) return;
    this.#origin = undefined;
    if (step.do === "ask") this.#mendedMs.push(Date.now());
    this.#do(step);
  }

  #say(say: Say): void {
    this.#host.view.show(say);
    this.#host.onSay(say);
  }

  /** Ends what was going on, and takes another step. */
  #do(step: Step): void {
    this.#abort.abort();
    this.#abort = new AbortController();
    this.#needsToken = false;
    const { signal } = this.#abort;
    this.#run(step, signal).catch((error: unknown) => {
      if (signal.aborted) return;
      this.#say(words.refused);
      throw error;
    });
  }

  async #run(first: Step, signal: AbortSignal): Promise<void> {
    for (let step = first; ; ) {
      if (step.do === "enter") return this.#enter(step.notebook, signal);
      if (step.say !== undefined) this.#say(step.say);
      if (step.do !== "ask") this.#needsToken = step.say.state === "signed-out";
      if (step.do === "ask-token") return this.#host.needToken();
      if (step.do === "stop") return;
      await this.#wait(step.afterMs, step.say?.state === "waiting", signal);
      step = await this.#ask(step.id, signal);
    }
  }

  async #wait(ms: number, isShown: boolean, signal: AbortSignal): Promise<void> {
    if (ms === 0) return;
    await pause(ms, signal, (seconds, isFirst) => isShown && this.#host.view.showWait(seconds, isFirst));
    await untilVisible(signal);
  }

  async #ask(id: string | undefined, signal: AbortSignal): Promise<Step> {
    const { api, view } = this.#host;
    const token = this.#host.token();
    if (token === "") return { do: "ask-token", say: words.tokenNeeded };
    const answer = await ask({ api, token, page: this.#host.page(), id, signal, onProgress: view.showProgress });
    const plan = planNext(answer, this.#tries, id, Math.random());
    this.#tries = plan.tries;
    return plan.step;
  }

  #enter(notebook: Notebook, signal: AbortSignal): void {
    const { view, tab } = this.#host;
    if (tab !== undefined) {
      view.enterTab(notebook, tab);
      this.#say(words.elsewhere);
      return;
    }
    this.#origin = notebook.origin;
    let isShown = false;
    const show = () => {
      if (!isShown && !signal.aborted) this.#say(words.ready);
      isShown = true;
    };
    view.enter(notebook, show);
    this.#say(words.opening);
    pause(LOAD_MS, signal).then(show, () => {});
  }
}
