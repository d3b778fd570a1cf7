/**
 * The HTTP server: what holds for every route. The routes are in routes.ts.
 *
 * Whatever a client sends, the answer is a problem (RFC 9457) and the service goes on.
 */
import cors from "@fastify/cors";
import swagger from "@fastify/swagger";
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  LogController,
} from "fastify";
import {
  hasZodFastifySchemaValidationErrors,
  jsonSchemaTransform,
  serializerCompiler,
  validatorCompiler,
} from "fastify-type-provider-zod";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import { badRequest, notFound, type Problem, problemOf } from "./problem.ts";

/** A question is a path and an image's name. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** Longer than the proxy keeps its own idle connections, so that it is never the one to find them closed. */
const KEEP_ALIVE_MS = 75_000;
/** Browsers keep what they learned from a preflight for so long; Chromium for two hours at most. */
const PREFLIGHT_SECONDS = 7200;

export interface ServerOptions {
  readonly schoolOrigins: readonly string[];
  readonly log: Log;
  readonly metrics: Metrics;
}

export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const server = Fastify({
    loggerInstance: options.log as FastifyBaseLogger,
    // Its own lines have the URL with its query, and there are two for each request.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
    keepAliveTimeout: KEEP_ALIVE_MS,
    // Streams last as long as a start: closing does not wait for them.
    forceCloseConnections: true,
    frameworkErrors: (error, _request, reply) => sendProblem(reply as unknown as FastifyReply, problemOf(error)),
  });
  server.setValidatorCompiler(validatorCompiler);
  server.setSerializerCompiler(serializerCompiler);
  acceptJsonOnly(server);
  answerProblems(server);
  logAnswers(server, options);
  await server.register(cors, {
    origin: [...options.schoolOrigins],
    methods: ["GET", "POST", "DELETE"],
    allowedHeaders: ["authorization", "content-type"],
    exposedHeaders: ["Location", "Retry-After"],
    maxAge: PREFLIGHT_SECONDS,
  });
  await server.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "Hallpass allocator",
        version: "1",
        description: "Asks for a student's notebook, with the school's JWT. Errors are problems (RFC 9457).",
      },
      components: { securitySchemes: { school: { type: "http", scheme: "bearer", bearerFormat: "JWT" } } },
    },
    transform: jsonSchemaTransform,
  });
  return server;
}

/** A POST that says JSON and brings nothing is as good as one without a body. */
function acceptJsonOnly(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  const parse = server.getDefaultJsonParser("error", "error");
  server.addContentTypeParser<string>("application/json", { parseAs: "string" }, (request, body, done) => {
    if (body === "") done(null, undefined);
    else parse(request, body, done);
  });
}

function sendProblem(reply: FastifyReply, problem: Problem): void {
  reply.code(problem.body.status).headers({ ...problem.headers, "cache-control": "no-store" });
  reply.type("application/problem+json").send(problem.body);
}

function answerProblems(server: FastifyInstance): void {
  server.setNotFoundHandler((_request, reply) => sendProblem(reply, notFound()));
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const problem = hasZodFastifySchemaValidationErrors(error) ? badRequest(describeFaults(error)) : problemOf(error);
    if (problem.body.status === 500) request.log.error({ err: error }, "a request failed");
    sendProblem(reply, problem);
  });
}

function describeFaults(error: FastifyError): string {
  const faults = (error.validation ?? []).map(({ instancePath, message }) => {
    const where = instancePath.replace(/^\//, "");
    return where === "" || message?.startsWith(where) ? message : `${where}: ${message}`;
  });
  return `The body is not as it must be: ${faults.join("; ")}.`;
}

/** One line for each answer, and a count; the line has the route, not the URL. */
function logAnswers(server: FastifyInstance, { log, metrics }: ServerOptions): void {
  server.addHook("onResponse", async (request, reply) => {
    const route = request.routeOptions.url ?? "none";
    metrics.countAnswer(route, reply.statusCode);
    const line = { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime) };
    if (route === "/healthz" || route === "/metrics") return;
    log.info(line, "answered");
  });
}
