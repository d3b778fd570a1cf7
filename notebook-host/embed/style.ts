/**
 * The element's looks. The system's own colours (Canvas, CanvasText) follow the page's light or dark
 * scheme and a reader's high contrast. A page may set `--hallpass-background`, `--hallpass-color` and
 * `--hallpass-accent`, and the element's size.
 */
export const style = `
:host { display: block; position: relative; width: 100%; height: 100%; min-height: 20rem; overflow: hidden;
  background: var(--hallpass-background, Canvas); color: var(--hallpass-color, CanvasText); font: 1rem/1.5 system-ui, sans-serif;
  --accent: var(--hallpass-accent, light-dark(#2563a8, #8ab8f0)); }
:host([hidden]) { display: none; }
.frame, .cover { position: absolute; inset: 0; width: 100%; height: 100%; border: 0; }
.cover { display: grid; place-content: center; justify-items: center; box-sizing: border-box; padding: 1.5rem;
  text-align: center; background: inherit; overflow: auto; outline: 0; }
.cover[data-state=ready] { opacity: 0; pointer-events: none; transition: opacity .25s; }
.status { display: grid; justify-items: center; }
.sign { width: 2.5rem; height: 2.5rem; margin-bottom: 1rem; color: var(--accent); }
.ring { fill: none; stroke: currentColor; stroke-width: 3; stroke-linecap: round; }
.track { opacity: .2; }
.busy .arc { stroke-dasharray: 28 100; transform-origin: center; animation: turn 1.1s linear infinite; }
.arc, .mark { display: none; }
.busy .arc, .still .mark { display: inline; }
@keyframes turn { to { transform: rotate(360deg); } }
h2 { margin: 0; font-size: 1.25rem; line-height: 1.3; font-weight: 600; text-wrap: balance; }
p { margin: .35rem 0 0; max-width: 26rem; text-wrap: pretty; overflow-wrap: anywhere; }
p:empty { display: none; }
.detail, .countdown { font-size: .875rem; opacity: .72; }
.countdown { font-variant-numeric: tabular-nums; }
.aloud { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.buttons { display: flex; flex-wrap: wrap; justify-content: center; gap: .5rem; margin-top: 1.25rem; }
.buttons:empty { display: none; }
button { font: inherit; font-weight: 500; padding: .45rem 1.1rem; border-radius: .5rem; cursor: pointer;
  border: 1px solid var(--accent); background: transparent; color: var(--accent); }
button:first-child { background: var(--accent); color: var(--hallpass-background, Canvas); }
button:hover { filter: brightness(1.1); }
button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
@media (prefers-reduced-motion: reduce) {
  .cover[data-state=ready] { transition: none; }
  .busy .arc { animation: none; }
}`;
