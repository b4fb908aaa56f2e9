import { preset } from "@holdfast-tooling/config/vitest";

export default preset({ env: { HOLDFAST_ASSERT: "1" } });
