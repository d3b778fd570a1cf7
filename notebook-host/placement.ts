/**
 * Where a student's notebook is, or is to be: decided from what the hosts of a region say.
 *
 *   dev-01: 10 of 20 free    dev-02: 15 of 20 free    ada has none  →  try dev-02, then dev-01
 *
 * A student's two tabs may ask two allocators at the same moment, and each would find that nobody
 * holds anything. So an allocator says `placing` from before it asks until the notebook is reserved,
 * and waits for others who say so. Who gives way is settled by name (Burns and Lynch's one-bit
 * algorithm, "Bounds on shared memory for mutual exclusion", 1993): it lowers its own flag for an
 * earlier name, and keeps it up while it waits for a later one. So never two place, and always one does.
 */
import type { HostView } from "./answers.ts";

export type Step =
  | { readonly do: "relay"; readonly host: string }
  | { readonly do: "wait"; readonly keepsFlag: boolean }
  /** The hosts to try, best first; may be empty. */
  | { readonly do: "create"; readonly order: readonly string[] };

/** `others`: only those that answered. `own.placing` is not looked at: it is up. */
export function planStep(own: HostView, others: readonly HostView[]): Step {
  const holder = others.find((view) => view.notebooks.length > 0);
  if (holder !== undefined) return { do: "relay", host: holder.host };
  const placing = others.filter((view) => view.placing);
  if (placing.some((view) => view.host < own.host)) return { do: "wait", keepsFlag: false };
  if (placing.length > 0) return { do: "wait", keepsFlag: true };
  return { do: "create", order: planOrder(own, others) };
}

/**
 * Hosts with room, best first: where the student's files are, since a home lies on its host; then the
 * one with the greatest free share; then this one, which saves a relay; then by name.
 */
export function planOrder(own: HostView, others: readonly HostView[]): string[] {
  const share = (view: HostView) => view.room.free / view.room.capacity;
  return [own, ...others]
    .filter((view) => view.state === "available" && view.room.free > 0)
    .toSorted(
      (a, b) =>
        Number(b.hasHome) - Number(a.hasHome) ||
        share(b) - share(a) ||
        Number(b === own) - Number(a === own) ||
        (a.host < b.host ? -1 : 1),
    )
    .map((view) => view.host);
}
