import { Prng, streamSeed } from "@holdfast/fs-seam/sim";
import { lsmScenarios } from "./lsm-scenarios.js";
import type { Scenario } from "./scenario.js";
import { storeScenarios, type StoreSettings } from "./store-scenarios.js";
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
/** So small that ten thousand records make nearly two hundred tables, which what is done for each of them cannot hide behind. */
const tinyTables = { writeBufferBytes: 16 * 1024, tableBytes: 4 * 1024, blockBytes: 1024, manifestBytes: 4 * 1024 };
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
  ...storeScenarios({ ...smallLog, ...sameIds(), cacheBytes: 0 }, SYNC_EVERY).filter(isSmall),
  ...storeScenarios(sameIds(), SYNC_EVERY).filter(isDefault),
  ...lsmScenarios(smallDatabase).filter(isSmall),
  ...lsmScenarios({}).filter(isDefault),
  ...lsmScenarios(tinyTables)
    .filter(({ id }) => id === "lsm/open")
    .map((scenario) => ({ ...scenario, id: "lsm/open-tables" })),
];

/**
 * Ids of events that are the same in every run. A store knows an id by a hash of 32 bits, and reads an event whose id has the hash of another one:
 * with ids of chance that is one read in some runs, and none in most.
 */
function sameIds(): Pick<StoreSettings, "random" | "clock"> {
  const bytes = new Prng(streamSeed(1, "ids"));
  return {
    random: (target) => {
      for (let at = 0; at < target.length; at += 1) target[at] = bytes.below(256);
    },
    clock: () => 0,
  };
}

function isDefault({ id }: Scenario): boolean {
  return withDefaults.has(id);
}

function isSmall({ id }: Scenario): boolean {
  return !withDefaults.has(id);
}
