/**
 * The options of `npm start`.
 *
 *   npm start -- --port 9443 --hosts 3 --docker   →  { port: 9443, hosts: 3, docker: true, json: false }
 *
 * The surprise: without the two dashes npm takes options for itself and hands none of them on, so that
 * `npm start --docker` would start without Docker. npm leaves a trace in the environment
 * (npm_config_docker), by which that is refused.
 */
import { parseArgs } from "node:util";
import { MAX_HOSTS } from "../fleet/address-plan.ts";

export interface StartOptions {
  /** Where the proxy takes HTTPS, on loopback. */
  readonly port: number;
  readonly hosts: number;
  /** Notebooks and proxy as containers; otherwise as processes, which isolates nothing. */
  readonly docker: boolean;
  /** One line of JSON on stdout when all is ready; everything else on stderr. */
  readonly json: boolean;
}

export type ParsedOptions =
  | { readonly kind: "start"; readonly options: StartOptions }
  | { readonly kind: "help" }
  | { readonly kind: "refused"; readonly reason: string };

export const START_HELP = `Starts the whole system on this machine: proxy, notebook hosts and a school's page.

  npm start                          https://school.localhost:8443/
  npm start -- --port 9443           at another port, also beside the first
  npm start -- --hosts 3             three notebook hosts instead of two (1 to ${MAX_HOSTS})
  npm start -- --docker              notebooks and proxy as containers, which isolates students
  npm start --silent -- --json       one line of JSON on stdout when all is ready (--silent: npm's own lines)
`;

const ALLOWED = "--port N, --hosts N, --docker, --json and --help";

/** Each option, with its kind as node:util wants it and its lowest and highest number. */
const OPTIONS = {
  port: { type: "string", lowest: 1, highest: 65535 },
  hosts: { type: "string", lowest: 1, highest: MAX_HOSTS },
  docker: { type: "boolean" },
  json: { type: "boolean" },
  help: { type: "boolean" },
} as const;

/** Parses what follows `npm start --`. The environment is npm's, see above. */
export function parseStartOptions(
  argv: readonly string[],
  environment: Readonly<Record<string, string | undefined>> = {},
): ParsedOptions {
  const { tokens } = parseArgs({ args: [...argv], options: OPTIONS, strict: false, tokens: true });
  const given = new Map<string, string | undefined>();
  for (const token of tokens) {
    if (token.kind === "option-terminator") continue;
    const reason = token.kind === "positional" ? refusePositional(token.value) : refuseOption(token);
    if (reason !== undefined) return { kind: "refused", reason };
    if (token.kind === "option") given.set(token.name, token.value);
  }
  if (given.has("help")) return { kind: "help" };
  const kept = Object.keys(OPTIONS).find((name) => `npm_config_${name}` in environment && !given.has(name));
  if (kept !== undefined) return { kind: "refused", reason: keptByNpm(kept, environment[`npm_config_${kept}`]) };
  const port = Number(given.get("port") ?? 8443);
  const hosts = Number(given.get("hosts") ?? 2);
  return { kind: "start", options: { port, hosts, docker: given.has("docker"), json: given.has("json") } };
}

function refusePositional(value: string): string {
  return `"${value}" is not an option of npm start. Allowed are ${ALLOWED}. Write them after two dashes, as in: npm start -- --port 9443`;
}

function refuseOption(token: { name: string; rawName: string; value: string | undefined }): string | undefined {
  const option = Object.entries(OPTIONS).find(([name]) => name === token.name)?.[1];
  if (option === undefined || !token.rawName.startsWith("--"))
    return `"${token.rawName}" is not an option of npm start. Allowed are ${ALLOWED}. See: npm start -- --help`;
  if (option.type === "boolean")
    return token.value === undefined
      ? undefined
      : `${token.rawName} takes no value, but "${token.value}" was given. Write: ${token.rawName}`;
  const number = /^[1-9][0-9]{0,4}$/.test(token.value ?? "") ? Number(token.value) : 0;
  if (number >= option.lowest && number <= option.highest) return undefined;
  const given = token.value === undefined ? "has no value" : `is "${token.value}"`;
  return `${token.rawName} ${given}, but must be a number from ${option.lowest} to ${option.highest}. Write, for example: npm start -- ${token.rawName} ${option.lowest === 1 && token.name === "hosts" ? 3 : 9443}`;
}

function keptByNpm(name: string, value: string | undefined): string {
  const words = value === undefined || value === "true" ? `--${name}` : `--${name} ${value}`;
  return `npm has kept "${words}" for itself, and hands on only what follows two dashes. Write: npm start -- ${words}`;
}
