/**
 * A start script for the process runtime whose notebook is none, but as unkind as Jupyter with kernels:
 * a child in a session of its own, which has a child without the environment; and it leaves both alone when it ends.
 */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";

const NOTEBOOK = `
const { createServer } = require("node:http");
const { spawn } = require("node:child_process");
if (process.argv[2] === "kernel") {
  spawn("env", ["-i", process.execPath, __filename, "bare"], { stdio: "ignore" });
  setInterval(() => {}, 1000);
} else if (process.argv[2] === "bare") {
  process.on("SIGTERM", () => {});
  setInterval(() => {}, 1000);
} else {
  spawn(process.execPath, [__filename, "kernel"], { detached: true, stdio: "ignore" }).unref();
  const answer = (request, response) => {
    const isOurs = request.headers.authorization === "token " + process.env.JUPYTER_TOKEN;
    const seen = JSON.stringify({ environment: process.env, folder: process.cwd() });
    response.writeHead(isOurs ? 200 : 403).end(isOurs ? seen : "");
  };
  createServer(answer).listen(Number(process.env.NOTEBOOK_PORT), process.env.NOTEBOOK_ADDRESS);
}
`;

/** The script's path. `folder` is the test's own. */
export async function writeStubStart(folder: string): Promise<string> {
  const [script, notebook] = [join(folder, "start-notebook"), join(folder, "notebook.cjs")];
  await writeFile(notebook, NOTEBOOK);
  await writeFile(script, `#!/bin/sh\nexec "${process.execPath}" "${notebook}"\n`);
  await chmod(script, 0o755);
  return script;
}
