// Every line that makes a barrier what it is, each taken away or turned around once. The areas are files of their own.
import { diskMutations } from "./disk-mutations.mjs";
import { handleMutations } from "./handle-mutations.mjs";
import { imageMutations } from "./crash-mutations.mjs";
import { ledgerMutations } from "./ledger-mutations.mjs";
import { lockMutations } from "./lock-mutations.mjs";
import { logMutations } from "./log-mutations.mjs";
import { pageMutations } from "./page-mutations.mjs";
import { publishMutations } from "./publish-mutations.mjs";
import { realMutations } from "./real-mutations.mjs";
import { ruleMutations } from "./rule-mutations.mjs";

/** @type {readonly import("./area.mjs").Mutation[]} */
export const mutations = [
  ...logMutations,
  ...handleMutations,
  ...pageMutations,
  ...ruleMutations,
  ...ledgerMutations,
  ...imageMutations,
  ...diskMutations,
  ...publishMutations,
  ...lockMutations,
  ...realMutations,
];

/** Mutations that no test can notice, each with the reason: the line they change could go. */
export const equivalent = [];
