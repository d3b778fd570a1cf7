/**
 * The element's inside: a cover that says what happens, over a frame that holds the notebook.
 *
 * The surprises: the style sheet is a constructed one, since a page's Content-Security-Policy forbids
 * inline styles; and each entry gets a frame of its own, since a frame that is used again adds steps to
 * the page's history, and an old page in it could still send messages.
 */
import type { Notebook } from "./answer.ts";
import { style } from "./style.ts";
import { type Action, countdown, countdownAloud, type Say, type State, words } from "./words.ts";

/**
 * What the notebook may do. It runs a student's code, so it cannot lead the school's page elsewhere: no
 * allow-top-navigation. `allow-same-origin` leaves it its own origin, which is not the school's.
 * Downloads, pop-ups (JupyterLab in a tab of its own) and dialogs are what Jupyter uses.
 */
const sandbox =
  "allow-scripts allow-same-origin allow-forms allow-downloads allow-modals allow-popups allow-popups-to-escape-sandbox allow-storage-access-by-user-activation";

/**
 * Copy and paste in cells, and full screen. The origin is named: without it the permission goes to the
 * origin of `src`, which a frame that is entered by a form does not have.
 */
const allowed = ["clipboard-read", "clipboard-write", "fullscreen"];

const icon = `<svg class="sign" viewBox="0 0 40 40" aria-hidden="true"><circle class="ring track" cx="20" cy="20" r="17"/><circle class="ring arc" cx="20" cy="20" r="17"/><path class="ring mark" d="M20 11v11M20 28.5v.1"/></svg>`;

/** States in which the ring turns; for "ready" too, since it is seen while the cover fades. */
const busyStates: ReadonlySet<State> = new Set(["starting", "opening", "waiting", "ready"]);

export interface View {
  readonly show: (say: Say) => void;
  /** Words of the allocator about what is going on, under the title. */
  readonly showProgress: (text: string) => void;
  readonly showWait: (secondsLeft: number, isFirst: boolean) => void;
  /** Replaces the frame, and posts the ticket into it. */
  readonly enter: (notebook: Notebook, onLoad: () => void) => void;
  /** Posts the ticket into the browser tab of this name. */
  readonly enterTab: (notebook: Notebook, name: string) => void;
  /** Whether this message comes from the page in the frame. */
  readonly isFrame: (source: MessageEventSource | null) => boolean;
  readonly removeFrame: () => void;
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, set: Record<string, string> = {}, ...inside: Node[]) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(set)) element.setAttribute(name, value);
  element.append(...inside);
  return element;
}

let frames = 0;

export function createView(root: ShadowRoot, onAction: (action: Action) => void): View {
  const title = make("h2");
  const text = make("p");
  const detail = make("p", { class: "detail" });
  const aloud = make("span", { class: "aloud" });
  // What changes inside is read aloud; the countdown, which changes each second, is not.
  const status = make("div", { class: "status", role: "status", "aria-live": "polite" }, title, text, detail, aloud);
  const wait = make("p", { class: "countdown", "aria-hidden": "true" });
  const buttons = make("div", { class: "buttons" });
  const cover = make("div", { class: "cover", tabindex: "-1" }, status, wait, buttons);
  cover.insertAdjacentHTML("afterbegin", icon);
  addStyle(root);
  root.append(cover);
  let frame: HTMLIFrameElement | undefined;

  const removeFrame = () => {
    frame?.remove();
    frame = undefined;
  };
  const post = (notebook: Notebook, target: string) => {
    const form = ticketForm(notebook, target);
    root.append(form);
    form.submit();
    form.remove();
  };

  return {
    show(say) {
      const hadFocus = cover.contains(root.activeElement);
      cover.setAttribute("data-state", say.state);
      cover.className = `cover ${busyStates.has(say.state) ? "busy" : "still"}`;
      title.textContent = say.title;
      text.textContent = say.text;
      detail.textContent = say.detail ?? "";
      wait.textContent = "";
      aloud.textContent = "";
      buttons.replaceChildren(...(say.buttons ?? []).map((button) => makeButton(button, onAction)));
      if (frame !== undefined) frame.inert = say.state !== "ready";
      // The button that was pressed is gone: without this, the keyboard is back at the top of the page.
      if (hadFocus) (say.state === "ready" && frame !== undefined ? frame : cover).focus();
    },
    showProgress(words) {
      if (words !== "") text.textContent = words;
    },
    showWait(secondsLeft, isFirst) {
      wait.textContent = countdown(secondsLeft);
      if (isFirst) aloud.textContent = countdownAloud(secondsLeft);
    },
    enter(notebook, onLoad) {
      removeFrame();
      frame = makeFrame(notebook);
      cover.before(frame);
      frame.addEventListener("load", onLoad);
      post(notebook, frame.name);
    },
    enterTab: post,
    isFrame: (source) => source !== null && source === frame?.contentWindow,
    removeFrame,
  };
}

function addStyle(root: ShadowRoot): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
}

function makeButton({ label, action }: { label: string; action: Action }, onAction: (action: Action) => void) {
  const button = make("button", { type: "button" }, new Text(label));
  button.addEventListener("click", () => onAction(action));
  return button;
}

function makeFrame({ origin }: Notebook): HTMLIFrameElement {
  return make("iframe", {
    class: "frame",
    name: `hallpass-${++frames}-${Math.random().toString(36).slice(2)}`,
    title: words.frameTitle,
    sandbox,
    allow: allowed.map((feature) => `${feature} ${origin}`).join("; "),
  });
}

/** A form, so that the ticket is in no URL, no history and no Referer. */
function ticketForm({ origin, ticket, next }: Notebook, target: string): HTMLFormElement {
  const hidden = (name: string, value: string) => make("input", { type: "hidden", name, value });
  const inside = [hidden("ticket", ticket), hidden("next", next)];
  return make("form", { method: "post", action: `${origin}/.hallpass/enter`, target, hidden: "" }, ...inside);
}
