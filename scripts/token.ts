/**
 * Prints a JWT for a student, as the school would sign it, for an hour.
 *
 *   npm run --silent token -- ada
 */
import { DATA } from "./data-folder.ts";
import { mintStudentToken, parseStudent } from "./school/student-token.ts";
import { ensureSchoolKey } from "./school-key.ts";

const HOUR_S = 3600;

const names = process.argv.slice(2);
const parsed = names.length === 1 ? parseStudent(names[0] ?? "") : undefined;
if (parsed?.ok !== true) {
  const given = names.length === 0 ? "No student was named" : `"${names.join(" ")}" is not one student's name`;
  console.error(`${given}. A name has letters, digits and dashes inside. Type: npm run --silent token -- ada`);
  process.exitCode = 1;
} else {
  console.log(await mintStudentToken(await ensureSchoolKey(DATA.schoolKey), parsed.student, HOUR_S));
}
