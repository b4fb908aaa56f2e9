import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";

export default defineConfig(
  preset(
    {
      main: "src/main.ts",
      "allocation-run": "src/scaling/allocation-run.ts",
      "memory-run": "src/suites/memory-run.ts",
      orders: "src/order-service/orders-main.ts",
    },
    { dts: false },
  ),
);
