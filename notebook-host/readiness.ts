/**
 * When is a notebook ready? When it answers its own token: GET /api/me → 200.
 *
 * A port that is open is not enough: Jupyter opens it a while before it answers.
 */
import { setTimeout as sleep } from "node:timers/promises";

export interface ReadinessTarget {
  readonly address: string;
  readonly port: number;
  readonly token: string;
}

const POLL_MS = 100;
/** For one try: a Jupyter that reads its extensions from a cold disk answers late. */
const TRY_TIMEOUT_MS = 2000;

/** Whether the notebook answers now. */
async function isReady(target: ReadinessTarget, signal: AbortSignal): Promise<boolean> {
  try {
    const response = await fetch(`http://${target.address}:${target.port}/api/me`, {
      headers: { authorization: `token ${target.token}` },
      redirect: "manual",
      signal: AbortSignal.any([signal, AbortSignal.timeout(TRY_TIMEOUT_MS)]),
    });
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

export type Readiness = "ready" | "ended" | "late" | "aborted";

/** Polls until it is ready, is no longer running, `deadline` (ms since 1970) has come, or the signal says stop. */
export async function waitUntilReady(
  target: ReadinessTarget,
  isRunning: () => Promise<boolean>,
  deadline: number,
  signal: AbortSignal,
): Promise<Readiness> {
  for (let tries = 1; ; tries++) {
    if (await isReady(target, signal)) return "ready";
    if (signal.aborted) return "aborted";
    if (Date.now() >= deadline) return "late";
    // Not at every try: asking Docker costs more than asking the notebook.
    if (tries % 5 === 0 && !(await isRunning())) return "ended";
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
