import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";

export default defineConfig(
  preset({
    index: "src/index.ts",
    memory: "src/memory-entry.ts",
    crash: "src/crash-entry.ts",
    sim: "src/sim-entry.ts",
    fault: "src/fault-entry.ts",
    conformance: "src/conformance/index.ts",
    // A chunk of its own for what imports node:fs, so that a bundle without the real file system has none of these imports; not exported.
    "real-directory": "src/real-directory.ts",
    "seed-cases": "src/seed-cases/seed-cases.ts", // for scripts/seed-cases.mjs; not exported, not published
  }),
);
