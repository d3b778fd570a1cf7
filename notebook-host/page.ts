/**
 * The page of a notebook that a student asks for: a path, and nothing else.
 *
 *   "/notebooks/lesson.ipynb"  →  https://dev-01-6001.ide-proxy.example.org/notebooks/lesson.ipynb
 *
 * It ends up in a URL, so whatever a browser could read as another host is refused: "//evil.test/",
 * and "/\evil.test/", since browsers read a backslash as a slash (URL Standard, "special URL").
 */
const MAX_PAGE_LENGTH = 1024;

/** Why this is no page, or undefined when it is one. */
export function findPageFault(page: string): string | undefined {
  if (page.length > MAX_PAGE_LENGTH) return `page is longer than ${MAX_PAGE_LENGTH} characters`;
  if (!page.startsWith("/") || page.startsWith("//"))
    return 'page must begin with one "/", as in "/notebooks/lesson.ipynb"';
  if (page.includes("\\")) return "page must have no backslash";
  if (/\p{Cc}/u.test(page) || !page.isWellFormed()) return "page must have no control characters";
  return undefined;
}

/** The whole address. `origin` as in "https://dev-01-6001.ide-proxy.example.org:8443"; the page is one that was checked. */
export function pageUrl(origin: string, page: string): string {
  return new URL(`${origin}${page}`).href;
}
