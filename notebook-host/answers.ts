/**
 * What the allocator is asked and what it answers, as schemas: they check, serialize, and are the OpenAPI document.
 *
 *   { id, url, server, port, ticket, expiresAt }      a notebook that is ready
 */

import { z } from "zod";
import type { Fleet } from "../fleet/fleet.ts";
import type { Hmac } from "../fleet/keys.ts";
import { encodeName } from "../fleet/notebook-name.ts";
import { encodeTicket, isNotebookId, TICKET_SECONDS } from "../fleet/pass.ts";
import type { Notebook } from "./notebook.ts";
import { findPageFault, pageUrl } from "./page.ts";

const idSchema = z.string().describe("The notebook's id: 16 characters of a-z and 2-7");
const serverSchema = z.string().describe("The notebook host that holds it");
const portSchema = z.number().int();

const pageSchema = z
  .string()
  .superRefine((page, context) => {
    const fault = findPageFault(page);
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  })
  .describe('The path to open, as in "/notebooks/lesson.ipynb"');

/** No body at all is as good as an empty one. */
export const askSchema = z
  .strictObject({
    page: pageSchema.optional(),
    image: z.string().max(256).optional().describe("One of the images that this fleet allows"),
  })
  .nullish();

export const idParams = z.object({ id: idSchema });

export const readySchema = z
  .object({
    id: idSchema,
    url: z.string().describe("The page at the notebook's own name. Opens with the ticket"),
    server: serverSchema,
    port: portSchema,
    ticket: z.string().describe(`Lets into this notebook, for ${TICKET_SECONDS} seconds`),
    expiresAt: z.iso.datetime().describe("When the ticket does"),
  })
  .describe("A notebook that is ready");

export const startingSchema = z
  .object({ id: idSchema, state: z.string(), server: serverSchema })
  .describe("A notebook that is still starting, for those who accept JSON only");

/** What a student's question says of a host. Neighbours ask it too: strict, since what they answer decides. */
export const hostViewSchema = z
  .object({
    notebooks: z.array(
      z.object({ id: z.string().refine(isNotebookId), state: z.string(), server: z.string(), port: portSchema }),
    ),
    host: z.string(),
    state: z.enum(["available", "cordoned"]),
    room: z.object({
      capacity: z.number().int().positive(),
      reserved: z.number().int().nonnegative(),
      free: z.number().int().nonnegative(),
    }),
    placing: z.boolean().describe("Whether this host is choosing a place for this student right now"),
    hasHome: z.boolean().describe("Whether this student's files are on this host"),
  })
  .describe("What this notebook host holds of the student, and its room");

export type HostView = z.infer<typeof hostViewSchema>;
export type ReadyAnswer = z.infer<typeof readySchema>;

export interface AnswerMeans {
  readonly fleet: Fleet;
  readonly host: string;
  /** Left out of URLs when it is 443. */
  readonly publicPort: number;
  readonly hmac: Hmac;
}

/** The answer for a ready notebook, with a ticket that was made for it now. */
export function readyAnswer(notebook: Notebook, means: AnswerMeans, nowMs: number): ReadyAnswer {
  const { fleet, host, publicPort, hmac } = means;
  const { id, port, key, page } = notebook;
  const expiry = Math.floor(nowMs / 1000) + TICKET_SECONDS;
  const suffix = publicPort === 443 ? "" : `:${publicPort}`;
  const url = pageUrl(`https://${encodeName({ host, port }, fleet)}${suffix}`, page);
  const ticket = encodeTicket(hmac, key, { host, port, id }, expiry);
  return { id, url, server: host, port, ticket, expiresAt: new Date(expiry * 1000).toISOString() };
}
