/**
 * Notebooks as Docker containers. The labels are the state.
 *
 *   container hallpass-dev-01-k3v9x2m4p7q8r5ta
 *     hallpass.host=dev-01  hallpass.address=127.77.0.11  hallpass.port=6001
 *     hallpass.notebook=k3v9x2m4p7q8r5ta
 *     hallpass.student=b1946ac9…  hallpass.key=1  hallpass.image=hallpass-notebook:7.6.5
 *   volume hallpass-home-b1946ac9…      the student's home, which survives the container
 *
 * A container is made with all its labels or not at all, so an allocator killed at any moment leaves
 * nothing that the next one cannot read. Published on the host's own fleet address only: 0.0.0.0,
 * Docker's default, would offer it to every network that the machine is in.
 */
import Docker from "dockerode";
import { isNotebookId } from "../fleet/pass.ts";
import type { FoundNotebook, NotebookSpec, Runtime } from "./runtime.ts";
import { PortTaken } from "./runtime.ts";
import type { DockerSettings } from "./settings.ts";
import { isStudentHash, type StudentHash } from "./student.ts";

/** For one call. Docker under load takes seconds to start a container; a minute means that it hangs. */
const DOCKER_TIMEOUT_MS = 60_000;
/** Jupyter ends its kernels and saves nothing: the page has saved. */
const STOP_SECONDS = 3;
const NOTEBOOK_PORT = "8888/tcp";
const HOME = "/home/student";
const OUTPUT_LINES = 15;

export class DockerRuntime implements Runtime {
  readonly #docker: Docker;
  readonly #host: string;
  readonly #address: string;
  readonly #settings: DockerSettings;

  constructor(place: { host: string; address: string }, settings: DockerSettings) {
    this.#docker = new Docker({ timeout: DOCKER_TIMEOUT_MS });
    this.#host = place.host;
    this.#address = place.address;
    this.#settings = settings;
  }

  async list(): Promise<FoundNotebook[]> {
    // By the address too: two fleets on one machine, each with a dev-01, leave each other's notebooks alone.
    const filters = { label: [`hallpass.host=${this.#host}`, `hallpass.address=${this.#address}`] };
    const containers = await this.#docker.listContainers({ all: true, filters });
    const found: FoundNotebook[] = [];
    for (const { Id, Labels, State } of containers) {
      const record = readLabels(Labels);
      if (record === undefined) await this.#removeContainer(Id);
      else found.push({ ...record, status: statusOf(State) });
    }
    return found;
  }

  async start(spec: NotebookSpec): Promise<void> {
    const container = this.#container(spec.id);
    const made = await unlessGone(container.inspect());
    const isSame = made?.Config.Labels["hallpass.port"] === `${spec.port}`;
    if (made !== undefined && !isSame) await this.remove(spec.id);
    if (!isSame) await this.#create(spec);
    try {
      await container.start();
    } catch (error) {
      if (isStarted(error)) return;
      await this.remove(spec.id);
      if (isPortFault(error)) throw new PortTaken(String(error));
      throw error;
    }
  }

  async isRunning(id: string): Promise<boolean> {
    return (await unlessGone(this.#container(id).inspect()))?.State.Running ?? false;
  }

  async remove(id: string): Promise<void> {
    const container = this.#container(id);
    await unlessGone(container.stop({ t: STOP_SECONDS }));
    await this.#removeContainer(container.id);
  }

  async readOutput(id: string): Promise<string> {
    const log = await this.#container(id).logs({ stdout: true, stderr: true, tail: OUTPUT_LINES });
    return joinPieces(log);
  }

  async hasHome(student: StudentHash): Promise<boolean> {
    return (await unlessGone(this.#docker.getVolume(homeName(student)).inspect())) !== undefined;
  }

  #container(id: string): Docker.Container {
    return this.#docker.getContainer(`hallpass-${this.#host}-${id}`);
  }

  async #removeContainer(idOrName: string): Promise<void> {
    // v: its nameless volumes too; the home has a name and stays.
    await unlessGone(this.#docker.getContainer(idOrName).remove({ force: true, v: true }));
  }

  async #create(spec: NotebookSpec): Promise<void> {
    const image = spec.image ?? this.#settings.images[0];
    await this.#refuseRoot(image);
    const volume = homeName(spec.student);
    const labels = { "hallpass.host": this.#host, "hallpass.student": spec.student };
    await this.#docker.createVolume({ Name: volume, Labels: labels });
    await this.#docker.createContainer({
      name: `hallpass-${this.#host}-${spec.id}`,
      Image: image,
      // The token goes by the environment: a command line can be read by every process of the machine.
      Env: [`HOME=${HOME}`, `JUPYTER_TOKEN=${spec.token}`],
      ExposedPorts: { [NOTEBOOK_PORT]: {} },
      Labels: {
        ...labels,
        "hallpass.address": this.#address,
        "hallpass.notebook": spec.id,
        "hallpass.port": `${spec.port}`,
        "hallpass.key": spec.keyNumber,
        "hallpass.image": image,
      },
      HostConfig: this.#limits(volume, spec.port),
    });
  }

  #limits(volume: string, port: number): Docker.HostConfig {
    const { memoryBytes, cpus, pids } = this.#settings;
    return {
      PortBindings: { [NOTEBOOK_PORT]: [{ HostIp: this.#address, HostPort: `${port}` }] },
      Mounts: [{ Type: "volume", Source: volume, Target: HOME }],
      Memory: memoryBytes,
      // The same as memory: none. A notebook that swaps takes the disk from all others.
      MemorySwap: memoryBytes,
      NanoCpus: cpus * 1e9,
      PidsLimit: pids,
      // Ends what kernels leave behind; Jupyter does not.
      Init: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      // The allocator starts it again, if anybody asks; Docker would with an old token, unasked.
      RestartPolicy: { Name: "no" },
      LogConfig: { Type: "json-file", Config: { "max-size": "1m", "max-file": "2" } },
    };
  }

  async #refuseRoot(image: string): Promise<void> {
    const { Config } = await this.#docker.getImage(image).inspect();
    const user = (Config.User ?? "").split(":")[0] ?? "";
    if (["", "0", "root"].includes(user))
      throw new Error(
        `The image "${image}" runs as root, but a notebook must not. Give it a user, as in "USER 1000" in its Dockerfile.`,
      );
  }
}

/** Docker puts eight bytes before each piece: which stream, three zeros, and its length (Engine API, "Attach"). */
function joinPieces(log: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= log.length; ) {
    const end = at + 8 + log.readUInt32BE(at + 4);
    pieces.push(log.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(pieces).toString("utf8");
}

function homeName(student: StudentHash): string {
  return `hallpass-home-${student}`;
}

function readLabels(labels: Record<string, string>): Omit<FoundNotebook, "status"> | undefined {
  const id = labels["hallpass.notebook"] ?? "";
  const student = labels["hallpass.student"] ?? "";
  const port = Number(labels["hallpass.port"]);
  const keyNumber = labels["hallpass.key"] ?? "";
  if (!isNotebookId(id) || !isStudentHash(student) || !Number.isInteger(port)) return undefined;
  return { id, student, port, keyNumber, image: labels["hallpass.image"] };
}

/** Docker's states: created, running, paused, restarting, removing, exited, dead. */
function statusOf(state: string): FoundNotebook["status"] {
  if (state === "created") return "created";
  return state === "running" || state === "paused" ? "running" : "ended";
}

/** Undefined when Docker says that there is none (404), that it is so already (304), or that it is being done (409). */
async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    const { statusCode } = error as { statusCode?: unknown };
    if (statusCode === 404 || statusCode === 304 || statusCode === 409) return undefined;
    throw error;
  }
}

/** What a killed allocator had asked of Docker still happens: its container may be running by now. */
function isStarted(error: unknown): boolean {
  return (error as { statusCode?: unknown }).statusCode === 304;
}

/** "port is already allocated" is Docker's own list; "address already in use" is the kernel's. */
function isPortFault(error: unknown): boolean {
  return /port is already allocated|address already in use/.test(String(error));
}
