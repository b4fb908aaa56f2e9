import type { Suite } from "../suite.js";
import { ordersCommandsPart } from "./orders-commands.js";

/** The packages composed: an order service whose events are in a store and whose read model is in a database, beside the same service on SQLite. */
export const ordersSuite: Suite = {
  name: "orders",
  parts: [ordersCommandsPart],
};
