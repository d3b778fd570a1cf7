/**
 * The school's page, as text.
 *
 * What a real school takes from it are the two lines of `notebook`, and the policy: embed.js needs
 * script-src and connect-src for the allocators' address, and frame-src and form-action for the
 * notebooks' names, since the ticket is posted by a form.
 */

export interface Lesson {
  readonly api: string;
  readonly student: string;
  readonly token: string;
}

const students = ["ada", "grace"];

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

/** The Content-Security-Policy of the page. `api` is an origin: "https://ide-proxy.localhost:8443". */
export function securityPolicy(api: string): string {
  const notebooks = api.replace("://", "://*.");
  return [
    "default-src 'none'",
    `script-src 'self' ${api}`,
    "style-src 'self'",
    `connect-src 'self' ${api}`,
    `frame-src ${notebooks}`,
    `form-action ${notebooks}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

function notebook({ api, token }: Lesson): string {
  return `<script type="module" src="${escapeHtml(api)}/embed.js"></script>
      <hallpass-notebook token="${escapeHtml(token)}" page="/notebooks/lesson.ipynb"></hallpass-notebook>`;
}

function document(title: string, inside: string): string {
  return `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width">
  <meta name="color-scheme" content="light dark">
  <title>${title}</title>
  <link rel="stylesheet" href="/school.css">
</head>
<body>
${inside}
</body>
</html>
`;
}

function studentLink(name: string, current: string): string {
  const here = name === current ? ' aria-current="true"' : "";
  return `<a href="/?student=${name}"${here}>${name}</a>`;
}

export function lessonPage(lesson: Lesson): string {
  const names = students.includes(lesson.student) ? students : [...students, lesson.student];
  return document(
    `Lesson 1 · ${lesson.student}`,
    `  <header>
    <a class="school" href="/">School</a>
    <nav aria-label="Student">${names.map((name) => studentLink(name, lesson.student)).join("")}</nav>
  </header>
  <main>
    <div class="lesson">
      <h1>Lesson 1: the first cell</h1>
      <p>Below is a notebook of your own. Click into the cell with <code>print(6*7)</code>, and press
        <kbd>Shift</kbd> and <kbd>Enter</kbd> together.</p>
    </div>
    <div class="notebook">
      ${notebook(lesson)}
    </div>
  </main>
  <footer>This school is a demonstration: whoever opens it is ${lesson.student}. A real one asks for a sign-in.</footer>
  <script type="module" src="/school.js"></script>`,
  );
}

export function messagePage(message: string): string {
  return document(
    "School",
    `  <main class="message"><h1>School</h1><p>${escapeHtml(message)}</p><p><a href="/">To Lesson 1</a></p></main>`,
  );
}
