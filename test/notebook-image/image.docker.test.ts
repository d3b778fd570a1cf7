import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { runCommand } from "../../scripts/command.ts";
import { ensureImage, NOTEBOOK_IMAGE } from "../../scripts/container-images.ts";

/** As little as a notebook host gives: no capability, nothing to write to but the home and /tmp. */
const CONFINED = ["--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", "200"];
const PLACES = ["--tmpfs", "/tmp", "--volume", "/home/student"];
const TOKEN = "a-token-of-the-tests";

let image: string;
beforeAll(async () => {
  image = await ensureImage(NOTEBOOK_IMAGE, (line) => console.error(line));
}, 900_000);

async function docker(...words: string[]): Promise<string> {
  return (await runCommand(["docker", ...words])).trim();
}

interface Container {
  readonly id: string;
  get(path: string, token?: string): Promise<Response>;
}

/** A confined container that is ready; removed with its volume when the test ends. */
async function startContainer(): Promise<Container> {
  const published = ["--publish", "127.0.0.1::8888", "--env", `JUPYTER_TOKEN=${TOKEN}`];
  const id = await docker("run", "--detach", ...CONFINED, ...PLACES, ...published, image);
  onTestFinished(async () => void (await docker("rm", "--force", "--volumes", id)));
  const address = (await docker("port", id, "8888")).split("\n")[0];
  const get = (path: string, token = TOKEN) =>
    fetch(`http://${address}${path}`, { headers: { authorization: `token ${token}` }, redirect: "manual" });
  await expect
    .poll(
      () =>
        get("/api/me").then(
          (answer) => answer.status,
          () => 0,
        ),
      { timeout: 60_000, interval: 50 },
    )
    .toBe(200);
  return { id, get };
}

describe("the notebook image", () => {
  it("runs on a read-only root without capabilities, not as root, and needs its token", async () => {
    const { id, get } = await startContainer();
    expect((await get("/api/me", "another")).status).toBe(403);
    expect(await docker("exec", id, "id", "-u")).toBe("1000");
    const status = await docker("exec", id, "cat", "/proc/1/status");
    expect(status).toMatch(/^CapEff:\s+0+$/m);
    expect(status).toMatch(/^CapBnd:\s+0+$/m);
    expect((await (await get("/api/contents/lesson.ipynb?content=0")).json()) as unknown).toMatchObject({
      writable: true,
    });
  });

  it("starts a kernel", async () => {
    const { id, get } = await startContainer();
    const made = await fetch(new URL((await get("/api/kernels")).url), {
      method: "POST",
      headers: { authorization: `token ${TOKEN}` },
    });
    expect(made.status).toBe(201);
    expect(await docker("exec", id, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '")).toContain(
      "ipykernel_launcher",
    );
  });

  it("is found to be healthy by its own check", async () => {
    const { id } = await startContainer();
    const check = JSON.parse(await docker("image", "inspect", "--format", "{{json .Config.Healthcheck.Test}}", image));
    const [kind, ...command] = check as [string, ...string[]];
    expect(kind).toBe("CMD");
    await docker("exec", id, ...command);
    await expect(docker("exec", "--env", "NOTEBOOK_PORT=9", id, ...command)).rejects.toThrow();
  });

  it("ends at once when it is stopped", async () => {
    const { id } = await startContainer();
    const start = performance.now();
    await docker("stop", "--time", "10", id);
    expect(performance.now() - start).toBeLessThan(8_000);
    expect(await docker("inspect", "--format", "{{.State.ExitCode}}", id)).toBe("0");
  });

  it("trusts no authority that only its build needed, and brings no pip", async () => {
    const run = (command: string) => docker("run", "--rm", "--entrypoint", "sh", image, "-c", command);
    expect(await run("ls /usr/local/share/ca-certificates")).toBe("");
    expect(await run("ls /opt/jupyter/bin | grep -c pip || true")).toBe("0");
  });

  it("is not built again while its files are the same", async () => {
    const lines: string[] = [];
    expect(await ensureImage(NOTEBOOK_IMAGE, (line) => lines.push(line))).toBe(image);
    expect(lines).toEqual([]);
  });
});
