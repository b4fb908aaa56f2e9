import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";

export default defineConfig(
  preset({
    index: "src/index.ts",
    node: "src/node/index.ts",
    litmus: "src/litmus/litmus-command.ts", // for scripts/litmus.mjs; not exported, not published
  }),
);
