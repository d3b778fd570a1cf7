/**
 * Which port the next notebook gets: the one that has been free for longest.
 *
 *   6000-6003, 6001 busy, 6000 ended just now  →  6002
 *
 * An old tab still knocks at an ended notebook's name. Its pass opens nothing there, but the longer the
 * port rests the fewer such tabs meet the next student's notebook. Ports never used come first, in turn
 * from `start`: an allocator that was started anew has forgotten when its ports ended, and begins somewhere else.
 */
export interface PortUse {
  readonly first: number;
  readonly last: number;
  readonly busy: ReadonlySet<number>;
  /** When each port's last notebook ended, in any unit that grows. */
  readonly endedAt: ReadonlyMap<number, number>;
  /** A port of the range. */
  readonly start: number;
}

/** A free port, or undefined when all are busy. */
export function choosePort(use: PortUse): number | undefined {
  const count = use.last - use.first + 1;
  let chosen: number | undefined;
  let chosenEnd = Number.POSITIVE_INFINITY;
  for (let step = 0; step < count; step++) {
    const port = use.first + ((use.start - use.first + step) % count);
    if (use.busy.has(port)) continue;
    const end = use.endedAt.get(port);
    if (end === undefined) return port;
    if (end < chosenEnd) {
      chosen = port;
      chosenEnd = end;
    }
  }
  return chosen;
}
