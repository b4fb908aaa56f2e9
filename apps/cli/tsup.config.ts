import { preset } from "@holdfast-tooling/config/tsup";
import { defineConfig } from "tsup";

export default defineConfig(
  preset(
    {
      main: "src/main.ts",
      "append-child": "src/tour/append-child.ts",
      "orders-child": "src/tour/orders-child.ts",
      "database-child": "src/tour/database-child.ts",
      "module-child": "src/module/module-child.ts",
      "module-watch": "src/module/module-watch.ts",
    },
    { dts: false },
  ),
);
