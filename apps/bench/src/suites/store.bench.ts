import type { Suite } from "../suite.js";
import { storeAppendPart } from "./store-append.js";
import { storeOpenPart } from "./store-open.js";
import { storeReadPart } from "./store-read.js";

/**
 * The event store against the log below it, which gives the least that any store over it can cost. A SQL table is not among the peers:
 * better-sqlite3 does not install without a script that compiles or downloads.
 */
export const storeSuite: Suite = { name: "store", parts: [storeAppendPart, storeReadPart, storeOpenPart] };
