import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";

export default defineConfig(preset({ main: "src/main.ts" }, { dts: false }));
