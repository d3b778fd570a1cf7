/** The router's decision as Lua, in a Lua 5.4 of WebAssembly: the same code that HAProxy loads. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { LuaFactory } from "wasmoon";
import { nodeHmac } from "../../fleet/node-hmac.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const FIELD = "\u001f";
const QUESTION = "\u001e";

export type Ask = (questions: string[][], now: number) => string[];

/** Compiles the router and loads it. `settings`: domain, ports, fleet, keys. */
export async function loadLuaRouter(settings: string[], passSeconds: number): Promise<Ask> {
  const tstl = join(ROOT, "node_modules", "typescript-to-lua", "dist", "tstl.js");
  execFileSync(process.execPath, [tstl, "-p", join(ROOT, "test", "support", "lua", "tsconfig.json")]);
  const lua = await new LuaFactory().createEngine();
  lua.global.set("hmac", nodeHmac);
  await lua.doString(readFileSync(join(ROOT, "dist", "test", "router-driver.lua"), "utf8"));
  const ask: (settings: string, passSeconds: number, now: number, questions: string) => string = lua.global.get("ask");
  return (questions, now) => {
    const text = questions.map((fields) => fields.join(FIELD)).join(QUESTION);
    return ask(settings.join(FIELD), passSeconds, now, text).split(QUESTION);
  };
}
