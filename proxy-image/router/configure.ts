/**
 * The image's first step, before HAProxy: checks the settings and writes what depends on them.
 *
 *   lua5.4 configure.lua /run/hallpass /usr/local/share/hallpass/pages
 *
 * Ends with 1, and an error for each wrong setting on stderr, when they are refused.
 */
import { planConfiguration } from "../configuration.ts";

declare const arg: string[];
/** Lua counts from 1, and TypeScriptToLua adds the 1. */
const [runDirectory, pages] = arg as [string, string];
const planned = planConfiguration((name) => os.getenv(name), runDirectory, pages);
if (!planned.ok) {
  for (const problem of planned.errors) io.stderr.write(`hallpass: ${problem}\n`);
  os.exit(1);
} else {
  for (const file of planned.files) {
    const [handle, reason] = io.open(`${runDirectory}/${file.name}`, "w");
    if (handle === undefined) {
      io.stderr.write(
        `hallpass: cannot write ${file.name}: ${reason}. Mount a folder that user 10001 may write to at ${runDirectory}.\n`,
      );
      os.exit(1);
    } else {
      handle.write(file.content);
      handle.close();
    }
  }
}
