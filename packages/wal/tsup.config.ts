import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";

const entries = {
  index: "src/index.ts",
  durability: "src/durability-entry.ts",
  files: "src/files-entry.ts",
  places: "src/places-entry.ts",
  "record-log": "src/record-log-entry.ts",
  rewrite: "src/rewrite-entry.ts",
  verify: "src/verify-entry.ts",
};

export default defineConfig(preset(entries));
