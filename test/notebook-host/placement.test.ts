/** Where a notebook goes, and that never two allocators place one student's at the same time. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HostView } from "../../notebook-host/answers.ts";
import { findNeighbours } from "../../notebook-host/neighbours.ts";
import { planOrder, planStep, type Standing } from "../../notebook-host/placement.ts";
import { fleetOf } from "../support/fleets.ts";
import { orders } from "./placement.cases.ts";

const view = (host: string, changes: Partial<HostView> = {}): HostView => ({
  notebooks: [],
  host,
  state: "available",
  room: { capacity: 10, reserved: 0, free: 10 },
  placing: false,
  hasHome: false,
  ...changes,
});

describe("the neighbours of a host", () => {
  const fleet = fleetOf({
    domain: "ide-proxy.example.org",
    ports: "6000-6999",
    fleet: "nyc 10.20.0.0/16 3; lon 10.21.0.0/16 1; lab 192.0.2.7; attic 192.0.2.8",
  });

  test.each<[host: string, neighbours: [string, string][]]>([
    [
      "nyc-02",
      [
        ["nyc-01", "10.20.0.11"],
        ["nyc-03", "10.20.32.13"],
      ],
    ],
    ["lon-01", []],
    ["lab", [["attic", "192.0.2.8"]]],
  ])("%s are the others of its region, and the machines that are not ours are one region", (host, neighbours) => {
    expect([...findNeighbours(fleet, host)]).toEqual(neighbours);
  });
});

describe("a new notebook's hosts, best first", () => {
  test.each(orders)("$what", ({ hosts, order }) => {
    const [own, ...others] = hosts.map(({ host, free = 5, capacity = 10, ...rest }) =>
      view(host, { room: { capacity, reserved: capacity - free, free }, ...rest }),
    );
    expect(own && planOrder(own, others)).toEqual(order);
  });
});

interface Allocator {
  readonly host: string;
  flag: boolean;
  holds: boolean;
  standing: Standing;
  /** What its neighbours have answered in this round. */
  heard: HostView[];
  state: "beginning" | "listening" | "placing" | "leaving" | "done";
  target: Allocator | undefined;
}

const answer = ({ host, flag, holds }: Allocator): HostView =>
  view(host, {
    placing: flag,
    notebooks: holds ? [{ id: "aaaaaaaaaaaaaaaa", state: "starting", server: host, port: 6001 }] : [],
  });

/** One small step of one allocator, as placer.ts takes them. Between two of them anything may happen elsewhere. */
function advance(one: Allocator, all: Allocator[], choice: number): void {
  if (one.state === "beginning") {
    if (one.standing !== "waiting") one.flag = true;
    one.heard = [];
    one.state = "listening";
  } else if (one.state === "placing") {
    if (one.target !== undefined) one.target.holds = true;
    one.state = "leaving";
  } else if (one.state === "leaving") {
    one.flag = false;
    one.state = "done";
  } else if (one.state === "listening") listen(one, all, choice);
}

function listen(one: Allocator, all: Allocator[], choice: number): void {
  const silent = all.filter((other) => other !== one && !one.heard.some(({ host }) => host === other.host));
  const next = silent[choice % silent.length];
  if (next !== undefined) {
    one.heard.push(answer(next));
    return;
  }
  const step = planStep(view(one.host), one.heard, one.standing);
  if (one.holds || step.do === "relay") one.state = "leaving";
  else if (step.do === "create") {
    one.target = all[choice % all.length];
    one.state = "placing";
  } else {
    one.standing = step.as;
    if (step.as === "waiting") one.flag = false;
    one.state = "beginning";
  }
}

describe("allocators asked for the same student at the same time", () => {
  // Of the greatest size: by default the arrays are so short that nobody comes to the end.
  const turns = fc.array(fc.nat(), { minLength: 10, maxLength: 120, size: "max" });
  const schedule = fc.tuple(fc.integer({ min: 2, max: 4 }), turns);
  const begin = (count: number): Allocator[] =>
    Array.from({ length: count }, (_, n) => ({
      host: `dev-0${n + 1}`,
      flag: false,
      holds: false,
      standing: "asking",
      heard: [],
      state: "beginning",
      target: undefined,
    }));
  const run = (all: Allocator[], turns: number[]) => {
    for (const turn of turns) {
      const one = all[turn % all.length];
      if (one !== undefined) advance(one, all, Math.floor(turn / all.length));
    }
  };

  test("make one notebook, in whatever order their steps happen", () => {
    fc.assert(
      fc.property(schedule, ([count, turns]) => {
        const all = begin(count);
        run(all, turns);
        expect(all.filter(({ holds }) => holds).length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 20_000 },
    );
  });

  test("all come to an end, and there is a notebook then, when each is given its turn", () => {
    fc.assert(
      fc.property(schedule, ([count, turns]) => {
        const all = begin(count);
        run(all, turns);
        for (let round = 0; round < 200; round++) for (const one of all) advance(one, all, round);
        expect(all.map(({ state }) => state)).toEqual(all.map(() => "done"));
        expect(all.filter(({ holds }) => holds)).toHaveLength(1);
      }),
      { numRuns: 1000 },
    );
  });
});

test("whoever holds the student's notebook is asked, though others are placing", () => {
  const notebooks = [{ id: "aaaaaaaaaaaaaaaa", state: "ready", server: "dev-03", port: 6001 }];
  const step = planStep(view("dev-02"), [view("dev-01", { placing: true }), view("dev-03", { notebooks })], "asking");
  expect(step).toEqual({ do: "relay", host: "dev-03" });
});
