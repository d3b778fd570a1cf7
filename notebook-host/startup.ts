/**
 * Starts one notebook, and waits until it answers: what happens between "starting" and "ready".
 *
 * Never throws. What goes wrong is an answer, with words for the student and a detail for the log.
 */
import type { Notebook } from "./notebook.ts";
import { waitUntilReady } from "./readiness.ts";
import { PortTaken, type Runtime } from "./runtime.ts";

export interface StartFault {
  /** A metric's label. `aborted`: somebody ended it meanwhile, which is no failure. */
  readonly reason: "aborted" | "runtime" | "late" | "exited" | "no port";
  /** For the student. */
  readonly message: string;
  /** For the log. */
  readonly detail: string;
}

export interface StartMeans {
  readonly runtime: Runtime;
  /** Where the notebook will answer. */
  readonly address: string;
  readonly timeoutMs: number;
  readonly nextPort: () => number | undefined;
}

/** Ports that something else on this machine may have taken, before this host is thought to be broken. */
const MAX_PORTS_TRIED = 5;
/** A student who has waited this long wants to know that it still goes on. */
const SLOW_MS = 8000;

/** Undefined when the notebook is ready. `isStarted`: it runs already, and was found by a new allocator. */
export async function startNotebook(
  notebook: Notebook,
  isStarted: boolean,
  means: StartMeans,
): Promise<StartFault | undefined> {
  const deadline = Date.now() + means.timeoutMs;
  const slow = setTimeout(
    () => notebook.say("This takes longer than usual. Your notebook is still starting…"),
    SLOW_MS,
  );
  try {
    const fault = isStarted ? undefined : await startOnFreePort(notebook, means);
    return fault ?? (await waitFor(notebook, means, deadline));
  } catch (error) {
    return { reason: "runtime", message: "It could not be started.", detail: String(error) };
  } finally {
    clearTimeout(slow);
  }
}

async function startOnFreePort(notebook: Notebook, means: StartMeans): Promise<StartFault | undefined> {
  for (let tried = 0; tried < MAX_PORTS_TRIED; tried++) {
    if (notebook.signal.aborted) return aborted;
    try {
      await means.runtime.start(notebook.spec);
      notebook.say("Your notebook is waking up…");
      return undefined;
    } catch (error) {
      if (!(error instanceof PortTaken)) throw error;
      notebook.port = means.nextPort() ?? notebook.port;
    }
  }
  return { reason: "no port", message: "No address was free for it.", detail: `${MAX_PORTS_TRIED} ports were taken` };
}

const aborted: StartFault = { reason: "aborted", message: "It was ended.", detail: "" };

async function waitFor(notebook: Notebook, means: StartMeans, deadline: number): Promise<StartFault | undefined> {
  const target = { address: means.address, port: notebook.port, token: notebook.token };
  const isRunning = () => means.runtime.isRunning(notebook.id).catch(() => true);
  const readiness = await waitUntilReady(target, isRunning, deadline, notebook.signal);
  if (readiness === "ready") {
    notebook.becomeReady();
    return undefined;
  }
  if (readiness === "aborted") return aborted;
  const output = await means.runtime.readOutput(notebook.id).catch(() => "");
  const detail = output.replaceAll(notebook.token, "<token>");
  if (readiness === "ended") return { reason: "exited", message: "It ended while it was starting.", detail };
  return { reason: "late", message: `It did not answer within ${Math.round(means.timeoutMs / 1000)} seconds.`, detail };
}
