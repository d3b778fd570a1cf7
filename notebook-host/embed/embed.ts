/**
 * embed.js: a student's notebook in the school's page.
 *
 *   <script type="module" src="https://ide-proxy.example.org/embed.js"></script>
 *   <hallpass-notebook token="<JWT>" page="/notebooks/lesson.ipynb"></hallpass-notebook>
 *
 *   api     where the allocators answer; by default where this script came from
 *   token   the school's JWT for this student; a new one may be set at any time
 *   page    what to open in the notebook
 *
 * Events, both bubbling: `hallpass-state` with detail { state }, and `hallpass-token-needed`, which the
 * page answers by setting `token`. Method: restart(). The surprise: it posts its ticket by a form, so the
 * page's Content-Security-Policy needs the notebooks' names in form-action as well as in frame-src.
 */
import { parseApi } from "./answer.ts";
import { createView, type View } from "./view.ts";
import { Visit } from "./visit.ts";
import { type Action, type Say, words } from "./words.ts";

export class HallpassNotebook extends HTMLElement {
  static observedAttributes = ["api", "token", "page"];
  readonly #view: View;
  #visit: Visit | undefined;
  #said: Say | undefined;
  readonly #hear = (event: MessageEvent) => this.#visit?.hear(event);
  readonly #online = () => this.#said === words.stillNoNetwork && this.restart();

  constructor() {
    super();
    this.#view = createView(this.attachShadow({ mode: "open" }), (action) => this.#act(action));
  }

  connectedCallback(): void {
    window.addEventListener("message", this.#hear);
    window.addEventListener("online", this.#online);
    this.restart();
  }

  disconnectedCallback(): void {
    window.removeEventListener("message", this.#hear);
    window.removeEventListener("online", this.#online);
    this.#visit?.stop();
    this.#visit = undefined;
    this.#said = undefined;
    this.#view.removeFrame();
  }

  attributeChangedCallback(name: string, before: string | null, after: string | null): void {
    // Before the element is in the page, attributes are only set.
    if (this.#said === undefined) return;
    if (name === "token") this.#visit?.tokenChanged();
    else if (before !== after) this.restart();
  }

  /** Asks for the notebook anew. It does not end the one that runs: this student gets the same one. */
  restart(): void {
    this.#begin(undefined);
  }

  #begin(tab: string | undefined): void {
    if (!this.isConnected) return;
    this.#visit?.stop();
    this.#view.removeFrame();
    const api = parseApi(this.getAttribute("api") ?? new URL(import.meta.url).origin);
    this.#visit = api === undefined ? undefined : this.#visitAt(api, tab);
    if (this.#visit === undefined) this.#show(words.badApi);
    else this.#visit.start();
  }

  #visitAt(api: string, tab: string | undefined): Visit {
    return new Visit({
      view: this.#view,
      api,
      tab,
      token: () => this.getAttribute("token") ?? "",
      page: () => this.getAttribute("page") ?? undefined,
      needToken: () => this.#tell("hallpass-token-needed", {}),
      onSay: (say) => this.#note(say),
    });
  }

  #show(say: Say): void {
    this.#view.show(say);
    this.#note(say);
  }

  #note(say: Say): void {
    const isNew = say.state !== this.#said?.state;
    this.#said = say;
    if (isNew) this.#tell("hallpass-state", { state: say.state });
  }

  #tell(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  #act(action: Action): void {
    this.#begin(action === "open-tab" ? openTab() : undefined);
  }
}

/**
 * The name of a new browser tab, for the ticket. Opened before there is a ticket, since browsers open tabs
 * only on a click; without an opener, so that the notebook cannot lead the school's page elsewhere.
 */
function openTab(): string {
  const name = `hallpass-tab-${Math.random().toString(36).slice(2)}`;
  const tab = window.open("about:blank", name);
  if (tab !== null) tab.opener = null;
  return name;
}

customElements.get("hallpass-notebook") ?? customElements.define("hallpass-notebook", HallpassNotebook);
