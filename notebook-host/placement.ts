/**
 * Where a student's notebook is, or is to be: decided from what the hosts of a region say.
 *
 *   dev-01: 10 of 20 free    dev-02: 15 of 20 free    ada has none  →  try dev-02, then dev-01
 *
 * A student's two tabs may ask two allocators at the same moment, and each would find that nobody
 * holds anything. So an allocator says `placing` from before it asks until the notebook is reserved,
 * and waits for others who say so. Who gives way is settled by name (Burns and Lynch's one-bit
 * algorithm, "Bounds on shared memory for mutual exclusion", 1993): for an earlier name it lowers its own
 * flag, and raises it only when that one is through; for a later one it keeps it up while it waits. So
 * never two place, and always one does.
 */
import type { HostView } from "./answers.ts";

/**
 * `asking`: says `placing`. `waiting`: does not, for an earlier name's sake. `alone`: says it, and has
 * seen since that nobody else does; until it is done, nobody else places.
 */
export type Standing = "waiting" | "asking" | "alone";

export type Step =
  | { readonly do: "relay"; readonly host: string }
  /** Ask all again in this standing; `pauses` when it is somebody else's turn. */
  | { readonly do: "ask"; readonly as: Standing; readonly pauses: boolean }
  /** The hosts to try, best first; may be empty. */
  | { readonly do: "create"; readonly order: readonly string[] };

/**
 * `others`: only those that answered, asked in this standing. Whoever is alone looks once more before
 * it creates: another may have placed the notebook after one host was asked, and been through before
 * the next was.
 */
export function planStep(own: HostView, others: readonly HostView[], standing: Standing): Step {
  const holder = others.find((view) => view.notebooks.length > 0);
  if (holder !== undefined) return { do: "relay", host: holder.host };
  if (standing === "alone") return { do: "create", order: planOrder(own, others) };
  const placing = others.filter((view) => view.placing);
  if (placing.some((view) => view.host < own.host)) return { do: "ask", as: "waiting", pauses: true };
  if (standing === "waiting") return { do: "ask", as: "asking", pauses: false };
  if (placing.length > 0) return { do: "ask", as: "asking", pauses: true };
  return { do: "ask", as: "alone", pauses: false };
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
