import { lsmScenarios } from "./lsm-scenarios.js";
import type { Scenario } from "./scenario.js";
import { storeScenarios } from "./store-scenarios.js";
import { walScenarios } from "./wal-scenarios.js";

/** Segments, memtables and tables so small that ten thousand records make a history of a hundred of them. */
export const smallSegmentBytes: number = 16 * 1024;
const smallLog = { segmentBytes: smallSegmentBytes, preallocateBytes: 4096, mergeBytes: 1024 };
const smallDatabase = {
  writeBufferBytes: 64 * 1024,
  tableBytes: 64 * 1024,
  blockBytes: 1024,
  manifestBytes: 16 * 1024,
};
const SYNC_EVERY = 50;

/** Where the size is not that of a history, what is counted is what the defaults do. */
const withDefaults: ReadonlySet<string> = new Set([
  "wal/waiters",
  "wal/recovery-tail",
  "store/read",
  "store/waiters",
  "store/recovery-tail",
  "lsm/put",
  "lsm/durable",
  "lsm/waiters",
  "lsm/recovery-tail",
]);

/** What laws are stated of. */
export const testedScenarios: readonly Scenario[] = [
  ...walScenarios(smallLog, SYNC_EVERY).filter(isSmall),
  ...walScenarios({}, SYNC_EVERY).filter(isDefault),
  ...storeScenarios({ ...smallLog, cacheBytes: 0 }, SYNC_EVERY).filter(isSmall),
  ...storeScenarios({}, SYNC_EVERY).filter(isDefault),
  ...lsmScenarios(smallDatabase).filter(isSmall),
  ...lsmScenarios({}).filter(isDefault),
];

function isDefault({ id }: Scenario): boolean {
  return withDefaults.has(id);
}

function isSmall({ id }: Scenario): boolean {
  return !withDefaults.has(id);
}
