/**
 * Real starts with Docker: notebooks and proxy as containers, of which nothing stays.
 */
import Docker from "dockerode";
import { describe, expect, it } from "vitest";
import { ask, eventually, openNotebook, readLeft, type StartedSystem, startSystem } from "./started-system.ts";

const docker = new Docker();

/** Names of the containers and volumes that carry this label. */
async function readDocker(label: string): Promise<string[]> {
  const filters = { label: [label] };
  const containers = await docker.listContainers({ all: true, filters });
  const { Volumes } = await docker.listVolumes({ filters });
  return [...containers.flatMap((container) => container.Names), ...Volumes.map((volume) => volume.Name)];
}

/** What a start has in Docker: its proxy, and the notebooks and homes of a notebook host. */
async function readParts(runId: string, host: string): Promise<string[]> {
  return [...(await readDocker(`hallpass.start=${runId}`)), ...(await readDocker(`hallpass.host=${host}`))];
}

/** Where a student's notebook is: "dev-01". */
const hostOf = (url: string): string => new URL(url).hostname.replace(/-\d+\..*$/, "");

async function stop(system: StartedSystem): Promise<void> {
  system.child.kill("SIGTERM");
  await system.ended;
}

describe("npm start -- --docker", () => {
  it("runs proxy and notebooks as containers, and leaves none of them, nor a home", async () => {
    const system = await startSystem(["--docker"]);
    const started = await system.ready();
    const run = system.run();
    expect(system.stderr()).not.toContain("NOT ISOLATED");
    expect((await ask(started, started.school)).status).toBe(200);
    const { url, cookie } = await openNotebook(started, "ada");
    expect((await ask(started, `${new URL(url).origin}/api/status`, { headers: { cookie } })).status).toBe(200);
    // The proxy, a notebook, and its home.
    expect(await readParts(run.id, hostOf(url))).toHaveLength(3);

    const begin = Date.now();
    await stop(system);
    expect(Date.now() - begin).toBeLessThan(10_000);
    expect(await readParts(run.id, hostOf(url))).toEqual([]);
    expect(await readLeft(run)).toEqual([]);
  });

  it("gives the proxy's container no root, no capability, nothing to write on, and no key on a command line", async () => {
    const system = await startSystem(["--docker"]);
    await system.ready();
    const filters = { label: [`hallpass.start=${system.run().id}`] };
    const [proxy] = await docker.listContainers({ filters });
    const found = await docker.getContainer(proxy?.Id ?? "").inspect();
    expect(found.Config.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(found.HostConfig.ReadonlyRootfs).toBe(true);
    expect(found.HostConfig.CapDrop).toEqual(["ALL"]);
    expect(found.HostConfig.SecurityOpt).toEqual(["no-new-privileges"]);
    const key = found.Config.Env.find((entry) => entry.startsWith("HALLPASS_FLEET_KEYS="))?.split(":")[1] ?? "no key";
    expect(key).toHaveLength(44);
    const { Processes } = (await docker.getContainer(found.Id).top()) as { Processes: string[][] };
    expect(JSON.stringify(Processes)).not.toContain(key);
  });

  it("is swept by the next start when it is killed", async () => {
    const first = await startSystem(["--docker"]);
    const { url } = await openNotebook(await first.ready(), "ada");
    const run = first.run();
    first.child.kill("SIGKILL");
    await first.ended;
    expect(await readParts(run.id, hostOf(url))).toHaveLength(3);
    const second = await startSystem(["--docker"]);
    await second.ready();
    expect(await readParts(run.id, hostOf(url))).toEqual([]);
    expect(await readLeft(run)).toEqual([]);
  });

  it("leaves the containers of a start beside it alone", async () => {
    const [first, second] = [await startSystem(["--docker"]), await startSystem(["--docker"])];
    const [one, two] = await Promise.all([first.ready(), second.ready()]);
    const notebooks = [await openNotebook(one, "ada"), await openNotebook(two, "ada")] as const;
    const hosts = notebooks.map((notebook) => hostOf(notebook.url));
    expect(new Set(hosts).size).toBe(2);
    await stop(second);
    const { url, cookie } = notebooks[0];
    expect((await ask(one, `${new URL(url).origin}/api/status`, { headers: { cookie } })).status).toBe(200);
  });

  it("says so and ends when the proxy's container ends", async () => {
    const system = await startSystem(["--docker"]);
    await system.ready();
    const run = system.run();
    const [proxy] = await docker.listContainers({ filters: { label: [`hallpass.start=${run.id}`] } });
    await docker.getContainer(proxy?.Id ?? "").kill();
    expect(await system.ended).toBe(1);
    expect(system.stderr()).toContain("The proxy has ended (exit code 137)");
    await eventually(
      async () => ((await readLeft(run)).length === 0 ? true : undefined),
      () => "something is left",
    );
  });
});
