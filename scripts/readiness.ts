/**
 * Waiting until the system answers, asked in the way a browser asks.
 *
 *   await waitForAnswer("https://school.localhost:8443/", { ca, signal })
 *
 * The surprise: Node asks the system for "school.localhost", and many systems do not know it. RFC 6761
 * §6.3 says what it is, and browsers and curl act on that: loopback.
 */
import { get as getHttp, type RequestOptions } from "node:http";
import { get as getHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 100;
const WAIT_MS = 60_000;

/** Leads every name to 127.0.0.1. */
export const loopbackLookup: LookupFunction = (_name, options, callback) => {
  if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }]);
  else callback(null, "127.0.0.1", 4);
};

/** Waits until a GET is answered with 200; throws with the last answer when that takes too long. */
export async function waitForAnswer(url: string, options: { ca: string; signal: AbortSignal }): Promise<void> {
  const end = Date.now() + WAIT_MS;
  for (;;) {
    const answer = await readStatus(url, options.ca);
    if (answer === 200) return;
    if (Date.now() > end)
      throw new Error(`${url} has not answered with 200 in ${WAIT_MS / 1000} s, but with: ${answer}`);
    await delay(POLL_MS, undefined, { signal: options.signal });
  }
}

/** The status of the answer, or why there is none. */
function readStatus(url: string, ca: string): Promise<number | string> {
  const options: RequestOptions & { ca: string } = { ca, lookup: loopbackLookup, timeout: 5000, agent: false };
  return new Promise((resolve) => {
    const get = url.startsWith("https:") ? getHttps : getHttp;
    const request = get(url, options, (response) => {
      response.resume();
      resolve(response.statusCode ?? "no status");
    });
    request.once("error", (error) => resolve(error.message));
    request.once("timeout", () => request.destroy(new Error("no answer within 5 s")));
  });
}
