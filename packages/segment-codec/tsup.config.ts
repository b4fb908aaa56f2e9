import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";

export default defineConfig(preset({ index: "src/index.ts", blake3: "src/blake3.ts" }, { noExternal: ["msgpackr"] }));
