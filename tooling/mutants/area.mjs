// How a list of mutations is written down.

const seam = "packages/fs-seam";
const crashTest = "packages/crash-test";
const codec = "packages/segment-codec";
const sidx = "packages/sidx-footer";
const wal = "packages/wal";
const store = "packages/store";
const lsm = "packages/lsm-tree";
const cli = "apps/cli";

/** Test files by short names; every path is relative to the repository. */
export const tests = {
  crash: `${seam}/test/crash-fs.test.ts`,
  effectLog: `${seam}/src/effect-log.test.ts`,
  log: `${seam}/test/mutants-log.test.ts`,
  pages: `${seam}/test/mutants-pages.test.ts`,
  rules: `${seam}/test/mutants-rules.property.test.ts`,
  journal: `${seam}/test/journal-rules.test.ts`,
  syncedNames: `${seam}/test/synced-names.test.ts`,
  treeLog: `${seam}/test/tree-log.test.ts`,
  wholeWrites: `${seam}/test/whole-writes.test.ts`,
  growth: `${seam}/test/growth.test.ts`,
  writeBack: `${seam}/test/write-back.test.ts`,
  images: `${seam}/test/mutants-images.test.ts`,
  disk: `${seam}/test/mutants-disk.test.ts`,
  protocols: `${seam}/test/mutants-protocols.test.ts`,
  engine: `${seam}/test/mutants-engine.test.ts`,
  vanish: `${seam}/test/nothing-vanishes.property.test.ts`,
  brute: `${seam}/test/brute-force.property.test.ts`,
  laws: `${seam}/test/crash-invariants.property.test.ts`,
  differential: `${seam}/test/differential.property.test.ts`,
  conformance: `${seam}/src/conformance/backends.test.ts`,
  crashStates: `${seam}/test/crash-conformance.crash.test.ts`,
  simFs: `${seam}/src/sim-fs.test.ts`,
  pathLengths: `${seam}/src/path-lengths.test.ts`,
  pathImages: `${seam}/src/path-images.test.ts`,
  seedCases: `${seam}/test/seed-cases.golden.test.ts`,
  publish: `${seam}/src/publish.test.ts`,
  remove: `${seam}/src/remove-durably.test.ts`,
  makeDirectories: `${seam}/src/make-directories-durably.test.ts`,
  lock: `${seam}/src/directory-lock.test.ts`,
  lockSteps: `${seam}/test/directory-lock.interleaving.test.ts`,
  replace: `${seam}/src/atomic-replace.test.ts`,
  temp: `${seam}/src/temp-name.test.ts`,
  realFs: `${seam}/src/real-fs.test.ts`,
  realHandle: `${seam}/src/real-file-handle.test.ts`,
  realDirectory: `${seam}/src/real-directory.test.ts`,
  litmus: `${crashTest}/test/litmus.golden.test.ts`,
  litmusRules: `${crashTest}/test/litmus-rules.golden.test.ts`,
  containment: `${crashTest}/test/containment.property.test.ts`,
  observedFs: `${seam}/test/observed-fs.test.ts`,
  observedLaw: `${crashTest}/test/observed-fs.property.test.ts`,
  lazyDifferences: `${crashTest}/test/lazy-differences.crash.test.ts`,
  lazyExplorer: `${crashTest}/test/lazy-explorer.crash.test.ts`,
  sampled: `${crashTest}/test/sampled.crash.test.ts`,
  lazyLaw: `${crashTest}/test/lazy.property.test.ts`,
  codecChecksum: `${codec}/src/checksum.test.ts`,
  codecUint64: `${codec}/src/uint64.test.ts`,
  codecLaws: `${codec}/test/segment-format.property.test.ts`,
  codecFrameView: `${codec}/test/frame-view.property.test.ts`,
  codecDecidable: `${codec}/test/decidable.test.ts`,
  codecFlips: `${codec}/test/bit-flips.test.ts`,
  codecRefusals: `${codec}/test/refusals.test.ts`,
  codecGolden: `${codec}/test/segment.golden.test.ts`,
  payload: `${codec}/test/payload.property.test.ts`,
  payloadCheck: `${codec}/test/payload-check.test.ts`,
  payloadText: `${codec}/test/payload-text.property.test.ts`,
  fbatGolden: `${codec}/test/fbat.golden.test.ts`,
  fbatDamage: `${codec}/test/fbat-damage.golden.test.ts`,
  fbatLaws: `${codec}/test/fbat.property.test.ts`,
  fbatView: `${codec}/test/fbat-view.property.test.ts`,
  fbatWalk: `${codec}/test/fbat-walk.property.test.ts`,
  fbatNameTable: `${codec}/test/fbat-name-table.test.ts`,
  durabilityGolden: `${wal}/test/durability.golden.test.ts`,
  durabilityDamage: `${wal}/test/durability-damage.golden.test.ts`,
  durabilityVectors: `${wal}/test/durability-vectors.golden.test.ts`,
  durabilityLaw: `${wal}/test/durability-law.test.ts`,
  durabilityLaws: `${wal}/test/durability.property.test.ts`,
  durabilityBadInput: `${wal}/test/durability-bad-input.fault.test.ts`,
  durabilityFaults: `${wal}/test/durability-append.fault.test.ts`,
  durabilityCrash: `${wal}/test/durability-append.crash.test.ts`,
  rangeChecksums: `${codec}/test/range-checksums.property.test.ts`,
  fbatSpelling: `${codec}/test/fbat-spelling.test.ts`,
  sdx3: `${sidx}/test/sdx3.test.ts`,
  sdx3Laws: `${sidx}/test/sdx3.property.test.ts`,
  sdx3Golden: `${sidx}/test/sdx3.golden.test.ts`,
  sdx3Damage: `${sidx}/test/sdx3-damage.golden.test.ts`,
  sdx4Refusals: `${sidx}/test/sdx4-refusals.test.ts`,
  sdx4Blocks: `${sidx}/test/sdx4-blocks.test.ts`,
  sdx4Arguments: `${sidx}/test/sdx4-arguments.test.ts`,
  sdx4Damage: `${sidx}/test/sdx4-damage.test.ts`,
  sdx4Segment: `${sidx}/test/sdx4-segment.property.test.ts`,
  sdx4Laws: `${sidx}/test/sdx4.property.test.ts`,
  sdx4Golden: `${sidx}/test/sdx4.golden.test.ts`,
  footerConfirmation: `${sidx}/test/footer-confirmation.test.ts`,
  walWeaknesses: `${wal}/test/reference-weaknesses.test.ts`,
  walLifecycle: `${wal}/test/lifecycle.test.ts`,
  walDamage: `${wal}/test/damage.test.ts`,
  walBarriers: `${wal}/test/failed-barriers.fault.test.ts`,
  walCalls: `${wal}/test/nth-call.fault.test.ts`,
  walRefusals: `${wal}/test/refusals.test.ts`,
  walCommit: `${wal}/test/group-commit.crash.test.ts`,
  walLaws: `${wal}/test/wal.property.test.ts`,
  walCopies: `${wal}/src/record-copies.test.ts`,
  walPlaces: `${wal}/test/places.test.ts`,
  walPlaceLaws: `${wal}/test/places.property.test.ts`,
  walFooter: `${wal}/test/segment-footers.test.ts`,
  walFooterCrash: `${wal}/test/segment-footers.crash.test.ts`,
  walRewrite: `${wal}/test/segment-rewrite.test.ts`,
  walCheckpoint: `${wal}/test/checkpoint.test.ts`,
  walObservation: `${wal}/test/observation.test.ts`,
  walProcesses: `${wal}/test/processes.test.ts`,
  walOpening: `${wal}/test/opening.test.ts`,
  walBesideWriter: `${wal}/test/beside-writer.test.ts`,
  walVerification: `${wal}/test/verification.test.ts`,
  walCheckpointBounds: `${wal}/test/checkpoint-bounds.test.ts`,
  walUnknown: `${wal}/test/unknown-formats.test.ts`,
  walSteps: `${wal}/test/log-steps.test.ts`,
  walInterleaving: `${wal}/test/reader-interleaving.test.ts`,
  walCheckpointCrash: `${wal}/test/checkpoint.crash.test.ts`,
  eventRefusals: `${store}/test/event-record-refusals.test.ts`,
  eventGolden: `${store}/test/event-record.golden.test.ts`,
  eventLaws: `${store}/test/event-record.property.test.ts`,
  eventBadInput: `${store}/test/event-record-bad-input.fault.test.ts`,
  eventChain: `${store}/src/event-chain.test.ts`,
  eventName: `${store}/src/event-name.test.ts`,
  eventId: `${store}/src/event-id.test.ts`,
  eventRegistry: `${store}/test/event-registry.test.ts`,
  eventTypes: `${store}/test/event-types.test.ts`,
  receipt: `${store}/test/receipt.test.ts`,
  pageToken: `${store}/src/page-token.test.ts`,
  region: `${store}/src/region.test.ts`,
  storeAppend: `${store}/test/append.test.ts`,
  storeOutcomes: `${store}/test/outcomes.test.ts`,
  storeRefusals: `${store}/test/refusals.test.ts`,
  storeDefects: `${store}/test/known-defects.test.ts`,
  storeCalls: `${store}/test/nth-call.fault.test.ts`,
  storeModel: `${store}/test/store.model.test.ts`,
  storeRegions: `${store}/test/regions.test.ts`,
  storeVerification: `${store}/test/verification.test.ts`,
  storeBeside: `${store}/test/beside-a-writer.test.ts`,
  storeIds: `${store}/test/event-ids.test.ts`,
  storeLookup: `${store}/src/event-lookup.test.ts`,
  storeIndex: `${store}/src/event-index.test.ts`,
  lsmKeys: `${lsm}/test/internal-key.property.test.ts`,
  lsmHash: `${lsm}/test/key-hash.golden.test.ts`,
  lsmLz4: `${lsm}/test/lz4.property.test.ts`,
  lsmCodecs: `${lsm}/test/block-codec.test.ts`,
  lsmFilter: `${lsm}/test/bloom-filter.property.test.ts`,
  lsmBlock: `${lsm}/test/block.property.test.ts`,
  lsmTable: `${lsm}/test/table.property.test.ts`,
  lsmTableGolden: `${lsm}/test/table.golden.test.ts`,
  lsmDamage: `${lsm}/test/table-damage.fault.test.ts`,
  lsmRecords: `${lsm}/test/log-record.property.test.ts`,
  lsmEdits: `${lsm}/test/version-edit.property.test.ts`,
  lsmLogGolden: `${lsm}/test/lsm-log.golden.test.ts`,
  lsmMemtable: `${lsm}/test/memtable.property.test.ts`,
  lsmMerge: `${lsm}/test/merge.property.test.ts`,
  lsmPicker: `${lsm}/test/compaction-picker.test.ts`,
  lsmCompactionJob: `${lsm}/test/compaction-job.test.ts`,
  lsmCompactionLaws: `${lsm}/test/compaction.property.test.ts`,
  lsmDefects: `${lsm}/test/known-defects.test.ts`,
  lsmOptions: `${lsm}/test/engine-options.test.ts`,
  lsmEngineDamage: `${lsm}/test/engine-damage.fault.test.ts`,
  lsmModel: `${lsm}/test/engine.model.test.ts`,
  lsmCompactor: `${lsm}/test/compactor.test.ts`,
  lsmScheduler: `${lsm}/src/job-scheduler.test.ts`,
  lsmPressure: `${lsm}/src/compaction/pressure.test.ts`,
  lsmEngine: `${lsm}/test/engine.test.ts`,
  lsmEngineHistories: `${lsm}/test/engine.property.test.ts`,
  lsmEngineCrash: `${lsm}/test/engine.crash.test.ts`,
  lsmEngineRecovery: `${lsm}/test/engine-recovery.test.ts`,
  lsmEngineFaults: `${lsm}/test/engine.fault.test.ts`,
  lsmManifest: `${lsm}/test/manifest-log.crash.test.ts`,
  lsmLevelContract: `${lsm}/test/level-contract.test.ts`,
  lsmLevelEngine: `${lsm}/test/level-engine.test.ts`,
  lsmLevelIterators: `${lsm}/test/level-iterators.test.ts`,
  lsmDrops: `${lsm}/test/drop-rules.property.test.ts`,
  storeCompaction: `${store}/test/compaction.test.ts`,
  storeRetentionBounds: `${store}/test/compaction-bounds.test.ts`,
  storeRewrittenFooter: `${store}/test/rewritten-footer.test.ts`,
  storeFooterRows: `${store}/test/footer-rows.test.ts`,
  storeRetentionCrash: `${store}/test/compaction.crash.test.ts`,
  storeMaintenance: `${store}/test/maintenance.property.test.ts`,
  storeMaintenanceDefects: `${store}/test/maintenance-defects.test.ts`,
  storeBackup: `${store}/test/backup.test.ts`,
  storeBackupCrash: `${store}/test/backup.crash.test.ts`,
  storeAccelerator: `${store}/src/accelerator.test.ts`,
  storeDamage: `${store}/test/damage.fault.test.ts`,
  storeColdDamage: `${store}/test/cold-start-damage.fault.test.ts`,
  storeColdLaw: `${store}/test/cold-start.property.test.ts`,
  storeColdCrash: `${store}/test/cold-start.crash.test.ts`,
  storeCursor: `${store}/test/named-cursor.test.ts`,
  storeCursorGolden: `${store}/test/cursor-position.golden.test.ts`,
  storeSubscription: `${store}/test/subscription.test.ts`,
  storeReactor: `${store}/test/reactor.test.ts`,
  storeConsumerDefects: `${store}/test/consumer-defects.test.ts`,
  storeConsumerFaults: `${store}/test/consumers.fault.test.ts`,
  storeConsumerLaws: `${store}/test/consumers.property.test.ts`,
  storeConsumerCrash: `${store}/test/consumers.crash.test.ts`,
  storeProjectionFold: `${store}/src/projection-fold.test.ts`,
  storeProjector: `${store}/test/projector.test.ts`,
  storeProjectionCaches: `${store}/test/projection-caches.test.ts`,
  storeProjectionWatch: `${store}/test/projection-watch.test.ts`,
  storeProjectionDefects: `${store}/test/projection-defects.test.ts`,
  storeProjectionFaults: `${store}/test/projections.fault.test.ts`,
  storeProjectionLaws: `${store}/test/projections.property.test.ts`,
  storeProjectionCrash: `${store}/test/projections.crash.test.ts`,
  cliDump: `${cli}/test/dump.golden.test.ts`,
  cliDamage: `${cli}/test/verify-damage.golden.test.ts`,
  cliWalk: `${cli}/test/fbat-walk.property.test.ts`,
  cliFooter: `${cli}/src/inspect/fbat-footer.test.ts`,
  cliSegment: `${cli}/test/segment-file.test.ts`,
  cliSealed: `${cli}/test/segment-footer.test.ts`,
  cliOrder: `${cli}/test/fbat-order.test.ts`,
  cliLost: `${cli}/test/lost-beginning.test.ts`,
  cliFooterFile: `${cli}/test/footer-file.test.ts`,
  cliTree: `${cli}/test/inspect-tree.test.ts`,
  cliExplained: `${cli}/src/inspect/explained.test.ts`,
  cliRegions: `${cli}/src/inspect/regions.test.ts`,
  cliJson: `${cli}/src/inspect/line-json.test.ts`,
  cliLog: `${cli}/test/wal-directory.test.ts`,
  cliDatabase: `${cli}/test/database-directory.test.ts`,
  cliDatabaseStats: `${cli}/test/database-stats.test.ts`,
  cliRecordLog: `${cli}/test/record-log-file.test.ts`,
  cliDurability: `${cli}/test/durability-file.golden.test.ts`,
  cliSalvage: `${cli}/test/salvage.test.ts`,
  cliText: `${cli}/src/inspect/safe-text.test.ts`,
};

/**
 * @typedef {object} Mutation
 * @property {string} area
 * @property {string} what - what the mutated code does wrong, as a short sentence.
 * @property {string} file - relative to the repository.
 * @property {string} find - text that occurs once in the file, or in the block `in`; runs of white space match any other.
 * @property {string} put - what stands there instead; "" removes it.
 * @property {string} [in] - text that occurs once and opens the block to search: up to the brace that closes it.
 * @property {readonly string[]} tests - test files that should notice, relative to the repository.
 * @property {string} [reason] - of an equivalent mutation: why no test can notice.
 */

/** A list over files of `packages/segment-codec/src`. */
export const codecArea = (name, usual, entries) => area(name, usual, entries, codec);

/** A list over files of `packages/sidx-footer/src`. */
export const sidxArea = (name, usual, entries) => area(name, usual, entries, sidx);

/** A list over files of `packages/wal/src`. */
export const walArea = (name, usual, entries) => area(name, usual, entries, wal);

/** A list over files of `packages/store/src`. */
export const storeArea = (name, usual, entries) => area(name, usual, entries, store);

/** A list over files of `packages/lsm-tree/src`. */
export const lsmArea = (name, usual, entries) => area(name, usual, entries, lsm);

/**
 * A list over files in `src` of a package, `packages/fs-seam` unless another is named, with the tests that every entry has unless it names its own.
 *
 * @param {string} name
 * @param {readonly string[]} usual
 * @param {readonly (Partial<Mutation> & { what: string, file: string, find: string })[]} entries
 * @param {string} [packageDirectory]
 * @returns {Mutation[]}
 */
export function area(name, usual, entries, packageDirectory = seam) {
  return entries.map((entry) => ({
    put: "",
    tests: usual,
    ...entry,
    area: name,
    file: `${packageDirectory}/src/${entry.file}`,
  }));
}
