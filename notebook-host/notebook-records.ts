/**
 * One file for each notebook of the process runtime: what Docker's labels are for a container.
 *
 *   <state>/notebooks/dev-01/k3v9x2m4p7q8r5ta.json
 *   { "id": "k3v9x2m4p7q8r5ta", "student": "b1946ac9…", "port": 6001, "keyNumber": "1", "pid": 4711 }
 *
 * Written before the process is started, and again with its number. A file is there whole or not at
 * all: it is written under another name and then renamed.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { isNotebookId } from "../fleet/pass.ts";
import { isStudentHash } from "./student.ts";

const recordSchema = z.object({
  id: z.string().refine(isNotebookId),
  student: z.string().refine(isStudentHash),
  port: z.number().int(),
  keyNumber: z.string(),
  /** Not there until the process is. */
  pid: z.number().int().positive().optional(),
});

export type ProcessRecord = z.infer<typeof recordSchema>;

export class NotebookRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The record's file, which is also the mark of the notebook's processes. */
  path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }

  /** The id in a mark of ours; undefined for another host's or fleet's. */
  idOf(mark: string): string | undefined {
    const id = /([a-z2-7]+)\.json$/.exec(mark)?.[1];
    return id !== undefined && this.path(id) === mark ? id : undefined;
  }

  outputPath(id: string): string {
    return join(this.#folder, `${id}.log`);
  }

  async write(record: ProcessRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const draft = `${this.path(record.id)}.new`;
    await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
    await rename(draft, this.path(record.id));
  }

  /** Undefined when there is none, or none that can be read. */
  async read(id: string): Promise<ProcessRecord | undefined> {
    const text = await readFile(this.path(id), "utf8").catch(() => undefined);
    if (text === undefined) return undefined;
    return recordSchema.safeParse(parseJson(text)).data;
  }

  async readAll(): Promise<ProcessRecord[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const ids = names.filter((name) => name.endsWith(".json")).map((name) => name.slice(0, -".json".length));
    const records = await Promise.all(ids.map((id) => this.read(id)));
    return records.filter((record) => record !== undefined);
  }

  /** Removes drafts that a killed allocator has left. Only before this one writes any. */
  async tidy(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names.filter((one) => one.endsWith(".new"))) await rm(join(this.#folder, name), { force: true });
  }

  async remove(id: string): Promise<void> {
    for (const path of [`${this.path(id)}.new`, this.path(id), this.outputPath(id)]) await rm(path, { force: true });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
