import { preset } from "@holdfast-tooling/config/vitest";

export default preset({
  include: ["*.test.ts"],
  reporters: ["default", "json"],
  outputFile: { json: ".report/vitest.json" },
});
