import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";

export default defineConfig(preset({ index: "src/index.ts", durability: "src/durability-entry.ts" }));
