import { preset } from "@holdfast-tooling/config/vitest";

export default preset();
