/**
 * What is no student's affair: health, metrics, the API's description, and the school page's script.
 *
 *   GET /healthz           200, or 503 when the runtime does not answer: then the proxy asks another host
 *   GET /holds/6578/<id>   204 when the notebook of this id has this port, 410 when not: asked by the router
 *   GET /metrics           for Prometheus
 *   GET /v1/openapi.json
 *   GET /embed.js          <script src="https://ide-proxy.example.org/embed.js"> in the school's page
 */
import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import type { Metrics } from "./metrics.ts";
import { notFound, unavailable } from "./problem.ts";

export interface SystemMeans {
  readonly host: string;
  readonly metrics: Metrics;
  readonly embedFile: string;
  readonly isHealthy: () => boolean;
  readonly holds: (id: string, port: number) => boolean;
}

const hidden = { schema: { hide: true } };

export function addSystemRoutes(server: FastifyInstance, means: SystemMeans): void {
  server.get("/healthz", hidden, async () => {
    if (!means.isHealthy()) throw unavailable("This notebook host cannot see its notebooks at the moment.");
    return { status: "ok", host: means.host };
  });
  server.get<{ Params: { port: string; id: string } }>("/holds/:port/:id", hidden, async (request, reply) => {
    const { port, id } = request.params;
    return reply.code(means.holds(id, Number(port)) ? 204 : 410).send();
  });
  server.get("/metrics", hidden, async (_request, reply) =>
    reply.type(means.metrics.contentType).send(await means.metrics.read()),
  );
  server.get("/v1/openapi.json", hidden, async () => server.swagger());
  server.get("/embed.js", hidden, async (request, reply) => {
    const script = await readFile(means.embedFile, "utf8").catch(() => undefined);
    if (script === undefined) {
      request.log.error({ file: means.embedFile }, "embed.js is not built; run: npm run build");
      throw notFound();
    }
    // Read by the school's pages, which are another origin; a new version is seen at the next lesson.
    reply.headers({ "cache-control": "public, max-age=300", "cross-origin-resource-policy": "cross-origin" });
    return reply.type("text/javascript; charset=utf-8").send(script);
  });
}
