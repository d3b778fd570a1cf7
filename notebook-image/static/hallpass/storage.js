/**
 * Storage that works where the browser gives none.
 *
 * In another site's iframe, with third-party storage blocked, merely touching `window.localStorage` throws a
 * SecurityError. JupyterLab 4.6 takes that for a broken workspace and loads itself again, for ever
 * (`/lab/workspaces/auto-x?reset=1`). So this runs before all other scripts, and puts a storage into its place that
 * lives as long as the page; what it would have remembered is only the page's looks.
 *
 * JupyterLab 4.7 asks carefully (its pull request 19030). When requirements.txt has that, remove this file.
 */
(() => {
  /** The Storage interface (HTML standard, section 12.2.1) over a Map. */
  class PageStorage {
    #items = new Map();
    get length() {
      return this.#items.size;
    }
    key(index) {
      return [...this.#items.keys()][index] ?? null;
    }
    getItem(key) {
      return this.#items.get(String(key)) ?? null;
    }
    setItem(key, value) {
      this.#items.set(String(key), String(value));
    }
    removeItem(key) {
      this.#items.delete(String(key));
    }
    clear() {
      this.#items.clear();
    }
  }

  for (const name of ["localStorage", "sessionStorage"]) {
    try {
      window[name].getItem("");
    } catch {
      Object.defineProperty(window, name, { value: new PageStorage(), configurable: true, enumerable: true });
    }
  }
})();
