import { rawLimitsPart } from "./raw-limits.js";
import type { Suite } from "./suite.js";
import { crashTestSuite } from "./suites/crash-test.bench.js";
import { fsSeamSuite } from "./suites/fs-seam.bench.js";
import { lsmTreeSuite } from "./suites/lsm-tree.bench.js";
import { ordersSuite } from "./suites/orders.bench.js";
import { scalingSuite } from "./suites/scaling.bench.js";
import { segmentCodecSuite } from "./suites/segment-codec.bench.js";
import { sidxFooterSuite } from "./suites/sidx-footer.bench.js";
import { storeSuite } from "./suites/store.bench.js";
import { walSuite } from "./suites/wal.bench.js";

/** In the order in which they run. */
export const suites: readonly Suite[] = [
  fsSeamSuite,
  crashTestSuite,
  segmentCodecSuite,
  sidxFooterSuite,
  walSuite,
  storeSuite,
  lsmTreeSuite,
  ordersSuite,
  scalingSuite,
];

/** Runs before every suite, and is none itself. */
export const limitsSuite: Suite = { name: "limits", parts: [rawLimitsPart] };
