/**
 * The HTTP API.
 *
 *   POST   /v1/notebooks         the student's notebook: 200, 201, or 202 with progress
 *   GET    /v1/notebooks         what this host holds of the student, and its room
 *   GET    /v1/notebooks/{id}    the same answer with a new ticket
 *   DELETE /v1/notebooks/{id}    ends it
 *
 * Any allocator of a region may be asked: it passes the request on to the one that holds the notebook.
 */
import type { IncomingMessage } from "node:http";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { ZodTypeProvider } from "fastify-type-provider-zod";
import { z } from "zod";
import { isNotebookId } from "../fleet/pass.ts";
import { askSchema, hostViewSchema, idParams, readySchema, startingSchema } from "./answers.ts";
import { type Neighbours, RELAYED, type RelayedRequest } from "./neighbours.ts";
import type { Notebooks } from "./notebooks.ts";
import type { Placer } from "./placer.ts";
import { badRequest, noSuchNotebook, problemSchema } from "./problem.ts";
import { observeAllocation, type ReplyMeans, sendNeighboursAnswer, sendNotebook } from "./replies.ts";
import type { CheckToken } from "./school-token.ts";
import { hashStudent, type StudentHash } from "./student.ts";

export interface RouteMeans extends ReplyMeans {
  readonly notebooks: Notebooks;
  readonly placer: Placer;
  readonly neighbours: Neighbours;
  readonly checkToken: CheckToken;
  /** Those that a student may choose. */
  readonly images: readonly string[];
}

interface Asker {
  readonly student: StudentHash;
  /** The school's choice. */
  readonly image: string | undefined;
}

interface Ask {
  readonly page?: string | undefined;
  readonly image?: string | undefined;
}

const problems = {
  "4xx": { description: "Refused", content: { "application/problem+json": { schema: problemSchema } } },
  "5xx": { description: "Failed, or no room", content: { "application/problem+json": { schema: problemSchema } } },
};
const security = [{ school: [] }];
const starting = {
  description: "Starting. Events: progress, then ready with the whole answer, or failed with a problem",
  content: { "application/json": { schema: startingSchema }, "text/event-stream": { schema: z.string() } },
};

const postSchema = {
  summary: "The student's notebook: the one there is, or a new one",
  security,
  body: askSchema,
  response: { 200: readySchema, 201: readySchema, 202: starting, ...problems },
};
const viewSchema = {
  summary: "What this notebook host holds of the student",
  security,
  response: { 200: hostViewSchema, ...problems },
};
const getSchema = {
  summary: "A notebook, with a new ticket",
  security,
  params: idParams,
  response: { 200: readySchema, 202: starting, ...problems },
};
const deleteSchema = {
  summary: "Ends a notebook; the student's files stay",
  security,
  params: idParams,
  response: { 204: z.null().describe("Ended"), ...problems },
};

export function addRoutes(server: FastifyInstance, means: RouteMeans): void {
  const { onRequest, askerOf } = createGate(means);
  const routes = server.withTypeProvider<ZodTypeProvider>();
  routes.post("/v1/notebooks", { onRequest, schema: postSchema }, (request, reply) =>
    post(askerOf(request), request.body ?? {}, request, reply, means),
  );
  routes.get("/v1/notebooks", { onRequest, schema: viewSchema }, (request) =>
    means.placer.view(askerOf(request).student),
  );
  routes.get("/v1/notebooks/:id", { onRequest, schema: getSchema }, async (request, reply) => {
    const { id } = request.params;
    const notebook = await means.notebooks.findRunning(askerOf(request).student, id);
    if (notebook !== undefined) return sendNotebook(notebook, 200, request, reply, means);
    return sendNeighboursAnswer(await askHolder(id, "GET", request, means), request, reply);
  });
  routes.delete("/v1/notebooks/:id", { onRequest, schema: deleteSchema }, async (request, reply) => {
    const { id } = request.params;
    if (await means.notebooks.end(askerOf(request).student, id)) return reply.code(204).send(null);
    return sendNeighboursAnswer(await askHolder(id, "DELETE", request, means), request, reply);
  });
}

/** Checks the school's token before the body is read: who may not ask need not be listened to. */
function createGate(means: RouteMeans) {
  const askers = new WeakMap<FastifyRequest, Asker>();
  const onRequest = async (request: FastifyRequest, reply: FastifyReply) => {
    reply.header("cache-control", "no-store");
    const { sub, image } = await means.checkToken(request.headers.authorization);
    askers.set(request, { student: hashStudent(means.fleet.domain, sub), image });
  };
  const askerOf = (request: FastifyRequest): Asker => {
    const asker = askers.get(request);
    if (asker === undefined) throw new Error("a route without a token check");
    return asker;
  };
  return { onRequest, askerOf };
}

async function post(asker: Asker, ask: Ask, request: FastifyRequest, reply: FastifyReply, means: RouteMeans) {
  const image = asker.image ?? ask.image;
  if (image !== undefined && !means.images.includes(image)) throw badRequest(describeImages(means.images));
  const placed = await means.placer.place({
    student: asker.student,
    image,
    request: relayable(request, "POST", "/v1/notebooks", JSON.stringify(ask)),
    isRelayed: isRelayed(request, means.neighbours),
  });
  if (placed.where === "neighbour") return sendNeighboursAnswer(placed.answer, request, reply);
  if (ask.page !== undefined) placed.notebook.page = ask.page;
  observeAllocation(placed.notebook, placed.isNew, reply, means.metrics);
  return sendNotebook(placed.notebook, placed.isNew ? 201 : 200, request, reply, means);
}

function describeImages(images: readonly string[]): string {
  return images.length === 0
    ? "There are no images to choose from here. Leave image out."
    : `The image is none of those allowed here: ${images.join(", ")}.`;
}

/** Whether a neighbour has passed it on already: then it goes no further. */
function isRelayed(request: FastifyRequest, neighbours: Neighbours): boolean {
  return request.headers[RELAYED] !== undefined && neighbours.isFromNeighbour(request.socket.remoteAddress);
}

function relayable(
  request: FastifyRequest,
  method: RelayedRequest["method"],
  path: string,
  body?: string,
): RelayedRequest {
  const { authorization = "", accept } = request.headers;
  return { method, path, authorization, accept, body };
}

/** Asks the neighbour that holds the notebook; throws a 404 problem when none does. */
async function askHolder(
  id: string,
  method: "GET" | "DELETE",
  request: FastifyRequest,
  means: RouteMeans,
): Promise<IncomingMessage> {
  if (!isNotebookId(id) || isRelayed(request, means.neighbours)) throw noSuchNotebook();
  const answer = await means.placer.relayToHolder(id, relayable(request, method, `/v1/notebooks/${id}`));
  if (answer === undefined) throw noSuchNotebook();
  return answer;
}
