import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";
const entries = {
  index: "src/index.ts",
};
export default defineConfig(preset(entries));
