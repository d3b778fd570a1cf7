/** New notebooks' ids: "k3v9x2m4p7q8r5ta". */
import { randomBytes } from "node:crypto";

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** 80 random bits in base32 (RFC 4648 §6, in lower case), as fleet/pass.ts isNotebookId wants it. */
export function newNotebookId(): string {
  let bits = BigInt(`0x${randomBytes(10).toString("hex")}`);
  let id = "";
  for (let i = 0; i < 16; i++) {
    id += LETTERS[Number(bits & 31n)];
    bits >>= 5n;
  }
  return id;
}
