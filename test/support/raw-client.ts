/**
 * An HTTP/1.1 client that sends what it is told to, however malformed, over TLS.
 *
 * One connection is used again for as long as the proxy keeps it open.
 */
import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";

export interface RawAnswer {
  readonly status: number;
  readonly headers: string;
  readonly body: string;
}

export class RawClient {
  readonly #port: number;
  readonly #ca: string;
  #socket: TLSSocket | undefined;

  constructor(port: number, ca: string) {
    this.#port = port;
    this.#ca = ca;
  }

  /** `text` in Latin-1: a character is a byte. Status 0 when the connection ends without an answer. */
  async ask(text: string): Promise<RawAnswer> {
    const socket = await this.#open();
    socket.write(text, "latin1");
    const received = await readAnswer(socket);
    if (received === undefined) {
      this.close();
      return { status: 0, headers: "", body: "" };
    }
    if (/^connection: close/im.test(received.headers)) this.close();
    return received;
  }

  close(): void {
    this.#socket?.destroy();
    this.#socket = undefined;
  }

  async #open(): Promise<TLSSocket> {
    if (this.#socket !== undefined && !this.#socket.destroyed && this.#socket.readyState === "open")
      return this.#socket;
    const servername = "dev-01-6001.ide-proxy.localhost";
    const socket = connect({
      port: this.#port,
      host: "127.0.0.1",
      ca: this.#ca,
      servername,
      ALPNProtocols: ["http/1.1"],
    });
    socket.on("error", () => socket.destroy());
    await once(socket, "secureConnect");
    this.#socket = socket;
    return socket;
  }
}

/** Reads one answer with a content-length; undefined when the connection ends before. */
function readAnswer(socket: TLSSocket): Promise<RawAnswer | undefined> {
  return new Promise((resolve) => {
    let text = "";
    const finish = (answer: RawAnswer | undefined): void => {
      socket.off("data", onData).off("close", onClose).off("end", onClose);
      resolve(answer);
    };
    const onClose = (): void => finish(undefined);
    const onData = (data: Buffer): void => {
      text += data.toString("latin1");
      const end = text.indexOf("\r\n\r\n");
      if (end < 0) return;
      const headers = text.slice(0, end);
      const length = Number(/^content-length: (\d+)/im.exec(headers)?.[1] ?? 0);
      const body = text.slice(end + 4);
      if (body.length >= length) finish({ status: Number(headers.split(" ")[1]), headers, body });
    };
    socket.on("data", onData).on("close", onClose).on("end", onClose);
  });
}
