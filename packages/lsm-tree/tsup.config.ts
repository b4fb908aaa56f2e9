import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";

export default defineConfig(preset({ index: "src/index.ts", format: "src/format-entry.ts" }));
