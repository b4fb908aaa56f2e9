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
    "seed-cases": "src/seed-cases/seed-cases.ts", // for scripts/seed-cases.mjs; not exported, not published
  }),
);
