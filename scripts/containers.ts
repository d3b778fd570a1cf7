/**
 * What a run with --docker has in Docker: the proxy's container, and the notebooks' containers and
 * volumes, which its allocators make.
 *
 *   hallpass.start=4711-9f3c21d0    label of the proxy
 *   hallpass.host=dev-01            label of a notebook, and of a student's home (docker-runtime.ts)
 *
 * The surprise: all runs of a machine share one Docker. Their notebook hosts have different names
 * (development-fleet.ts), and a run writes down which are its own before the first container.
 */
import { chown, copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import Docker from "dockerode";
import type { DevelopmentFleet } from "./development-fleet.ts";
import type { Ending, Part } from "./part.ts";
import type { RunFolder } from "./run-folder.ts";

const START_LABEL = "hallpass.start";
const HOST_LABEL = "hallpass.host";
/** Of the image (proxy-image/Dockerfile). */
const PROXY_USER = 10001;
const CERTIFICATE = "/run/certificate.pem";
const LAST_LINES = 20;
const TMPFS_BYTES = 8 * 1024 * 1024;

/** In a run's folder: the names of its notebook hosts, when Docker runs them. */
const HOSTS_FILE = "docker-hosts";

/** To be called before anything of the run is in Docker. */
export async function recordHosts(run: RunFolder, fleet: DevelopmentFleet): Promise<void> {
  await writeFile(join(run.folder, HOSTS_FILE), fleet.notebookHosts.map((host) => host.name).join("\n"));
}

/** Removes everything that a run has in Docker; nothing to do when it did not use Docker. */
export async function removeContainers(run: RunFolder): Promise<void> {
  const hosts = await readFile(join(run.folder, HOSTS_FILE), "utf8").catch(() => undefined);
  if (hosts === undefined) return;
  const docker = new Docker();
  const labels = [`${START_LABEL}=${run.id}`, ...hosts.split("\n").map((host) => `${HOST_LABEL}=${host}`)];
  await Promise.all(labels.map((label) => removeLabelled(docker, label)));
}

async function removeLabelled(docker: Docker, label: string): Promise<void> {
  const filters = { label: [label] };
  const containers = await docker.listContainers({ all: true, filters });
  await Promise.all(containers.map(({ Id }) => unlessGone(docker.getContainer(Id).remove({ force: true, v: true }))));
  const { Volumes } = await docker.listVolumes({ filters });
  await Promise.all(Volumes.map(({ Name }) => unlessGone(docker.getVolume(Name).remove({ force: true }))));
}

/** 404: somebody else has removed it. 409: somebody else is removing it. */
async function unlessGone(answer: Promise<unknown>): Promise<void> {
  await answer.catch((error: { statusCode?: unknown }) => {
    if (error.statusCode !== 404 && error.statusCode !== 409) throw error;
  });
}

/**
 * The proxy as a container: on the host's network, so that it reaches the notebook hosts on loopback;
 * read-only, without capabilities, and not as root. Its keys go by the API: no command line has them.
 */
export async function startProxyContainer(
  fleet: Pick<DevelopmentFleet, "proxy">,
  image: string,
  run: RunFolder,
): Promise<Part> {
  const docker = new Docker();
  const { user, certificate } = await lendCertificate(fleet.proxy.HALLPASS_CERTIFICATE ?? "", run);
  const settings = { ...fleet.proxy, HALLPASS_CERTIFICATE: CERTIFICATE };
  const container = await docker.createContainer({
    Image: image,
    Labels: { [START_LABEL]: run.id },
    User: `${user}:${user}`,
    Env: Object.entries(settings).map(([name, value]) => `${name}=${value}`),
    HostConfig: {
      NetworkMode: "host",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Tmpfs: { "/run/hallpass": `uid=${user},gid=${user},mode=0700,size=${TMPFS_BYTES}` },
      Mounts: [{ Type: "bind", Source: certificate, Target: CERTIFICATE, ReadOnly: true }],
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    },
  });
  await container.start();
  return { name: "The proxy", ended: waitForEnd(container), stop: () => unlessGone(container.remove({ force: true })) };
}

/** A copy of the certificate that the container's user can read and nobody else: root lends it to the image's user. */
async function lendCertificate(path: string, run: RunFolder): Promise<{ user: number; certificate: string }> {
  const certificate = join(run.folder, "proxy.pem");
  await copyFile(path, certificate);
  const own = process.getuid?.() ?? PROXY_USER;
  if (own !== 0) return { user: own, certificate };
  await chown(certificate, PROXY_USER, PROXY_USER);
  return { user: PROXY_USER, certificate };
}

async function waitForEnd(container: Docker.Container): Promise<Ending> {
  const answer = (await container.wait().catch(() => undefined)) as { StatusCode: number } | undefined;
  if (answer === undefined) return { why: "its container is gone", lastLines: [] };
  const log = await container.logs({ stdout: true, stderr: true, tail: LAST_LINES }).catch(() => Buffer.alloc(0));
  return { why: `exit code ${answer.StatusCode}`, lastLines: decodeLog(log) };
}

/** Docker puts eight bytes before each piece: which stream, and how long it is (Engine API, "Attach to a container"). */
function decodeLog(log: Buffer): string[] {
  let text = "";
  for (let at = 0; at + 8 <= log.length; ) {
    const length = log.readUInt32BE(at + 4);
    text += log.subarray(at + 8, at + 8 + length).toString("utf8");
    at += 8 + length;
  }
  return text.split("\n").filter((line) => line !== "");
}
