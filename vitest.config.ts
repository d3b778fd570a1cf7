import { defineConfig } from "vitest/config";

/** Two projects: what runs on any machine, and what needs a Docker daemon. */
/** A poll ends when what it waits for is there; how long that may take is the machine's affair. */
const expect = { poll: { interval: 50, timeout: 20_000 } };
const shared = { testTimeout: 60_000, hookTimeout: 180_000, expect };
const globalSetup = "test/support/build.ts";

export default defineConfig({
  test: {
    // Two cores, and each real test starts a HAProxy, a Jupyter or a browser.
    maxWorkers: 2,
    globalSetup,
    projects: [
      { test: { ...shared, name: "parts", include: ["test/**/*.test.ts"], exclude: ["test/**/*.docker.test.ts"] } },
      {
        test: {
          ...shared,
          name: "docker",
          include: ["test/**/*.docker.test.ts"],
          fileParallelism: false,
          // After the others: a container that starts changes the network, which makes Chromium give up its connections.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
