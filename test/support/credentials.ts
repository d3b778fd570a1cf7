/** Passes and tickets for tests, made of what decide.cases.ts says of them. */
import { hostKey, type KeyRing } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import { encodePass, encodeTicket } from "../../fleet/pass.ts";
import { type Credential, KEYS } from "../proxy-image/decide.cases.ts";

/** The key that signs is number 2; number 1 was before it. */
export const KEY_RING: KeyRing = [
  { number: 2, base64: KEYS.current },
  { number: 1, base64: KEYS.previous },
];
const NUMBERS = { current: 2, previous: 1, foreign: 2 };
const IDS = { ada: "adaadaadaadaadaa", grace: "gracegracegraceg" };

/** The text of a credential; "" for none. `now` in seconds since 1970. */
export function credentialText(
  kind: "pass" | "ticket",
  credential: Credential | string | undefined,
  now: number,
): string {
  if (credential === undefined || typeof credential === "string") return credential ?? "";
  const { host, port, student, seconds, key = "current", change = (text: string) => text } = credential;
  const fleetKey = { number: NUMBERS[key], base64: KEYS[key] };
  const notebook = { host, port, id: IDS[student] };
  const ownKey = hostKey(nodeHmac, fleetKey, host);
  const encoded =
    kind === "pass"
      ? encodePass(nodeHmac, fleetKey, notebook, now + seconds)
      : encodeTicket(nodeHmac, ownKey, notebook, now + seconds);
  return change(encoded);
}
