/** HMAC-SHA256 by Node's own library, for everything but the router. */
import { createHmac } from "node:crypto";
import type { Hmac } from "./keys.ts";

export const nodeHmac: Hmac = (keyBase64, text) =>
  createHmac("sha256", Buffer.from(keyBase64, "base64")).update(text).digest("base64");
