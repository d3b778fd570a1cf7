/** The pages that a student may ask for, and those that are refused. */

/** [asked for, path and query of the URL that is answered] */
export const pages: [page: string, url: string][] = [
  ["/", "/"],
  ["/lab", "/lab"],
  ["/notebooks/lesson.ipynb", "/notebooks/lesson.ipynb"],
  ["/notebooks/Übung 1.ipynb", "/notebooks/%C3%9Cbung%201.ipynb"],
  ["/lab/tree/a%2Fb?reset#cell=2", "/lab/tree/a%2Fb?reset#cell=2"],
  ["/a/../b", "/b"],
  ["/..//evil.test", "//evil.test"],
  ["/@evil.test", "/@evil.test"],
  [`/${"x".repeat(1023)}`, `/${"x".repeat(1023)}`],
];

export const refusedPages: [page: string, why: string][] = [
  ["", "no path"],
  ["lab", "no slash"],
  ["https://evil.test/", "another site"],
  ["javascript:alert(1)", "a script"],
  ["//evil.test/", "another host, with our scheme"],
  ["/\\evil.test/", "a backslash, which browsers read as a slash"],
  ["/lab\\..\\x", "a backslash further in"],
  ["/\t/evil.test", "a tab, which browsers leave out"],
  ["/lab\r\nset-cookie: a=b", "two lines"],
  ["/lab\u0000", "a zero"],
  ["/lab\u007f", "a control character of ASCII"],
  ["/lab\u0085", "a control character of Latin 1"],
  ["/lab\ud800", "half a character"],
  [" /lab", "a space in front"],
  [`/${"x".repeat(1024)}`, "longer than 1024 characters"],
  [".evil.test/", "which would lengthen the name"],
  ["@evil.test/", "which would make the name a user's"],
  [":1/", "which would change the port"],
];
