/**
 * The router inside HAProxy: the only file that knows `core` and `txn`.
 *
 * It answers nothing itself. It sets variables, and haproxy.cfg acts on them; a request for which
 * it set none (it failed, or ran out of time) is refused there.
 *
 *   txn.target_address, txn.target_port      admitted
 *   txn.location, txn.cookie, txn.is_new     a ticket was good: go there, with this pass
 *   txn.refusal, txn.reason                  the status of the page to show
 */
import { parseIpv4 } from "../../fleet/address-plan.ts";
import type { Hmac } from "../../fleet/keys.ts";
import { parseProxySettings } from "../settings.ts";
import { decide } from "./decide.ts";

/** How long haproxy.cfg remembers a decision. A pass with less left than that is asked about every time. */
const REMEMBERED_SECONDS = 60;

const parsed = parseProxySettings((name) => os.getenv(name));
if (!parsed.ok) error(parsed.errors.join("\n"), 0);
const settings = parsed.settings;
const SOCKET = `unix@${os.getenv("HALLPASS_RUN")}/router.sock`;

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
      txn.set_var("txn.is_new", decision.isNew);
      return;
    }
    const { address, port, id } = decision;
    if (askOurselves(`/holds/${port}/${id}`, { "x-address": [address] }) === 410)
      return setRefusal(txn, 410, "the notebook has ended");
    txn.set_var("txn.target_address", addressNumber(address));
    txn.set_var("txn.target_port", port);
    if (decision.expiry - now <= REMEMBERED_SECONDS) return;
    askOurselves("/remember", {
      "x-key": [variable("txn.key")],
      "x-address": [`${addressNumber(address)}`],
      "x-port": [`${port}`],
    });
  },
  0,
);

function setRefusal(txn: TXN, status: number, reason: string): void {
  txn.set_var("txn.refusal", status);
  txn.set_var("txn.reason", reason);
}

/**
 * A question to the proxy's own listener for the router (haproxy.cfg, "questions"), with a stream of its own: what
 * is kept there is not held by the student's request, however long that lasts. Answers its status; 503 or nothing
 * when the allocator that is to answer is down: notebooks go on without it, and their tokens protect them.
 */
function askOurselves(path: string, headers: Record<string, string[]>): number | undefined {
  return core.httpclient().get({ url: `http://router${path}`, dst: SOCKET, headers })?.status;
}

/** HAProxy keeps addresses in its table as numbers. */
function addressNumber(address: string): number {
  let value = 0;
  for (const octet of parseIpv4(address) ?? []) value = value * 256 + octet;
  return value;
}
