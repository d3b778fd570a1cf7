/** The demonstration school: who it believes, what its page permits, and that its tokens are good. */
import { jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSchool } from "../../scripts/school/school.ts";
import { mintStudentToken } from "../../scripts/school/student-token.ts";

const secret = "a secret of the school, and no other";
const key = new TextEncoder().encode(secret);
const api = "https://ide-proxy.localhost:8443";
let school: Awaited<ReturnType<typeof startSchool>>;
beforeAll(async () => {
  school = await startSchool({ api, secret, address: "127.0.0.1" });
});
afterAll(() => school.stop());

const get = (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${school.port}${path}`, init);
const verify = (token: string) => jwtVerify(token, key, { algorithms: ["HS256"] });

describe("the lesson's page", () => {
  test.each([
    ["/", "ada"],
    ["/?student=grace", "grace"],
    ["/?student=ada-2", "ada-2"],
  ])("%s brings %s's token", async (path, student) => {
    const page = await (await get(path)).text();
    const token = /<hallpass-notebook token="([^"]+)"/.exec(page)?.[1] ?? "";
    const { payload } = await verify(token);
    expect(payload.sub).toBe(student);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
    expect(page).toContain(`<a href="/?student=${student}" aria-current="true">${student}</a>`);
    expect(page).toContain(`<script type="module" src="${api}/embed.js"></script>`);
  });

  test.each(["", "ada%20lovelace", "ada.", "-ada", "ada-", "%3Cscript%3E", "a".repeat(41), "ад", "ada%0Agrace"])(
    "a student named %j is refused in plain words",
    async (name) => {
      for (const path of ["/", "/token"]) {
        const answer = await get(`${path}?student=${name}`);
        expect(answer.status).toBe(400);
        expect(await answer.text()).toContain("letters, digits and dashes");
      }
    },
  );

  test("permits what embed.js needs, and nothing else", async () => {
    const { headers } = await get("/");
    expect(headers.get("content-security-policy")?.split("; ")).toEqual([
      "default-src 'none'",
      `script-src 'self' ${api}`,
      "style-src 'self'",
      `connect-src 'self' ${api}`,
      "frame-src https://*.ide-proxy.localhost:8443",
      "form-action https://*.ide-proxy.localhost:8443",
      "base-uri 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(headers.get("cache-control")).toBe("no-store");
  });
});

describe("a new token", () => {
  test("is made for the student who asks, ten minutes long", async () => {
    const answer = await get("/token?student=grace");
    const { token } = (await answer.json()) as { token: string };
    expect((await verify(token)).payload.sub).toBe("grace");
    expect(answer.headers.get("cache-control")).toBe("no-store");
  });

  test("is never made for what is no student", async () => {
    await expect(mintStudentToken(secret, "ada grace", 60)).rejects.toThrow("letters, digits and dashes");
  });
});

test.each([
  ["POST", "/", 405],
  ["GET", "/../school.ts", 404],
  ["GET", "/school.ts", 404],
  ["HEAD", "/", 200],
])("%s %s is answered with %j", async (method, path, status) => {
  expect((await get(path, { method })).status).toBe(status);
});
