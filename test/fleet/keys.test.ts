import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { decodeKeyRing, encodeKeyRing, hostKey, hostKeyRing, notebookToken, passKey } from "../../fleet/keys.ts";
import { nodeHmac } from "../../fleet/node-hmac.ts";

const KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";

const refusedRings: [text: string, why: string][] = [
  ["", "nothing"],
  [KEY, "no number"],
  [`0:${KEY}`, "number 0"],
  [`100:${KEY}`, "three digits"],
  [`01:${KEY}`, "a leading zero"],
  ["1:", "no key"],
  ["1:c2hvcnQ=", "a short key"],
  [`1:${KEY.slice(1)}`, "a character less"],
  [`1:${KEY.slice(0, -2)}==`, "31 bytes"],
  [`1:!${KEY.slice(1)}`, "not base64, which would crash HAProxy 2.6"],
  [`1:-${KEY.slice(1)}`, "base64url, which is not base64"],
  [`1:${KEY},1:${OTHER}`, "one number twice"],
  [`1:${KEY},`, "a comma at the end"],
  [`1:${KEY}:x`, "a colon too many"],
];

describe("the ring of keys", () => {
  test.each(refusedRings)("%j is refused, and the key is not in the reason: %s", (text) => {
    const decoded = decodeKeyRing(text);
    expect(decoded.ok).toBe(false);
    expect(JSON.stringify(decoded)).not.toContain(KEY.slice(2, 20));
  });

  test("keeps its order: the first key signs", () => {
    const text = `2:${KEY},1:${OTHER}`;
    const decoded = decodeKeyRing(text);
    expect(decoded).toEqual({
      ok: true,
      ring: [
        { number: 2, base64: KEY },
        { number: 1, base64: OTHER },
      ],
    });
    expect(decoded.ok && encodeKeyRing(decoded.ring)).toBe(text);
  });

  test("takes what 32 random bytes look like", () => {
    for (let i = 0; i < 500; i++)
      expect(decodeKeyRing(`7:${randomBytes(32).toString("base64")}`)).toMatchObject({ ok: true });
  });
});

describe("what is derived from the fleet key", () => {
  const key = { number: 1, base64: KEY };

  test("is HMAC-SHA256: a known answer, computed with openssl", () => {
    expect(hostKey(nodeHmac, key, "nyc-01")).toEqual({
      number: 1,
      base64: "Hf/y3q1NS1Uh9BYEQwywnsTbcLb8wKv50jNQ1CeXMXk=",
    });
  });

  test("differs by host, by kind and by notebook", () => {
    const keys = [
      hostKey(nodeHmac, key, "nyc-01").base64,
      hostKey(nodeHmac, key, "nyc-02").base64,
      passKey(nodeHmac, key).base64,
      hostKey(nodeHmac, { number: 1, base64: OTHER }, "nyc-01").base64,
      notebookToken(nodeHmac, hostKey(nodeHmac, key, "nyc-01"), "a".repeat(16)),
      notebookToken(nodeHmac, hostKey(nodeHmac, key, "nyc-01"), "b".repeat(16)),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("has the numbers of the fleet's keys", () => {
    const ring = hostKeyRing(nodeHmac, [{ number: 2, base64: OTHER }, key], "nyc-01");
    expect(ring.map((each) => each.number)).toEqual([2, 1]);
  });

  test("is safe in a header, a cookie and a URL, as a notebook's token", () => {
    for (let i = 0; i < 200; i++) expect(notebookToken(nodeHmac, key, `${i}`)).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });
});
