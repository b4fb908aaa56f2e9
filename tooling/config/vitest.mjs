// Tests read siblings from source through the custom condition, so no build stands between an edit and its test.
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export const sourceConditions = ["@holdfast/source", "module", "node", "development|production"];

/**
 * @param {import("vitest/config").ViteUserConfig["test"]} [more]
 * @returns {import("vitest/config").ViteUserConfig}
 */
export function preset(more = {}) {
  return defineConfig({
    ssr: { resolve: { conditions: sourceConditions } },
    test: {
      include: ["src/**/*.test.ts", "test/**/*.test.ts"],
      setupFiles: [fileURLToPath(new URL("fail-on-console.mjs", import.meta.url))],
      testTimeout: 300_000, // against what hangs; how long a test takes on a busy machine proves nothing
      passWithNoTests: true, // the tidy test demands tests of every package, with a better message
      ...more,
    },
  });
}
