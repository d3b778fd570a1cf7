/**
 * Everything that a student reads, in one place.
 *
 * Each entry is one state of the element: what has happened, what it means, what happens next or what
 * to press. The text of a problem that the allocator sends stands below ours, as `detail`.
 */

/** What the element is doing; also the detail of its `hallpass-state` event. */
export type State =
  | "starting"
  | "opening"
  | "ready"
  | "waiting"
  | "signed-out"
  | "ended"
  | "blocked"
  | "elsewhere"
  | "failed";

/** `restart` asks for the notebook anew; `open-tab` opens it in a browser tab of its own. */
export type Action = "restart" | "open-tab";

export interface Say {
  readonly state: State;
  readonly title: string;
  readonly text: string;
  /** What the allocator says about it, in its own words. */
  readonly detail?: string;
  readonly buttons?: readonly { readonly label: string; readonly action: Action }[];
}

const tryAgain = { label: "Try again", action: "restart" } as const;
const startAgain = { label: "Start again", action: "restart" } as const;
const openTab = { label: "Open in a new tab", action: "open-tab" } as const;

export const words = {
  frameTitle: "Your notebook",
  asking: { state: "starting", title: "Starting your notebook", text: "Asking for a place for it." },
  opening: { state: "opening", title: "Opening your notebook", text: "It is ready; the page is on its way." },
  ready: { state: "ready", title: "Your notebook is open", text: "" },
  mending: { state: "opening", title: "Opening your notebook again", text: "Its pass had run out. Your work is kept." },
  noRoom: {
    state: "waiting",
    title: "No free place yet",
    text: "All notebooks are in use. You keep your turn: this page asks again by itself.",
    buttons: [{ label: "Ask now", action: "restart" }],
  },
  noRoomAtAll: {
    state: "failed",
    title: "No free place",
    text: "This page has asked many times. Tell your teacher, or try again later.",
    buttons: [tryAgain],
  },
  noNetwork: {
    state: "waiting",
    title: "No connection",
    text: "The notebooks cannot be reached. This page tries again by itself.",
    buttons: [tryAgain],
  },
  stillNoNetwork: {
    state: "failed",
    title: "No connection",
    text: "The notebooks cannot be reached. Check that you are online, then try again.",
    buttons: [tryAgain],
  },
  trouble: {
    state: "waiting",
    title: "That did not work",
    text: "The notebooks answered with an error. This page tries again by itself.",
    buttons: [tryAgain],
  },
  refused: {
    state: "failed",
    title: "Your notebook could not be started",
    text: "Try again. If it stays like this, show your teacher this message.",
    buttons: [tryAgain],
  },
  tooSlow: {
    state: "failed",
    title: "Your notebook takes too long to start",
    text: "It may still be starting. Try again in a minute.",
    buttons: [tryAgain],
  },
  tokenNeeded: {
    state: "signed-out",
    title: "Checking who you are",
    text: "If this does not go away in a moment, reload this page and sign in again.",
    buttons: [tryAgain],
  },
  tokenRefused: {
    state: "signed-out",
    title: "You are signed out",
    text: "Your sign-in is not accepted any more. Reload this page and sign in again.",
    buttons: [tryAgain],
  },
  ended: {
    state: "ended",
    title: "Your notebook has ended",
    text: "Notebooks end when nobody uses them for a while. Your files are kept.",
    buttons: [startAgain],
  },
  machineDown: {
    state: "waiting",
    title: "Your notebook does not answer",
    text: "Its machine may be busy or restarting. This page tries again by itself.",
    buttons: [tryAgain],
  },
  machineStaysDown: {
    state: "failed",
    title: "Your notebook does not answer",
    text: "Its machine may be down. Try again in a minute, or tell your teacher.",
    buttons: [tryAgain],
  },
  blocked: {
    state: "blocked",
    title: "Your browser keeps the notebook out of this page",
    text: "It does not keep the notebook's cookie here. In a tab of its own the notebook works.",
    buttons: [openTab, tryAgain],
  },
  elsewhere: {
    state: "elsewhere",
    title: "Your notebook is in another tab",
    text: "If no tab has opened, allow pop-ups for this page and try again.",
    buttons: [openTab, { label: "Open it here", action: "restart" }],
  },
  badApi: {
    state: "failed",
    title: "This page is not set up right",
    text: 'The "api" of <hallpass-notebook> must be an https address, as in "https://ide-proxy.example.org". Tell your teacher.',
  },
} as const satisfies Record<string, string | Say>;

/** The line under the text while the element waits before it asks again. */
export function countdown(seconds: number): string {
  return seconds > 0 ? `Next try in ${seconds} s` : "Trying now";
}

/** Said once to a screen reader, which does not read the running countdown. */
export function countdownAloud(seconds: number): string {
  return `Next try in about ${seconds} seconds.`;
}
