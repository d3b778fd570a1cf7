/** What start-notebook is given that it must refuse, and a word of the reason that it gives. */
export const refused: [name: string, value: string, reason: string][] = [
  ["JUPYTER_TOKEN", "", "JUPYTER_TOKEN is not set"],
  ["NOTEBOOK_PORT", "eight", 'NOTEBOOK_PORT is "eight", but must be a whole number from 0 to 65535'],
  ["NOTEBOOK_PORT", "65536", 'NOTEBOOK_PORT is "65536"'],
  ["NOTEBOOK_PORT", "-1", 'NOTEBOOK_PORT is "-1"'],
  ["NOTEBOOK_PORT", "²", 'NOTEBOOK_PORT is "²"'],
  ["NOTEBOOK_KERNEL_IDLE_SECONDS", "1h", 'NOTEBOOK_KERNEL_IDLE_SECONDS is "1h"'],
  ["NOTEBOOK_SERVER_IDLE_SECONDS", "0.5", 'NOTEBOOK_SERVER_IDLE_SECONDS is "0.5"'],
];

/** What asks for the notebook, and with what; the answer that it must get. */
export const admissions: [who: string, path: string, headers: Record<string, string>, status: number][] = [
  ["the proxy, with the notebook's token", "/api/me", { authorization: "token a-token-of-the-tests" }, 200],
  ["nobody, with no token", "/api/me", {}, 403],
  ["somebody with another notebook's token", "/api/me", { authorization: "token another" }, 403],
  ["somebody with an empty token", "/api/me", { authorization: "token " }, 403],
  ["somebody with the token's beginning", "/api/me", { authorization: "token a-token" }, 403],
  ["nobody, for the lesson's page", "/notebooks/lesson.ipynb", {}, 302],
  ["nobody, for the lesson's content", "/api/contents/lesson.ipynb", {}, 403],
  ["the image's health check, which has no token", "/api", {}, 200],
];

/** Addresses and how a browser may keep what they answer. */
export const caching: [what: string, path: string, cacheControl: string][] = [
  ["JupyterLab's code", "/static/lab/{main.*.js}", "public, max-age=31536000, immutable"],
  ["Notebook's code", "/static/notebook/{main.*.js}", "public, max-age=31536000, immutable"],
  [
    "what puts JupyterLab's button into Notebook",
    "/lab/extensions/@jupyter-notebook/lab-extension/static/{remoteEntry.*.js}",
    "public, max-age=31536000, immutable",
  ],
  ["our own scripts", "/static/hallpass/storage.js?v=1", "public, max-age=31536000, immutable"],
];
