/** The proxy as `npm start -- --docker` runs it: the image's HAProxy 3.0, on free ports. */
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { ensureImage, PROXY_IMAGE } from "../../scripts/container-images.ts";
import { startProxyContainer } from "../../scripts/containers.ts";
import { waitForAnswer } from "../../scripts/readiness.ts";
import { makeTestPlace, type TestProxy } from "./proxy.ts";

export async function startTestContainer(settings: Record<string, string>): Promise<TestProxy> {
  const image = await ensureImage(PROXY_IMAGE, () => {});
  const { runDir, ca, ports, settings: proxy } = await makeTestPlace(settings);
  const run = { id: `test-${randomBytes(4).toString("hex")}`, folder: runDir, temporary: runDir };
  const part = await startProxyContainer({ proxy }, image, run);
  const health = `http://127.0.0.1:${ports.healthPort}/healthz`;
  await waitForAnswer(health, { ca, signal: AbortSignal.timeout(20_000) });
  const container = execFileSync("docker", ["ps", "-q", "--filter", `label=hallpass.start=${run.id}`], {
    encoding: "utf8",
  }).trim();
  const readLog = async (): Promise<string> =>
    execFileSync("sh", ["-c", `docker logs ${container} 2>&1`], { encoding: "utf8" });
  const stop = async (): Promise<void> => {
    await part.stop();
    rmSync(runDir, { recursive: true });
  };
  return { ...ports, runDir, ca, readLog, stop };
}
