/**
 * The router inside HAProxy: the only file that knows `core` and `txn`.
 *
 * It answers nothing itself. It sets variables, and haproxy.cfg acts on them; a request for which
 * it set none (it failed, or ran out of time) is refused there.
 *
 *   txn.target_address, txn.target_port, txn.remember   admitted
 *   txn.location, txn.cookie                            a ticket was good: go there, with this pass
 *   txn.refusal, txn.reason                             the status of the page to show
 */
import { parseIpv4 } from "../../fleet/address-plan.ts";
import type { Hmac } from "../../fleet/keys.ts";
import { parseProxySettings } from "../settings.ts";
import { decide } from "./decide.ts";

/** How long haproxy.cfg remembers a decision. A pass with less left than that is asked about every time. */
const REMEMBERED_SECONDS = 60;
/** A notebook whose kernel is busy may answer late; then the request itself will show what is wrong. */
const ASK_TIMEOUT_MS = 1000;

const parsed = parseProxySettings((name) => os.getenv(name));
if (!parsed.ok) error(parsed.errors.join("\n"), 0);
const settings = parsed.settings;

core.register_action(
  "route",
  ["http-req"],
  (txn) => {
    const hmac: Hmac = (keyBase64, text) => txn.c.base64(txn.c.hmac(text, "sha256", keyBase64));
    const variable = (name: string): string => txn.get_var(name) ?? "";
    const request = {
      host: txn.sf.req_fhdr("host"),
      path: txn.sf.path(),
      query: txn.sf.query(),
      pass: variable("txn.pass"),
      ticket: variable("txn.ticket"),
      next: variable("txn.next"),
    };
    const now = os.time();
    const decision = decide(hmac, settings, request, now);
    if (decision.kind === "refuse") return setRefusal(txn, decision.status, decision.reason);
    if (decision.kind === "enter") {
      txn.set_var("txn.location", decision.location);
      txn.set_var("txn.cookie", decision.cookie);
      return;
    }
    if (hasEnded(decision.address, decision.port, decision.token))
      return setRefusal(txn, 410, "the notebook has ended");
    txn.set_var("txn.target_address", addressNumber(decision.address));
    txn.set_var("txn.target_port", decision.port);
    if (decision.expiry - now > REMEMBERED_SECONDS) txn.set_var("txn.remember", true);
  },
  0,
);

function setRefusal(txn: TXN, status: number, reason: string): void {
  txn.set_var("txn.refusal", status);
  txn.set_var("txn.reason", reason);
}

/**
 * Ports are used again, so a pass may lead to a port that is another student's by now. That notebook
 * refuses this one's token: then this one has ended. No answer says nothing, and the token protects.
 */
function hasEnded(address: string, port: number, token: string): boolean {
  const headers = { authorization: [`token ${token}`] };
  const answer = core.httpclient().get({ url: `http://${address}:${port}/api/me`, headers, timeout: ASK_TIMEOUT_MS });
  return answer !== undefined && (answer.status === 401 || answer.status === 403);
}

/** HAProxy keeps addresses in its table as numbers. */
function addressNumber(address: string): number {
  let value = 0;
  for (const octet of parseIpv4(address) ?? []) value = value * 256 + octet;
  return value;
}
