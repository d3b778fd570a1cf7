/**
 * When is a notebook ready? When it answers its own token: GET /api/me → 200.
 *
 * A port that is open is not enough: Jupyter opens it a while before it answers.
 */
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

export interface ReadinessTarget {
  readonly address: string;
  readonly port: number;
  readonly token: string;
}

const POLL_MS = 100;
/** For one try: a Jupyter that reads its extensions from a cold disk answers late. */
const TRY_TIMEOUT_MS = 2000;

/**
 * Whether the notebook answers now. Not by fetch: it refuses ports 6000, 6566, 6665 to 6669 and 6697, which
 * are notebooks' ports (Fetch Standard, "bad port").
 */
function isReady(target: ReadinessTarget, signal: AbortSignal): Promise<boolean> {
  const { address: host, port, token } = target;
  return new Promise((resolve) => {
    const headers = { authorization: `token ${token}` };
    const question = get({ host, port, path: "/api/me", headers, agent: false, signal, timeout: TRY_TIMEOUT_MS });
    question.once("response", (answer) => {
      answer.destroy();
      resolve(answer.statusCode === 200);
    });
    question.once("timeout", () => question.destroy());
    question.once("error", () => resolve(false));
    question.once("close", () => resolve(false));
  });
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
