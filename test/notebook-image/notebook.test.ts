import { once } from "node:events";
import { readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { ensureJupyter } from "../../scripts/jupyter-venv.ts";
import { makeHome, type RunningNotebook, spawnNotebook, startNotebook } from "./running-notebook.ts";
import { admissions, caching, refused } from "./settings.cases.ts";

const IMAGE = resolve(import.meta.dirname, "../../notebook-image");

/** Starts one that is expected to end by itself; its exit code and what it has written. */
async function runToItsEnd(environment: Record<string, string>): Promise<{ code: number | null; log: string }> {
  const home = await makeHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const { child, log } = await spawnNotebook({
    HOME: home,
    JUPYTER_TOKEN: "a-token",
    NOTEBOOK_PORT: "0",
    ...environment,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, log: log() };
}

async function startInHome(prepare: (home: string) => Promise<void>): Promise<RunningNotebook> {
  const home = await makeHome();
  await prepare(home);
  const notebook = await startNotebook(home);
  onTestFinished(() => notebook.stop());
  return notebook;
}

/** The name of the one file in a folder of Jupyter's that a pattern such as "main.*.js" names. */
async function findHashed(url: string): Promise<string> {
  const share = join(await ensureJupyter(console.error), "..");
  const folders: [prefix: string, folder: string][] = [
    ["/static/lab/", "share/jupyter/lab/static"],
    ["/static/notebook/", await findNotebookStatic(share)],
    ["/lab/extensions/", "share/jupyter/labextensions"],
  ];
  const pattern = /\{(.*)\}/.exec(url)?.[1];
  const [prefix, folder] = folders.find(([prefix]) => url.startsWith(prefix)) ?? [];
  if (pattern === undefined || prefix === undefined || folder === undefined) return url;
  const [start, end] = pattern.split("*") as [string, string];
  const path = url.slice(prefix.length, url.indexOf("{"));
  const name = (await readdir(join(share, folder, path))).find((file) => file.startsWith(start) && file.endsWith(end));
  return `${url.slice(0, url.indexOf("{"))}${name}`;
}

async function findNotebookStatic(share: string): Promise<string> {
  const [python] = await readdir(join(share, "lib"));
  return `lib/${python}/site-packages/notebook/static`;
}

/** What the page's scripts read of the server, from its HTML. */
function readPageSettings(html: string): Record<string, unknown> {
  const json = /<script id="jupyter-config-data" type="application\/json">(.*?)<\/script>/s.exec(html)?.[1] ?? "{}";
  return JSON.parse(json) as Record<string, unknown>;
}

describe("a running notebook", () => {
  let notebook: RunningNotebook;
  beforeAll(async () => {
    notebook = await startNotebook(await makeHome());
  });
  afterAll(() => notebook.stop());

  it.each(admissions)("answers %s", async (_who, path, headers, status) => {
    expect((await notebook.get(path, headers)).status).toBe(status);
  });

  it.each(caching)("lets a browser keep %s for ever", async (_what, path, cacheControl) => {
    const answer = await notebook.get(await findHashed(path));
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe(cacheControl);
    expect(answer.headers.get("set-cookie"), "a cookie in what caches keep").toBeNull();
  });

  it.each(["/lab", "/lab/tree/lesson.ipynb", "/doc/tree/lesson.ipynb", "/notebooks/lesson.ipynb", "/tree"])(
    "has our two scripts before all others in %s, with their content's hash in their addresses",
    async (path) => {
      const html = await (await notebook.get(path)).text();
      const scripts = [...html.matchAll(/<script[^>]*>/g)].map(([element]) => element);
      expect(scripts[0]).toMatch(/^<script src="\/static\/hallpass\/storage\.js\?v=[0-9a-f]{16}">$/);
      expect(scripts[1]).toMatch(/^<script src="\/static\/hallpass\/same-frame\.js\?v=[0-9a-f]{16}">$/);
      const served = await notebook.get(/src="([^"]*)"/.exec(scripts[0] ?? "")?.[1] ?? "");
      expect(await served.text()).toBe(await readFile(join(IMAGE, "static/hallpass/storage.js"), "utf8"));
    },
  );

  it.each(["/lab", "/notebooks/lesson.ipynb"])(
    "tells %s neither its token nor of news and extensions",
    async (path) => {
      const html = await (await notebook.get(path)).text();
      expect(html).not.toContain(notebook.token);
      expect(readPageSettings(html)).toMatchObject({
        token: "",
        news: { disabled: true },
        quitButton: false,
        delete_to_trash: false,
        disabledExtensions: expect.arrayContaining([
          "@jupyterlab/extensionmanager-extension",
          "@jupyterlab/apputils-extension:announcements",
        ]),
      });
    },
  );

  it("opens on the lesson", async () => {
    expect((await notebook.get("/")).headers.get("location")).toMatch(/^\/notebooks\/lesson\.ipynb\??$/);
  });

  it.each([
    ["/nope", 404],
    ["/static/nope.js", 404],
    ["/api/shutdown", 405],
    ["/files/nope", 404],
  ])("does not show its token when %s is answered with an error", async (path, status) => {
    const answer = await notebook.get(path);
    expect(answer.status).toBe(status);
    expect(await answer.text()).not.toContain(notebook.token);
  });

  it("does not write its token where others read", () => {
    expect(notebook.log()).not.toContain(notebook.token);
  });

  it("ends by itself when nobody uses it", () => {
    expect(notebook.log()).toContain("Will shut down after 900 seconds with no kernels.");
  });

  it("is used by what changes something, and not by a page that lies open and asks for news of it", async () => {
    const readActivity = async () =>
      ((await (await notebook.get("/api/status")).json()) as { last_activity: string }).last_activity;
    const before = await readActivity();
    for (const path of ["/api/kernels", "/api/sessions", "/api/terminals", "/api/contents/"])
      expect((await notebook.get(path)).status).toBe(200);
    expect(await readActivity()).toBe(before);
    await fetch(`http://127.0.0.1:${notebook.port}/api/contents/`, {
      method: "POST",
      headers: { authorization: `token ${notebook.token}`, "content-type": "application/json" },
      body: JSON.stringify({ type: "file", ext: ".txt" }),
    });
    expect(await readActivity()).not.toBe(before);
  });
});

describe("the lesson", () => {
  it("is there the first time, and trusted, so that the page does not warn of it", async () => {
    const notebook = await startInHome(async () => {});
    expect(await readFile(join(notebook.home, "lesson.ipynb"))).toEqual(await readFile(join(IMAGE, "lesson.ipynb")));
    const answer = await notebook.get("/api/contents/lesson.ipynb");
    const { content } = (await answer.json()) as { content: { cells: { cell_type: string; metadata: unknown }[] } };
    const code = content.cells.filter((cell) => cell.cell_type === "code");
    expect(code.map((cell) => cell.metadata)).toEqual(code.map(() => ({ trusted: true })));
  });

  it("stays as the student left it, and is not trusted for its name", async () => {
    const own = `{"cells":[{"cell_type":"code","id":"a","metadata":{},"outputs":[],"source":"","execution_count":null}],"metadata":{},"nbformat":4,"nbformat_minor":5}`;
    const notebook = await startInHome((home) => writeFile(join(home, "lesson.ipynb"), own));
    expect(await readFile(join(notebook.home, "lesson.ipynb"), "utf8")).toBe(own);
    expect(await (await notebook.get("/api/contents/lesson.ipynb")).text()).toContain('"trusted": false');
  });

  it("leaves a link of that name as it is, even one that leads nowhere", async () => {
    const notebook = await startInHome((home) => symlink("nowhere", join(home, "lesson.ipynb")));
    expect(await readlink(join(notebook.home, "lesson.ipynb"))).toBe("nowhere");
    expect(await readdir(notebook.home)).not.toContain("nowhere");
  });

  it("is done without when it cannot be copied: only inside the notebook can a student make room", async () => {
    // What stops root too: the copy would be written through a link into a folder that is not there.
    const notebook = await startInHome((home) => symlink("gone/lesson", join(home, "lesson.ipynb.part")));
    expect(notebook.log()).toContain("the lesson could not be copied");
    expect((await notebook.get("/api/contents/")).status).toBe(200);
  });
});

describe("a notebook that is started wrongly", () => {
  it.each(refused)("refuses %s=%j and says why", async (name, value, reason) => {
    const { code, log } = await runToItsEnd({ [name]: value });
    expect(code).not.toBe(0);
    expect(log).toContain(reason);
    expect(log).not.toContain("is running at");
  });

  it("ends when its port is taken, rather than listening where nobody looks for it", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    onTestFinished(() => void taken.close());
    const address = taken.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { code, log } = await runToItsEnd({ NOTEBOOK_PORT: `${port}` });
    expect(code).not.toBe(0);
    expect(log).toContain(`${port}`);
  });
});
