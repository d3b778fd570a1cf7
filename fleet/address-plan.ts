/**
 * The address plan: where a notebook host is, by arithmetic.
 *
 *   network 10.20.0.0/16, host 7  →  10.20.0.17
 *
 * A region's network has three zones of 4,096 addresses each (a /20 for every zone, at third
 * octets 0, 16 and 32). Hosts are dealt out over the zones in turn, and host n ends in 10 + n, so
 * that the number can be read in the address. The ten below are left to the cloud: it keeps the
 * first four of every subnet (Amazon VPC user guide, "Subnet sizing").
 *
 * Compiled to Lua too: no regular expressions, and no bit operators, which differ there.
 */

/** The most hosts a region can have: names end in two digits, 01 to 99. */
export const MAX_HOSTS = 99;

/** A text of digits only, without a leading zero, of at most `maxDigits`; otherwise undefined. */
export function parseDigits(text: string, maxDigits: number): number | undefined {
  if (text.length === 0 || text.length > maxDigits) return undefined;
  if (text.length > 1 && text.charCodeAt(0) === 48) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 48 || code > 57) return undefined;
    value = value * 10 + (code - 48);
  }
  return value;
}

/** Four octets of a dotted IPv4 address, or undefined. Refuses leading zeros, which some programs read as octal. */
export function parseIpv4(text: string): number[] | undefined {
  const octets: number[] = [];
  for (const part of text.split(".")) {
    const octet = parseDigits(part, 3);
    if (octet === undefined || octet > 255) return undefined;
    octets.push(octet);
  }
  return octets.length === 4 ? octets : undefined;
}

/**
 * The first two octets of a region's network, written as "10.20.0.0/16", or why it is refused.
 * Only private networks (RFC 1918) and loopback, on which a fleet on one machine runs.
 */
export function parseNetwork(text: string): { first: number; second: number } | string {
  const form = 'a private network of 65,536 addresses, as in "10.20.0.0/16"';
  if (!text.endsWith(".0.0/16")) return form;
  const octets = parseIpv4(text.slice(0, text.length - 3));
  if (octets === undefined) return form;
  const [first, second] = octets as [number, number];
  const isPrivate =
    first === 10 || (first === 172 && second >= 16 && second <= 31) || (first === 192 && second === 168);
  return isPrivate || first === 127 ? { first, second } : form;
}

/** The address of host `number` (1 to 99) in a network that `parseNetwork` took. */
export function planAddress(network: { first: number; second: number }, number: number): string {
  const zone = (number - 1) % 3;
  return `${network.first}.${network.second}.${zone * 16}.${10 + number}`;
}

/**
 * Whether a machine that is not ours may be listed at this address: not "this network" (0/8), not
 * link-local, where clouds serve credentials (169.254/16), not multicast or reserved (224/4 up).
 */
export function isReachable(octets: number[]): boolean {
  const [first, second] = octets as [number, number];
  return first !== 0 && first < 224 && !(first === 169 && second === 254);
}
