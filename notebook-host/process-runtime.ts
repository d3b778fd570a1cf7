/**
 * Notebooks as plain processes on this machine, for `npm start` where there is no Docker.
 *
 * It does not isolate: every student's code runs as the allocator's own user, and can read and end
 * everything of that user, the other students' notebooks and the keys in memory included. For a
 * demonstration among people who trust each other.
 *
 *   <state>/homes/<student>      the student's home, which survives the notebook
 *   <state>/notebooks/<host>/    a record and the output of each notebook
 */
import { type ChildProcess, spawn } from "node:child_process";
import { access, mkdir, open, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { delimiter, join, resolve } from "node:path";
import { NotebookRecords, type ProcessRecord } from "./notebook-records.ts";
import { endProcesses, findMarks, isOfNotebook, MARK } from "./processes.ts";
import { type FoundNotebook, type NotebookSpec, PortTaken, type Runtime } from "./runtime.ts";
import type { ProcessSettings } from "./settings.ts";
import type { StudentHash } from "./student.ts";

const OUTPUT_LINES = 15;

/**
 * Nothing else of the allocator's environment goes on to a notebook: its keys are there. HALLPASS_START
 * marks all that a development start has started (scripts/marked-processes.ts).
 */
const PASSED_ON = ["LANG", "LC_ALL", "TZ", "TMPDIR", "HALLPASS_START"];

export class ProcessRuntime implements Runtime {
  readonly #records: NotebookRecords;
  readonly #homes: string;
  readonly #address: string;
  readonly #settings: ProcessSettings;
  #tidied: Promise<void> | undefined;

  constructor(place: { host: string; address: string }, settings: ProcessSettings) {
    const state = resolve(settings.state);
    this.#records = new NotebookRecords(join(state, "notebooks", place.host));
    this.#homes = join(state, "homes");
    this.#address = place.address;
    this.#settings = settings;
  }

  async list(): Promise<FoundNotebook[]> {
    this.#tidied ??= this.#records.tidy();
    await this.#tidied;
    const marks = await findMarks();
    const records = await this.#records.readAll();
    const known = new Set(records.map((record) => record.id));
    for (const [mark, leader] of marks) {
      const id = this.#records.idOf(mark);
      if (id !== undefined && !known.has(id)) await endProcesses(mark, leader);
    }
    return Promise.all(records.map((record) => this.#find(record, marks)));
  }

  async start(spec: NotebookSpec): Promise<void> {
    const { id, student, port, keyNumber } = spec;
    const record = { id, student, port, keyNumber };
    const home = join(this.#homes, student);
    await mkdir(home, { recursive: true, mode: 0o700 });
    // Before the process, so that a killed allocator leaves no process without a record.
    await this.#records.write(record);
    try {
      if (!(await isPortFree(this.#address, port))) throw new PortTaken(`Port ${port} of ${this.#address} is taken.`);
      const pid = await this.#spawn(spec, home);
      await this.#records.write({ ...record, pid });
    } catch (error) {
      await this.remove(id);
      throw error;
    }
  }

  async isRunning(id: string): Promise<boolean> {
    const record = await this.#records.read(id);
    return record?.pid !== undefined && isOfNotebook(record.pid, this.#records.path(id));
  }

  async remove(id: string): Promise<void> {
    const record = await this.#records.read(id);
    await endProcesses(this.#records.path(id), record?.pid);
    await this.#records.remove(id);
  }

  async hasHome(student: StudentHash): Promise<boolean> {
    return access(join(this.#homes, student)).then(
      () => true,
      () => false,
    );
  }

  async readOutput(id: string): Promise<string> {
    const output = await readFile(this.#records.outputPath(id), "utf8");
    return output.trimEnd().split("\n").slice(-OUTPUT_LINES).join("\n");
  }

  /** A record without a process number: the allocator was killed just before, or just after, it started the process. */
  async #find(record: ProcessRecord, marks: Map<string, number>): Promise<FoundNotebook> {
    const { id, student, port, keyNumber } = record;
    const found = { id, student, port, keyNumber, image: undefined };
    const leader = marks.get(this.#records.path(id));
    if (record.pid !== undefined) return { ...found, status: (await this.isRunning(id)) ? "running" : "ended" };
    if (leader === undefined) return { ...found, status: "created" };
    await this.#records.write({ ...record, pid: leader });
    return { ...found, status: "running" };
  }

  async #spawn(spec: NotebookSpec, home: string): Promise<number> {
    const output = await open(this.#records.outputPath(spec.id), "w", 0o600);
    try {
      const child = spawn("/bin/sh", [this.#settings.startScript], {
        cwd: home,
        // A session of its own: neither Ctrl-C nor the allocator's end is for the notebook.
        detached: true,
        stdio: ["ignore", output.fd, output.fd],
        env: this.#environment(spec, home),
      });
      await spawned(child);
      child.unref();
      if (child.pid === undefined) throw new Error("The notebook's process has no number.");
      return child.pid;
    } finally {
      await output.close();
    }
  }

  #environment(spec: NotebookSpec, home: string): Record<string, string> {
    const passedOn = PASSED_ON.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    });
    return {
      ...Object.fromEntries(passedOn),
      PATH: [this.#settings.jupyterBin, process.env.PATH ?? ""].join(delimiter),
      HOME: home,
      JUPYTER_TOKEN: spec.token,
      NOTEBOOK_ADDRESS: this.#address,
      NOTEBOOK_PORT: `${spec.port}`,
      [MARK]: this.#records.path(spec.id),
    };
  }
}

function spawned(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("spawn", resolve);
  });
}

/** Jupyter would quietly take another port, which nobody would find. */
function isPortFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
