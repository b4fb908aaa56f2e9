import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";

const entries = {
  index: "src/index.ts",
  blake3: "src/blake3.ts",
  fbat: "src/fbat-entry.ts",
  "frame-view": "src/frame-view.ts",
  payload: "src/payload-entry.ts",
};

export default defineConfig(preset(entries, { noExternal: ["msgpackr"] }));
