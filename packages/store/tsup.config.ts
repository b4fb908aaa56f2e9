import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";
const entries = {
  index: "src/index.ts",
  consumers: "src/consumers-entry.ts",
  format: "src/format-entry.ts",
  maintenance: "src/maintenance-entry.ts",
  projections: "src/projections-entry.ts",
  "projections-conformance": "src/cache-conformance.ts",
  verify: "src/verify-entry.ts",
  batpak: "src/batpak-entry.ts",
  emmett: "src/emmett-entry.ts",
};
export default defineConfig(preset(entries));
