import { describe, expect, test } from "vitest";
import { findPageFault, pageUrl } from "../../notebook-host/page.ts";
import { pages, refusedPages } from "./page.cases.ts";

const ORIGIN = "https://dev-01-6001.ide-proxy.example.org:8443";

describe("a page", () => {
  test.each(pages)("%j is opened at the notebook's own name", (page, path) => {
    expect(findPageFault(page)).toBeUndefined();
    expect(pageUrl(ORIGIN, page)).toBe(ORIGIN + path);
  });

  test.each(refusedPages)("%j is refused: %s", (page) => {
    expect(findPageFault(page)).toMatch(/^page /);
  });
});
