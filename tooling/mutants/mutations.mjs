// Every line that makes a barrier what it is, each taken away or turned around once. The areas are files of their own.
import { area } from "./area.mjs";
import { cliDatabaseMutations } from "./cli-database-mutations.mjs";
import { cliLogMutations } from "./cli-log-mutations.mjs";
import { cliMutations } from "./cli-mutations.mjs";
import { codecMutations } from "./codec-mutations.mjs";
import { crashFsMutations } from "./crash-fs-mutations.mjs";
import { directoryMutations } from "./directory-mutations.mjs";
import { diskMutations } from "./disk-mutations.mjs";
import { growthMutations } from "./growth-mutations.mjs";
import { durabilityMutations } from "./durability-mutations.mjs";
import { eventMutations } from "./event-mutations.mjs";
import { fbatMutations } from "./fbat-mutations.mjs";
import { handleMutations } from "./handle-mutations.mjs";
import { identityMutations } from "./identity-mutations.mjs";
import { imageMutations } from "./image-mutations.mjs";
import { journalLedgerMutations } from "./journal-ledger-mutations.mjs";
import { journalMutations } from "./journal-mutations.mjs";
import { kernelMutations } from "./kernel-mutations.mjs";
import { ledgerMutations } from "./ledger-mutations.mjs";
import { lockMutations } from "./lock-mutations.mjs";
import { logMutations } from "./log-mutations.mjs";
import { lsmCompactionMutations } from "./lsm-compaction-mutations.mjs";
import { lsmDefectMutations, lsmModelMutations } from "./lsm-defect-mutations.mjs";
import { lsmEngineMutations } from "./lsm-engine-mutations.mjs";
import { lsmLevelMutations } from "./lsm-level-mutations.mjs";
import { lsmMaintenanceMutations } from "./lsm-maintenance-mutations.mjs";
import { lsmEquivalent, lsmMutations } from "./lsm-mutations.mjs";
import { observationMutations } from "./observation-mutations.mjs";
import { pageMutations } from "./page-mutations.mjs";
import { payloadMutations } from "./payload-mutations.mjs";
import { placesMutations } from "./places-mutations.mjs";
import { publishMutations } from "./publish-mutations.mjs";
import { realMutations } from "./real-mutations.mjs";
import { recordLogMutations } from "./record-log-mutations.mjs";
import { recordMutations } from "./record-mutations.mjs";
import { ruleMutations } from "./rule-mutations.mjs";
import { sdx3Mutations } from "./sdx3-mutations.mjs";
import { sdx4Mutations } from "./sdx4-mutations.mjs";
import { walEquivalent, walStepMutations } from "./wal-step-mutations.mjs";
import { walMutations } from "./wal-mutations.mjs";
import { storeConsumerMutations } from "./store-consumer-mutations.mjs";
import { storeDefectMutations } from "./store-defect-mutations.mjs";
import { storeMaintenanceMutations } from "./store-maintenance-mutations.mjs";
import { storeMutations } from "./store-mutations.mjs";
import { storeProjectionMutations } from "./store-projection-mutations.mjs";
import { storeEquivalent, storeStartMutations } from "./store-start-mutations.mjs";
import { storageMutations } from "./storage-mutations.mjs";

/** @type {readonly import("./area.mjs").Mutation[]} */
export const mutations = [
  ...logMutations,
  ...recordMutations,
  ...handleMutations,
  ...pageMutations,
  ...storageMutations,
  ...ruleMutations,
  ...ledgerMutations,
  ...journalMutations,
  ...journalLedgerMutations,
  ...growthMutations,
  ...kernelMutations,
  ...imageMutations,
  ...identityMutations,
  ...crashFsMutations,
  ...diskMutations,
  ...observationMutations,
  ...publishMutations,
  ...directoryMutations,
  ...lockMutations,
  ...realMutations,
  ...codecMutations,
  ...payloadMutations,
  ...fbatMutations,
  ...sdx3Mutations,
  ...sdx4Mutations,
  ...walMutations,
  ...walStepMutations,
  ...placesMutations,
  ...cliMutations,
  ...cliLogMutations,
  ...cliDatabaseMutations,
  ...durabilityMutations,
  ...recordLogMutations,
  ...eventMutations,
  ...storeMutations,
  ...storeDefectMutations,
  ...lsmMutations,
  ...lsmCompactionMutations,
  ...lsmEngineMutations,
  ...lsmDefectMutations,
  ...lsmModelMutations,
  ...lsmLevelMutations,
  ...lsmMaintenanceMutations,
  ...storeMaintenanceMutations,
  ...storeStartMutations,
  ...storeConsumerMutations,
  ...storeProjectionMutations,
];

/** Mutations that no test can notice, each with the reason: the line they change could go. */
export const equivalent = [
  ...walEquivalent,
  ...lsmEquivalent,
  ...storeEquivalent,
  ...area(
    "equivalent",
    [],
    [
      {
        what: "a handle hears twice of its own failed barrier",
        file: "crash-fs.ts",
        in: "protected override finishFileBarrier(",
        find: "handle.heard = this.#disk.reportsOf(handle.ino);",
        reason: "its own failed barrier has poisoned it, so it never asks again",
      },
      {
        what: "a failure is told again and again",
        file: "disk-faults.ts",
        find: "handle.heard = report.count;",
        reason: "the handle that was told is poisoned, so it never asks again",
      },
      {
        what: "reports are never forgotten",
        file: "disk-faults.ts",
        find: "this.#reports.clear();",
        reason: "a handle opened later starts from the count as it then is",
      },
      {
        what: "hash: every page has the hash it had first",
        file: "image-hash.ts",
        find: "if (page.hash !== -1) return page.hash;",
        put: "if (page.hash > 0) return page.hash;",
        reason: "a page of zeros is hashed again, to the same value: only time changes",
      },
      {
        what: "an image takes tears for sectors whatever the personality says",
        file: "effect-rules.ts",
        find: "applyData(state, effect, units, tears.unitBytes);",
        put: "applyData(state, effect, units, 512);",
        reason: "pieces of a whole page are never cut up, and the only other size is that of a sector",
      },
      {
        what: "sync settles no more than the tree log",
        file: "ledger.ts",
        find: 'if (closures.reach === "tree-log" && record.scope !== "all") return',
        put: 'if (closures.reach === "tree-log") return',
        reason:
          "a barrier over everything has all names and lengths in hand, so nothing older in the journal is left to bring",
      },
      {
        what: "everything has a journal",
        file: "ledger.ts",
        find: 'if (edges.metadataOrder === "journal") return',
        put: "if (edges.metadataOrder !== undefined) return",
        reason:
          "without a journal both ways settle the same: only time changes, for the other one looks at all that is pending",
      },
      {
        what: "settling one effect takes every personality for a journal",
        file: "ledger.ts",
        find: "this.#apply(journals ? this.#olderInJournal(effects, 0) : this.#withCompanions(effects, false));",
        put: "this.#apply(this.#olderInJournal(effects, 0));",
        reason: "without a journal both ways settle the same: only time changes",
      },
      {
        what: "growth makes nothing of a kept rest",
        file: "fs-state.ts",
        find: "if (cuts || size >= (this.loose.get(ino) ?? 0)) this.loose.delete(ino);",
        put: "if (cuts) this.loose.delete(ino);",
        reason: "a rest that lies within the file again is trimmed to the length of the file, which takes nothing away",
      },
      {
        what: "a page that begins at the end counts as the last page",
        file: "growth-log.ts",
        find: "if (content.size === page * pageBytes || offset",
        put: "if (offset",
        reason: "there is no such page: a cut drops it, and a file for which one was reserved is known as such",
      },
      {
        what: "a crash in place asks for nothing",
        file: "observed-fs.ts",
        in: "override crash(",
        find: "this.#askAll();",
        reason: "the invariants, which are on in tests alone, look at the durable image, and that asks for as much",
      },
      {
        what: "a lock that was given up counts as abandoned for ever",
        file: "directory-lock.ts",
        in: "#giveUp(name",
        find: "abandoned.delete(key);",
        reason: "what is abandoned is known by its nonce, which no later lock has: only memory grows",
      },
    ],
  ),
];
