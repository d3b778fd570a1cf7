/**
 * The container images, built when their files have changed.
 *
 *   await ensureImage({ name: "hallpass-notebook", dockerfile: "notebook-image/Dockerfile", inputs: […] }, log)
 *     →  "hallpass-notebook:5d2f6c1ab90e"
 *
 * The tag is a hash of the files that go in, so an image that is there is current, and asking costs one call
 * of `docker image inspect`.
 *
 * The surprise: the build gets a copy of its files in a folder of its own, and not the work tree. So nothing else can
 * slip into an image, and this machine's certificate authorities can lie beside them, without which pip fails in
 * networks that inspect HTTPS (certificates/README.md).
 */
import { createHash } from "node:crypto";
import { cp, glob, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { BASE_IMAGE, ensureBaseImage } from "./base-image.ts";
import { runCommand, secondsSince, tryCommand } from "./command.ts";

const REPOSITORY = resolve(import.meta.dirname, "..");

export interface ContainerImage {
  /** "hallpass-notebook" */
  readonly name: string;
  /** The Dockerfile, from the repository's root. Its base is debian:trixie-slim. */
  readonly dockerfile: string;
  /** All files and folders that it copies, from the repository's root; `certificates` may be left out. */
  readonly inputs: readonly string[];
}

export const NOTEBOOK_IMAGE: ContainerImage = {
  name: "hallpass-notebook",
  dockerfile: "notebook-image/Dockerfile",
  inputs: ["notebook-image"],
};

/** What it copies of dist/ is made by `npm run build`. */
export const PROXY_IMAGE: ContainerImage = {
  name: "hallpass-proxy",
  dockerfile: "proxy-image/Dockerfile",
  inputs: [
    "proxy-image/haproxy.cfg",
    "proxy-image/entrypoint.sh",
    "proxy-image/healthcheck.sh",
    "dist/proxy-image/router.lua",
    "dist/proxy-image/configure.lua",
    "dist/proxy-image/pages",
  ],
};

/** Where Debian and Fedora keep the authorities that this machine has been given beside its own. */
const AUTHORITY_FOLDERS = ["/usr/local/share/ca-certificates", "/etc/pki/ca-trust/source/anchors"];

/** What `docker build` passes on of the environment, so that it gets out through a proxy. */
const PROXY_ARGUMENTS = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];

/** The tag of an image that is current; built when it is not there. Throws an Error that ends in what to type. */
export async function ensureImage(image: ContainerImage, log: (line: string) => void): Promise<string> {
  await checkDocker();
  const tag = `${image.name}:${await hashInputs(image)}`;
  if (await isImageThere(tag)) return tag;
  await ensureBaseImage(log);
  const start = performance.now();
  log(`Docker: building ${tag} from ${image.dockerfile}, since none of its files' present state is there …`);
  const context = await mkdtemp(join(tmpdir(), "hallpass-context-"));
  try {
    await fillContext(context, image, log);
    await buildImage(context, image, tag);
  } finally {
    await rm(context, { recursive: true, force: true });
  }
  log(`Docker: built ${tag} in ${secondsSince(start)}.`);
  return tag;
}

async function checkDocker(): Promise<void> {
  const problem = await runCommand(["docker", "version", "--format", "{{.Server.Version}}"]).then(
    () => undefined,
    (error: Error) => error.message,
  );
  if (problem === undefined) return;
  throw new Error(
    `Docker does not answer. ${problem}\nStart it (sudo systemctl start docker) or start without --docker.`,
  );
}

async function isImageThere(tag: string): Promise<boolean> {
  return (await tryCommand(["docker", "image", "inspect", tag])) !== undefined;
}

/** Twelve digits that change with any file's name, content or leave to be executed. */
async function hashInputs(image: ContainerImage): Promise<string> {
  const hash = createHash("sha256").update(BASE_IMAGE);
  const files = (await Promise.all([image.dockerfile, ...image.inputs].map(listFiles))).flat();
  for (const file of [...new Set(files)].sort()) {
    const path = join(REPOSITORY, file);
    const isExecutable = ((await stat(path)).mode & 0o100) !== 0;
    const content = createHash("sha256")
      .update(await readFile(path))
      .digest("hex");
    hash.update(`\n${file} ${isExecutable} ${content}`);
  }
  return hash.digest("hex").slice(0, 12);
}

/** The files of a folder, or a file itself: paths from the repository's root. */
async function listFiles(input: string): Promise<string[]> {
  const path = join(REPOSITORY, input);
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => undefined,
  );
  if (isFolder === undefined)
    throw new Error(`${input} is missing, but an image is built from it. Type: npm run build`);
  if (!isFolder) return [input];
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory() && !entry.parentPath.includes("__pycache__"))
    .map((entry) => join(entry.parentPath, entry.name).slice(REPOSITORY.length + 1));
}

async function fillContext(context: string, image: ContainerImage, log: (line: string) => void): Promise<void> {
  for (const input of new Set([image.dockerfile, ...image.inputs])) {
    await mkdir(dirname(join(context, input)), { recursive: true });
    await cp(join(REPOSITORY, input), join(context, input), { recursive: true });
  }
  const certificates = join(context, "certificates");
  await cp(join(REPOSITORY, "certificates"), certificates, { recursive: true });
  const added: string[] = [];
  for (const folder of AUTHORITY_FOLDERS)
    for await (const path of glob(join(folder, "**/*.crt"))) {
      await cp(path, join(certificates, basename(path)), { dereference: true });
      added.push(basename(path));
    }
  if (added.length > 0)
    log(`Docker: pip trusts this machine's ${added.join(", ")} while it builds; the image does not.`);
}

async function buildImage(context: string, image: ContainerImage, tag: string): Promise<void> {
  const proxies = PROXY_ARGUMENTS.filter((name) => process.env[name] !== undefined);
  const proxyArguments = proxies.flatMap((name) => ["--build-arg", name]);
  // --network host: the builder's own network has no way out on machines without Docker's NAT.
  const options = ["--network", "host", "--file", join(context, image.dockerfile), ...proxyArguments];
  // The classic builder: BuildKit is a plugin that Debian's docker.io does not bring.
  const env = { ...process.env, DOCKER_BUILDKIT: "0" };
  await runCommand(["docker", "build", ...options, "--tag", tag, context], { env });
}
