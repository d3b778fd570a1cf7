/** What `npm start` says when all is ready: to a person, or as the one line of `--json`. */
import { type DevelopmentFleet, DOMAIN } from "./development-fleet.ts";

export interface Started {
  readonly fleet: DevelopmentFleet;
  readonly port: number;
  /** Path of the authority's certificate. */
  readonly ca: string;
}

export function encodeStarted({ fleet, port, ca }: Started): string {
  return JSON.stringify({ school: `${fleet.schoolOrigin}/`, api: fleet.apiOrigin, domain: DOMAIN, port, ca });
}

/** The loud line: the process runtime runs students' code as the user who typed npm start. */
export const NO_ISOLATION =
  "!!! Without --docker notebooks are plain processes: NOT ISOLATED from this machine, its files, or each other. For trying out only. !!!";

export function describeStarted({ fleet, ca }: Started): string {
  return `
  ${fleet.schoolOrigin}/

  The browser warns until it trusts the authority of this machine, which can speak for *.localhost only:
    ${ca}
  Firefox and Chromium: settings, certificates, authorities, import. Chromium on Linux by command:
    mkdir -p $HOME/.pki/nssdb && certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n hallpass -i ${ca}

  A notebook for ada by the API:
    curl --cacert ${ca} -X POST ${fleet.apiOrigin}/v1/notebooks \\
      -H "Authorization: Bearer $(npm run --silent token -- ada)" -H "Accept: application/json"

  Ctrl-C ends everything and leaves nothing behind.
`;
}
