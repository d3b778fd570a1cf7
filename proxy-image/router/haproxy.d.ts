/**
 * HAProxy's Lua interface (doc/lua-api, "core", "TXN", "HTTPClient"): the part that the router uses.
 *
 * `core.x()` is called with a dot: a namespace function with @noSelf. `txn:x()` is called with a
 * colon: an interface method.
 */

/** @noSelf */
declare namespace core {
  function register_action(
    name: string,
    contexts: string[],
    action: (this: void, txn: TXN) => void,
    arity: number,
  ): void;
  function httpclient(): HttpClient;
}

interface HttpClient {
  /** Yields until the answer is there. A failed connection answers with a status of its own, or with nothing. */
  get(request: { url: string; dst: string; headers: Record<string, string[]> }): { status: number } | undefined;
}

/** Sample fetches; `sf` answers "" for what is missing. */
interface Fetches {
  req_fhdr(name: string): string;
  path(): string;
  query(): string;
}

/** Converters. `hmac` crashes HAProxy 2.6 when the key is not base64. */
interface Converters {
  hmac(text: string, algorithm: "sha256", keyBase64: string): string;
  base64(bytes: string): string;
}

interface TXN {
  readonly sf: Fetches;
  readonly c: Converters;
  get_var(name: string): string | undefined;
  set_var(name: string, value: string | number | boolean): void;
}
