/** A real HAProxy before one notebook, ada's, which is a stub; and a pass that opens it. */
import { encodeKeyRing, hostKey, notebookToken } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";
import { encodePass } from "../../fleet/pass.ts";
import type { StartTestProxy, TestProxy } from "./proxy.ts";
import { RawClient } from "./raw-client.ts";
import { type StubNotebook, startStubNotebook } from "./stub-notebook.ts";

const KEY = { number: 1, base64: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=" };
const ADA = { host: "dev-01", port: 6001, id: "adaadaadaadaadaa" };
export const NAME = "dev-01-6001.ide-proxy.localhost";
export const TOKEN = notebookToken(nodeHmac, hostKey(nodeHmac, KEY, "dev-01"), ADA.id);

export interface OneNotebook {
  readonly proxy: TestProxy;
  readonly notebook: StubNotebook;
  readonly client: RawClient;
  readonly pass: string;
  /** The notebook's own origin. */
  readonly own: string;
  /** The stub as it was at first. */
  reset(): void;
  stop(): Promise<void>;
}

/** `second`: of its network 127.<second>.0.0/16, so that files can run beside each other. */
export async function startOneNotebook(start: StartTestProxy, second: number): Promise<OneNotebook> {
  const address = `127.${second}.0.11`;
  const notebook = await startStubNotebook({ name: "ada", address, port: 6001, token: TOKEN });
  const proxy = await start({
    HALLPASS_FLEET: `dev 127.${second}.0.0/16 2`,
    HALLPASS_FLEET_KEYS: encodeKeyRing([KEY]),
  });
  const client = new RawClient(proxy.port, proxy.ca);
  return {
    proxy,
    notebook,
    client,
    pass: encodePass(nodeHmac, KEY, ADA, Math.floor(Date.now() / 1000) + 3600),
    own: `https://${NAME}:${proxy.port}`,
    reset: () => {
      notebook.seen.length = 0;
      notebook.answerHeaders = [];
      notebook.answerStatus = 200;
    },
    stop: async () => {
      client.close();
      await proxy.stop();
      await notebook.stop();
    },
  };
}
