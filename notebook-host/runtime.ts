/**
 * What runs the notebooks: Docker, or plain processes. The runtime is the state: an allocator that is
 * killed in the middle of anything learns from `list` what there is.
 *
 * Every function may be called for a notebook in any condition, half-made ones too.
 */
import type { StudentHash } from "./student.ts";

/** What is written down with a notebook, in the runtime. */
export interface NotebookRecord {
  readonly id: string;
  readonly student: StudentHash;
  readonly port: number;
  /** The number of the host key that its token was derived with. */
  readonly keyNumber: string;
  /** Undefined where there are no images. */
  readonly image: string | undefined;
}

export interface NotebookSpec extends NotebookRecord {
  /** Given to the notebook in its environment: a command line can be read by everybody on the machine. */
  readonly token: string;
}

/** `created`: made, but never started. `ended`: started once, and over. */
export interface FoundNotebook extends NotebookRecord {
  readonly status: "created" | "running" | "ended";
}

/** Something that is not ours has the port. The notebook is not left behind. */
export class PortTaken extends Error {
  override readonly name = "PortTaken";
}

export interface Runtime {
  /** Every notebook of this host; a strange record (a label gone, another key's) is removed and not listed. */
  list(): Promise<FoundNotebook[]>;
  /** Makes and starts; resolves when started, long before it answers. Starts one that was made and not started. */
  start(spec: NotebookSpec): Promise<void>;
  isRunning(id: string): Promise<boolean>;
  /** Ends it and everything it started, and removes it; the student's home stays. None there is as good. */
  remove(id: string): Promise<void>;
  /** Whether the student's files are on this host. */
  hasHome(student: StudentHash): Promise<boolean>;
  /** The last lines of what it printed: why it did not start. */
  readOutput(id: string): Promise<string>;
}
