/**
 * What the allocator counts, for Prometheus at /metrics. Labels are few and fixed: no student, no
 * notebook and no port is ever one.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { Room } from "./notebooks.ts";

export interface Metrics {
  /** From the request to the notebook's readiness. `cold`: it was made for this request. */
  observeAllocation(seconds: number, isCold: boolean): void;
  countFailure(reason: string): void;
  countAnswer(route: string, status: number): void;
  /** Prometheus' text format. */
  read(): Promise<string>;
  readonly contentType: string;
}

/** A held notebook answers in milliseconds, Jupyter starts in seconds, and after a minute it is given up. */
const BUCKETS_SECONDS = [0.01, 0.03, 0.1, 0.3, 1, 2, 3, 5, 8, 13, 21, 34, 60];

export function createMetrics(readRoom: () => Room): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const allocation = new Histogram({
    name: "hallpass_allocation_seconds",
    help: "From a student's request to a notebook that answers; cold when it was made for the request.",
    labelNames: ["cold"],
    buckets: BUCKETS_SECONDS,
    registers,
  });
  const failures = new Counter({
    name: "hallpass_notebook_failures_total",
    help: "Notebooks that did not start, died, or could not be removed, and requests without room.",
    labelNames: ["reason"],
    registers,
  });
  const answers = new Counter({
    name: "hallpass_answers_total",
    help: "Answers by route and status.",
    labelNames: ["route", "status"],
    registers,
  });
  for (const part of ["capacity", "reserved", "free"] as const)
    new Gauge({
      name: `hallpass_notebooks_${part}`,
      help: `Places for notebooks on this host: ${part}.`,
      registers,
      collect() {
        this.set(readRoom()[part]);
      },
    });
  return {
    observeAllocation: (seconds, isCold) => allocation.observe({ cold: `${isCold}` }, seconds),
    countFailure: (reason) => failures.inc({ reason: reason.replaceAll(" ", "_") }),
    countAnswer: (route, status) => answers.inc({ route, status: `${status}` }),
    read: () => registry.metrics(),
    contentType: registry.contentType,
  };
}
