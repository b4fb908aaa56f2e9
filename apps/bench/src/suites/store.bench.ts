import type { Suite } from "../suite.js";
import { storeAppendPart } from "./store-append.js";
import { storeColdStartPart } from "./store-cold-start.js";
import { storeDeliveryPart } from "./store-delivery.js";
import { storeEmmettPart } from "./store-emmett.js";
import { storeFootprintPart } from "./store-footprint.js";
import { storeGrowthPart } from "./store-growth.js";
import { storeOpenPart } from "./store-open.js";
import { storeProjectionsPart } from "./store-projections.js";
import { storeReadPart } from "./store-read.js";
import { storeReferencePart } from "./store-reference.js";

/** The event store against a tuned event table on better-sqlite3, Emmett on SQLite, and the log below it, which is the least that it can cost. */
export const storeSuite: Suite = {
  name: "store",
  parts: [
    storeAppendPart,
    storeReadPart,
    storeDeliveryPart,
    storeFootprintPart,
    storeOpenPart,
    storeGrowthPart,
    storeColdStartPart,
    storeProjectionsPart,
    storeEmmettPart,
    storeReferencePart,
  ],
};
