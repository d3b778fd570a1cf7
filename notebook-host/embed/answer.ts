/**
 * What the allocator answered, as one of five things, parsed once.
 *
 *   201 { id, url, ticket, … }                        →  ready
 *   202 and a stream that breaks off                  →  starting
 *   503 { title: "No room" } with Retry-After: 20     →  refused, retryAfterMs 20000
 *   no answer, or one that CORS hides                 →  unreachable
 *   200 and the page of a café's wifi                 →  nonsense
 *
 * The surprise: `url` becomes a form's action, so it is refused unless it lies under the API's own
 * domain. A wrong answer could otherwise send the ticket anywhere, or run as `javascript:`.
 */

export interface Notebook {
  readonly id: string;
  /** "https://dev-01-6001.ide-proxy.example.org": the only origin whose messages count. */
  readonly origin: string;
  /** Path and query to open. */
  readonly next: string;
  readonly ticket: string;
}

export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
}

export type Answer =
  | { readonly kind: "ready"; readonly notebook: Notebook }
  | { readonly kind: "starting"; readonly id: string | undefined }
  | { readonly kind: "refused"; readonly problem: Problem; readonly retryAfterMs: number | undefined }
  | { readonly kind: "unreachable" }
  | { readonly kind: "nonsense" };

/** A long detail would push the button out of sight. */
const MAX_WORDS = 300;

function field(value: unknown, name: string): string {
  if (typeof value !== "object" || value === null) return "";
  const found: unknown = Reflect.get(value, name);
  return typeof found === "string" ? found.slice(0, 8000) : "";
}

export function parseId(value: unknown): string | undefined {
  const id = field(value, "id");
  return /^[a-z2-7]{16}$/.test(id) ? id : undefined;
}

/** The id at the end of a Location header, "/v1/notebooks/k3v9x2m4p7q8r5ta". */
export function parseLocation(location: string | null): string | undefined {
  return parseId({ id: location?.split("/").at(-1) });
}

/** The origin of an `api` attribute; undefined unless it is https, or http on this machine. */
export function parseApi(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null) return undefined;
  const isLocal = url.hostname === "localhost" || url.hostname.endsWith(".localhost");
  return url.protocol === "https:" || (url.protocol === "http:" && isLocal) ? url.origin : undefined;
}

/** A ready notebook, or undefined when anything about it is not as it must be. */
export function parseNotebook(value: unknown, api: string): Notebook | undefined {
  const id = parseId(value);
  const ticket = field(value, "ticket");
  const url = URL.parse(field(value, "url"));
  const own = new URL(api);
  if (id === undefined || ticket === "" || url === null) return undefined;
  if (url.protocol !== own.protocol || !url.hostname.endsWith(`.${own.hostname}`)) return undefined;
  return { id, origin: url.origin, next: url.pathname + url.search, ticket };
}

/** Title and detail of an RFC 9457 problem, cut to what a student reads; empty where it has none. */
export function parseProblem(status: number, value: unknown): Problem {
  const cut = (text: string) => (text.length > MAX_WORDS ? `${text.slice(0, MAX_WORDS - 1)}…` : text);
  return { status, title: cut(field(value, "title")), detail: cut(field(value, "detail")) };
}

/** What a stream says about the start, in words. */
export function parseProgress(value: unknown): string {
  return parseProblem(0, { detail: field(value, "message") }).detail;
}

/** A problem in a stream brings its status as a member (RFC 9457 §3.1.2). */
export function parseStatus(value: unknown): number {
  const status: unknown = typeof value === "object" && value !== null ? Reflect.get(value, "status") : undefined;
  return typeof status === "number" ? status : 500;
}

/**
 * Retry-After, in seconds or as a date (RFC 9110 §10.2.3), as milliseconds from `nowMs`. A date begins with
 * the day's name: browsers also read "-5" as one, in the year 2001.
 */
export function parseRetryAfter(text: string | null, nowMs: number): number | undefined {
  const trimmed = text?.trim() ?? "";
  if (/^\d+$/.test(trimmed)) return Number(trimmed) * 1000;
  const date = /^[A-Z][a-z]+, /.test(trimmed) ? Date.parse(trimmed) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}

/** JSON, or undefined for what is not. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
