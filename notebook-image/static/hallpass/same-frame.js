/**
 * Keeps a student in the school's page.
 *
 * Notebook 7 opens JupyterLab, the file browser and every file in a new tab. But the pass is a Partitioned cookie,
 * and belongs to the pair of school and notebook: a tab of its own has none, and would meet "no pass". So inside a
 * frame, what would open in another tab opens in the frame. The browser's "back" leads back.
 *
 * Other sites' pages still open in tabs of their own, and a notebook that is no frame is left as it is.
 */
(() => {
  if (window.parent === window) return;
  const openTab = window.open.bind(window);

  const isOurs = (url) => url.origin === location.origin && url.protocol.startsWith("http");

  /** What was typed in the last seconds is saved first; `jupyterapp` is there since the server's settings expose it. */
  async function openHere(url) {
    const commands = window.jupyterapp?.commands;
    for (const save of ["docmanager:save-all", "docmanager:save"]) {
      if (!commands?.hasCommand(save) || !commands.isEnabled(save)) continue;
      await commands.execute(save).catch(() => {});
      break;
    }
    location.assign(url);
  }

  window.open = (address, target, features) => {
    // JupyterLab's "Open in New Browser Tab" opens an empty tab and gives it an address afterwards.
    if (address === undefined || address === "") return window;
    const url = new URL(address, location.href);
    if (!isOurs(url)) return openTab(address, target, features);
    void openHere(url);
    return window;
  };

  // Links such as Notebook's logo. Capturing: before Jupyter's own handlers, which see that it is dealt with.
  document.addEventListener(
    "click",
    (event) => {
      const link = event.target instanceof Element ? event.target.closest("a[href][target]") : null;
      if (link === null || link.target === "_self" || link.hasAttribute("download") || event.button !== 0) return;
      const url = new URL(link.href, location.href);
      if (!isOurs(url)) return;
      event.preventDefault();
      void openHere(url);
    },
    true,
  );
})();
