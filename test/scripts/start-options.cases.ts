/** What may follow `npm start --`, what it means, and what is refused with which words. */
import type { StartOptions } from "../../scripts/start-options.ts";

const standard: StartOptions = { port: 8443, hosts: 2, docker: false, json: false };

export const accepted: [words: string, options: StartOptions][] = [
  ["", standard],
  ["--port 9443", { ...standard, port: 9443 }],
  ["--port=9443", { ...standard, port: 9443 }],
  ["--port 1", { ...standard, port: 1 }],
  ["--port 65535", { ...standard, port: 65535 }],
  ["--hosts 1", { ...standard, hosts: 1 }],
  ["--hosts 99", { ...standard, hosts: 99 }],
  ["--docker", { ...standard, docker: true }],
  ["--json --hosts 3 --docker --port 443", { port: 443, hosts: 3, docker: true, json: true }],
  ["--port 9443 --port 9444", { ...standard, port: 9444 }],
];

export const refused: [words: string, wordsOfTheReason: string[]][] = [
  ["--prot 9443", ['"--prot" is not an option', "--port N, --hosts N, --docker, --json and --help"]],
  ["-p 9443", ['"-p" is not an option', "--port N"]],
  ["9443", ['"9443" is not an option', "after two dashes"]],
  ["--port", ["--port has no value", "from 1 to 65535", "--port 9443"]],
  ["--port --docker", ['--port is "--docker"']],
  ["--port=", ['--port is ""']],
  ["--port 0", ['--port is "0"', "from 1 to 65535"]],
  ["--port 65536", ['--port is "65536"']],
  ["--port 08443", ['--port is "08443"']],
  ["--port 8443x", ['--port is "8443x"']],
  ["--port -1", ["--port"]],
  ["--port 84.3", ['--port is "84.3"']],
  ["--port 9e3", ['--port is "9e3"']],
  ["--hosts 0", ['--hosts is "0"', "from 1 to 99", "--hosts 3"]],
  ["--hosts 100", ['--hosts is "100"']],
  ["--hosts two", ['--hosts is "two"']],
  ["--docker=yes", ['--docker takes no value, but "yes" was given']],
  ["--no-docker", ['"--no-docker" is not an option']],
  ["--json -- --docker", ['"--docker" is not an option']],
];

/** What npm leaves in the environment when an option was written before the two dashes. */
export const keptByNpm: [environment: Record<string, string>, command: string][] = [
  [{ npm_config_port: "9443" }, "npm start -- --port 9443"],
  [{ npm_config_docker: "true" }, "npm start -- --docker"],
  [{ npm_config_json: "true" }, "npm start -- --json"],
];
