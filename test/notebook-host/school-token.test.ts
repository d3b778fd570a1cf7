/** Whose tokens are good: by a secret, and by the school's public keys. */
import { createServer, type Server } from "node:http";
import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Problem } from "../../notebook-host/problem.ts";
import { createTokenCheck, type SchoolSettings } from "../../notebook-host/school-token.ts";

const SECRET = "a secret of the school, of more than 32 bytes";
const encode = (text: string) => new TextEncoder().encode(text);
const now = () => Math.floor(Date.now() / 1000);
const withSecret: SchoolSettings = { trust: { secret: SECRET }, audience: undefined, issuer: undefined };

interface Claims {
  [name: string]: unknown;
}

function signHs256(claims: Claims, secret = SECRET, header: { alg: string; typ?: string } = { alg: "HS256" }) {
  return new SignJWT(claims).setProtectedHeader(header).sign(encode(secret));
}

/** The status and the words of the refusal, or the student. */
async function check(school: SchoolSettings, authorization: string | undefined): Promise<string> {
  try {
    return (await createTokenCheck(school)(authorization)).sub;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { status, detail } = error.body;
    if (status === 401) expect(error.headers["www-authenticate"]).toMatch(/^Bearer realm="hallpass"/);
    return `${status} ${detail}`;
  }
}

const inAnHour = () => now() + 3600;

describe("with a shared secret", () => {
  test.each<[what: string, token: () => Promise<string>, answer: string]>([
    ["a token with sub and exp", () => signHs256({ sub: "ada", exp: inAnHour() }), "ada"],
    ["a sub of 256 characters", () => signHs256({ sub: "x".repeat(256), exp: inAnHour() }), "x".repeat(256)],
    [
      "a school whose clock is two seconds ahead",
      () => signHs256({ sub: "ada", exp: inAnHour(), nbf: now() + 2 }),
      "ada",
    ],
    ["one that expired a second ago", () => signHs256({ sub: "ada", exp: now() - 1 }), "401 The token has expired."],
    ["one that expired last year", () => signHs256({ sub: "ada", exp: 1 }), "401 The token has expired."],
    ["no exp", () => signHs256({ sub: "ada" }), "401 The token's exp is missing."],
    ["no sub", () => signHs256({ exp: inAnHour() }), "401 The token's sub is missing."],
    [
      "an empty sub",
      () => signHs256({ sub: "", exp: inAnHour() }),
      "401 The token's sub is not a text of 1 to 256 characters.",
    ],
    [
      "a number as sub",
      () => signHs256({ sub: 7, exp: inAnHour() }),
      "401 The token's sub is not a text of 1 to 256 characters.",
    ],
    [
      "a sub of 257",
      () => signHs256({ sub: "x".repeat(257), exp: inAnHour() }),
      "401 The token's sub is not a text of 1 to 256 characters.",
    ],
    [
      "an image that is no text",
      () => signHs256({ sub: "ada", exp: inAnHour(), image: 1 }),
      "401 The token's image is not a text.",
    ],
    [
      "one that begins tomorrow",
      () => signHs256({ sub: "ada", exp: now() + 200_000, nbf: now() + 86_400 }),
      "401 The token's nbf is not as required.",
    ],
    ["another secret", () => signHs256({ sub: "ada", exp: inAnHour() }, `${SECRET}!`), "401 The token is not genuine."],
    [
      "HS384",
      () => signHs256({ sub: "ada", exp: inAnHour() }, SECRET.repeat(2), { alg: "HS384" }),
      "401 The token's algorithm is not allowed.",
    ],
    [
      "alg none",
      async () => new UnsecuredJWT({ sub: "ada", exp: inAnHour() }).encode(),
      "401 The token's algorithm is not allowed.",
    ],
    [
      "alg none, with a dot and something after it",
      async () => `${new UnsecuredJWT({ sub: "ada", exp: inAnHour() }).encode()}AAAA`,
      "401 The token's algorithm is not allowed.",
    ],
    ["no JWT", async () => "sesame", "401 The token is not genuine."],
    ["three dots", async () => "a.b.c", "401 The token is not genuine."],
    ["five parts, which would be encrypted", async () => "a.b.c.d.e", "401 The token is not genuine."],
  ])("%s", async (_, token, answer) => {
    expect(await check(withSecret, `Bearer ${await token()}`)).toBe(answer);
  });

  test("nothing is signed by a token that was changed in one letter", async () => {
    const token = await signHs256({ sub: "ada", exp: inAnHour() });
    for (let at = 0; at < token.length; at += 3) {
      const other = token[at] === "A" ? "B" : "A";
      const changed = token.slice(0, at) + other + token.slice(at + 1);
      // The last letter has two bits that mean nothing.
      if (at < token.length - 1)
        expect([at, (await check(withSecret, `Bearer ${changed}`)).slice(0, 3)]).toEqual([at, "401"]);
    }
  });

  test.each<[authorization: string | undefined]>([
    [undefined],
    [""],
    ["Bearer"],
    ["Bearer "],
    ["Basic YWRhOg=="],
    ["Bearer a b"],
    ["token x"],
  ])("the header %j is refused", async (authorization) => {
    expect((await check(withSecret, authorization)).slice(0, 3)).toBe("401");
  });

  test("the word Bearer may be written in any case (RFC 9110 §11.1)", async () => {
    expect(await check(withSecret, `bearer ${await signHs256({ sub: "ada", exp: inAnHour() })}`)).toBe("ada");
  });

  test.each<[what: string, claims: Claims, answer: string]>([
    ["the right audience and issuer", { aud: "hallpass", iss: "https://school.example.org" }, "ada"],
    ["our audience among others", { aud: ["mail", "hallpass"], iss: "https://school.example.org" }, "ada"],
    ["another audience", { aud: "mail", iss: "https://school.example.org" }, "401 The token's aud is not as required."],
    ["no audience", { iss: "https://school.example.org" }, "401 The token's aud is missing."],
    ["another issuer", { aud: "hallpass", iss: "https://evil.test" }, "401 The token's iss is not as required."],
  ])("where an audience and an issuer are set: %s", async (_, claims, answer) => {
    const school = { ...withSecret, audience: "hallpass", issuer: "https://school.example.org" };
    const token = await signHs256({ sub: "ada", exp: inAnHour(), ...claims });
    expect(await check(school, `Bearer ${token}`)).toBe(answer);
  });

  test("the school may choose the image in the token", async () => {
    const token = await signHs256({ sub: "ada", exp: inAnHour(), image: "lesson:2" });
    expect(await createTokenCheck(withSecret)(`Bearer ${token}`)).toEqual({ sub: "ada", image: "lesson:2" });
  });
});

describe("with the school's public keys", () => {
  let school: SchoolSettings;
  let server: Server;
  let answer: { status: number; body: string };
  const pair = generateKeyPair("ES256", { extractable: true });
  const rsa = generateKeyPair("RS256", { extractable: true });
  const claims = () => new SignJWT({ sub: "ada", exp: inAnHour() });

  beforeAll(async () => {
    const keys = [
      { ...(await exportJWK((await pair).publicKey)), kid: "one", alg: "ES256" },
      { ...(await exportJWK((await rsa).publicKey)), kid: "two" },
    ];
    answer = { status: 200, body: JSON.stringify({ keys }) };
    server = createServer((_request, response) => response.writeHead(answer.status).end(answer.body));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const jwksUrl = new URL(`http://127.0.0.1:${address.port}/keys`);
    school = { trust: { jwksUrl }, audience: undefined, issuer: undefined };
  });
  afterAll(() => server.close());

  test("each key's own tokens are good", async () => {
    const es256 = await claims()
      .setProtectedHeader({ alg: "ES256", kid: "one" })
      .sign((await pair).privateKey);
    expect(await check(school, `Bearer ${es256}`)).toBe("ada");
    const rs256 = await claims()
      .setProtectedHeader({ alg: "RS256", kid: "two" })
      .sign((await rsa).privateKey);
    expect(await check(school, `Bearer ${rs256}`)).toBe("ada");
  });

  test("a token of another key is not, whatever it says of itself", async () => {
    const other = await generateKeyPair("ES256");
    for (const kid of ["one", "two", "three", undefined]) {
      const header = kid === undefined ? { alg: "ES256" } : { alg: "ES256", kid };
      const token = await claims().setProtectedHeader(header).sign(other.privateKey);
      expect([kid, await check(school, `Bearer ${token}`)]).toEqual([kid, "401 The token is not genuine."]);
    }
  });

  test("a token signed with the public key as a secret is not (RFC 8725 §2.1)", async () => {
    const pem = await exportSPKI((await rsa).publicKey);
    for (const secret of [pem, pem.trim(), JSON.stringify(await exportJWK((await rsa).publicKey))]) {
      const token = await claims().setProtectedHeader({ alg: "HS256", kid: "two" }).sign(encode(secret));
      expect(await check(school, `Bearer ${token}`)).toBe("401 The token's algorithm is not allowed.");
    }
    const none = new UnsecuredJWT({ sub: "ada", exp: inAnHour() }).encode();
    expect((await check(school, `Bearer ${none}`)).slice(0, 3)).toBe("401");
  });

  test.each<[what: string, status: number, body: string]>([
    ["refuses", 500, "{}"],
    ["talks nonsense", 200, "<h1>Welcome to our wifi</h1>"],
    ["has no keys member", 200, "{}"],
  ])("while the key server %s, the answer is 503: the token may well be good", async (_, status, body) => {
    const before = answer;
    answer = { status, body };
    const token = await claims()
      .setProtectedHeader({ alg: "ES256", kid: "one" })
      .sign((await pair).privateKey);
    expect((await check(school, `Bearer ${token}`)).slice(0, 3)).toBe("503");
    answer = before;
  });

  test("while the key server is down, the answer is 503", async () => {
    const nobody = { trust: { jwksUrl: new URL("http://127.0.0.1:1/keys") }, audience: undefined, issuer: undefined };
    const token = await claims()
      .setProtectedHeader({ alg: "ES256", kid: "one" })
      .sign((await pair).privateKey);
    expect((await check(nobody, `Bearer ${token}`)).slice(0, 3)).toBe("503");
  });
});
