// Every line that makes a barrier what it is, each taken away or turned around once. The areas are files of their own.
import { area } from "./area.mjs";
import { codecMutations } from "./codec-mutations.mjs";
import { crashFsMutations } from "./crash-fs-mutations.mjs";
import { directoryMutations } from "./directory-mutations.mjs";
import { diskMutations } from "./disk-mutations.mjs";
import { fbatMutations } from "./fbat-mutations.mjs";
import { handleMutations } from "./handle-mutations.mjs";
import { identityMutations } from "./identity-mutations.mjs";
import { imageMutations } from "./image-mutations.mjs";
import { ledgerMutations } from "./ledger-mutations.mjs";
import { lockMutations } from "./lock-mutations.mjs";
import { logMutations } from "./log-mutations.mjs";
import { pageMutations } from "./page-mutations.mjs";
import { payloadMutations } from "./payload-mutations.mjs";
import { publishMutations } from "./publish-mutations.mjs";
import { realMutations } from "./real-mutations.mjs";
import { recordMutations } from "./record-mutations.mjs";
import { ruleMutations } from "./rule-mutations.mjs";
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
  ...imageMutations,
  ...identityMutations,
  ...crashFsMutations,
  ...diskMutations,
  ...publishMutations,
  ...directoryMutations,
  ...lockMutations,
  ...realMutations,
  ...codecMutations,
  ...payloadMutations,
  ...fbatMutations,
];

/** Mutations that no test can notice, each with the reason: the line they change could go. */
export const equivalent = area(
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
      file: "crash-choice.ts",
      find: "applyEffect(state, effect, unit.pieces, personality.tears.unitBytes);",
      put: "applyEffect(state, effect, unit.pieces);",
      reason: "pieces of a whole page are never cut up, and the only other size is the default",
    },
    {
      what: "a lock that was given up counts as abandoned for ever",
      file: "directory-lock.ts",
      in: "#giveUp(name",
      find: "abandoned.delete(key);",
      reason: "what is abandoned is known by its nonce, which no later lock has: only memory grows",
    },
  ],
);
