/**
 * debian:trixie-slim, on which both images are built: there, pulled, or made from Debian's own packages.
 *
 *   await ensureBaseImage(log)
 *
 * The surprise: networks that let Debian's mirror through and no container registry are common in schools. There,
 * as root on Debian or Ubuntu, debootstrap makes the same image under the same name.
 */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runCommand, secondsSince, tryCommand } from "./command.ts";
import { installPackages } from "./debian-packages.ts";

export const BASE_IMAGE = "debian:trixie-slim";

/**
 * debootstrap knows only the release itself; fixes of security and of the point releases come from beside it.
 * `written`: the sources that it wrote, "deb <mirror>/debian trixie main".
 */
function completeSources(written: string): string {
  const mirror = written.trim().split(" ")[1] ?? "";
  const security = mirror.replace(/\/debian\/?$/, "/debian-security");
  const lines = [`${mirror} trixie`, `${mirror} trixie-updates`, `${security} trixie-security`];
  return lines.map((line) => `deb ${line} main\n`).join("");
}

/** What the slim images of Debian leave out too. */
const LEFT_OUT = ["usr/share/doc/*", "usr/share/man/*", "usr/share/locale/*", "var/lib/apt/lists/*", "var/cache/apt/*"];

/** Pulls the base image, or makes it, when it is not there. Throws an Error that ends in what to type. */
export async function ensureBaseImage(log: (line: string) => void): Promise<void> {
  if ((await tryCommand(["docker", "image", "inspect", BASE_IMAGE])) !== undefined) return;
  const start = performance.now();
  log(`Docker: pulling ${BASE_IMAGE} …`);
  const problem = await runCommand(["docker", "pull", "--quiet", BASE_IMAGE]).then(
    () => undefined,
    (error: Error) => error.message,
  );
  if (problem === undefined) {
    log(`Docker: pulled ${BASE_IMAGE} in ${secondsSince(start)}.`);
    return;
  }
  if (process.getuid?.() !== 0)
    throw new Error(
      `${problem}\nOnly root can make the image without a registry. When it can be reached, type: docker pull ${BASE_IMAGE}`,
    );
  await makeBaseImage(log);
}

async function makeBaseImage(log: (line: string) => void): Promise<void> {
  const why = `Docker: ${BASE_IMAGE} cannot be pulled; making it from Debian's packages.`;
  if ((await tryCommand(["debootstrap", "--version"])) === undefined)
    await installPackages(["debootstrap", "debian-archive-keyring"], why, log);
  const start = performance.now();
  log(`${why} debootstrap takes a minute or two …`);
  // Not /tmp: as a tmpfs without devices, which debootstrap makes, it is useless here.
  const root = await mkdtemp("/var/tmp/hallpass-debian-");
  try {
    await runCommand(["debootstrap", "--variant=minbase", "trixie", root]);
    const sources = join(root, "etc/apt/sources.list");
    await writeFile(sources, completeSources(await readFile(sources, "utf8")));
    const exclude = LEFT_OUT.map((pattern) => `--exclude=./${pattern}`);
    const archive = join(root, "..", `${root.split("/").at(-1)}.tar`);
    try {
      await runCommand(["tar", "--numeric-owner", ...exclude, "-C", root, "-cf", archive, "."]);
      await runCommand(["docker", "import", "--change", 'CMD ["bash"]', archive, BASE_IMAGE]);
    } finally {
      await rm(archive, { force: true });
    }
  } finally {
    await rm(root, { recursive: true, force: true });
  }
  log(`Docker: made ${BASE_IMAGE} in ${secondsSince(start)}.`);
}
