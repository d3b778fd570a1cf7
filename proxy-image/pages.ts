/**
 * The pages that the proxy answers by itself, in words for students.
 *
 *   410  →  "This notebook has ended" …
 *
 * Each tells the school's page, by postMessage, what it is, so that embed.js can help. Nothing of the
 * request stands in a page: no name, no path.
 */

export interface Page {
  readonly status: number;
  /** For programs: `{ type: "hallpass", status, reason }` in the message to the school's page. */
  readonly reason: string;
  readonly title: string;
  readonly text: string;
}

const BACK = "Go back to your school's page and open the notebook from there.";

export const PAGES: readonly Page[] = [
  { status: 400, reason: "malformed", title: "This is not a notebook's address", text: BACK },
  {
    status: 401,
    reason: "no-pass",
    title: "This notebook needs a pass",
    text: `${BACK} If that is where you are, your browser may be keeping the pass from this page: try another browser, or allow cookies for it.`,
  },
  { status: 403, reason: "refused", title: "This pass does not open this notebook", text: BACK },
  { status: 404, reason: "unknown", title: "There is no such notebook", text: BACK },
  {
    status: 410,
    reason: "ended",
    title: "This notebook has ended",
    text: "Your files are kept. Start it again from your school's page.",
  },
  { status: 421, reason: "elsewhere", title: "This page is not here", text: "Please check the address." },
  {
    status: 500,
    reason: "failed",
    title: "Something went wrong on our side",
    text: "Please try again in a moment. If it stays like this, tell your teacher.",
  },
  {
    status: 502,
    reason: "broken",
    title: "Your notebook did not answer properly",
    text: "Please try again in a moment. If it stays like this, start it again from your school's page.",
  },
  {
    status: 503,
    reason: "unreachable",
    title: "Your notebook cannot be reached",
    text: "It may have ended, or its machine may be down. Please try again in a moment, or start it again from your school's page.",
  },
  {
    status: 504,
    reason: "slow",
    title: "Your notebook is taking too long",
    text: "It may be busy with a long calculation. Please try again in a moment.",
  },
];

/** One page, complete in itself: it is shown when other things do not work. */
export function renderPage(page: Page): string {
  const message = JSON.stringify({ type: "hallpass", status: page.status, reason: page.reason });
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${page.title}</title>
<style>
  :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
  body { display: grid; place-content: center; min-height: 90vh; margin: 0 1.5rem; text-align: center; }
  main { max-width: 30rem; }
  h1 { font-size: 1.4rem; font-weight: 600; }
</style>
<main role="alert">
  <h1>${page.title}</h1>
  <p>${page.text}</p>
</main>
<script>if (parent !== window) parent.postMessage(${message}, "*");</script>
</html>
`;
}
