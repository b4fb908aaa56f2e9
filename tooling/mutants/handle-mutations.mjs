// Handles of the in-memory engine: death by crash, poison, barriers in flight. engine-handle.ts.
import { area, tests } from "./area.mjs";

export const handleMutations = area(
  "handle",
  [tests.crash, tests.log, tests.laws, tests.crashStates, ...tests.simFs],
  [
    {
      what: "a handle works on after a crash",
      file: "engine-handle.ts",
      in: "#checkLive(operation",
      find: "if (this.#epoch !== this.#fs.epoch) {",
      put: "if (this.#epoch === -1) {",
    },
    {
      what: "a poisoned handle writes",
      file: "engine-handle.ts",
      in: "#checkWritable(operation",
      find: "if (this.#poison !== undefined) {",
      put: "if (this.#poison !== undefined && this.#epoch === -1) {",
    },
    {
      what: "a poisoned handle syncs",
      file: "engine-handle.ts",
      in: "#checkSound():",
      find: "if (this.#poison === undefined) return;",
      put: "if (this.#poison === undefined || this.#epoch !== -1) return;",
    },
    {
      what: "a failed barrier does not poison",
      file: "engine-handle.ts",
      find: 'if (error instanceof FsError && error.code !== "FS_CRASHED" && this.#fs.poisonsHandles) this.#poison = error;',
    },
    {
      what: "a failed barrier poisons under laws that know no poison",
      file: "engine-handle.ts",
      find: "&& this.#fs.poisonsHandles",
    },
    {
      what: "a failed promise barrier does not poison",
      file: "engine-handle.ts",
      in: "#issueBarrier(rung",
      find: "throw this.#poisonBy(error);",
      put: "throw error;",
    },
    {
      what: "a failed blocking barrier does not poison",
      file: "engine-handle.ts",
      in: "syncBlocking(rung",
      find: "throw this.#poisonBy(error);",
      put: "throw error;",
    },
    {
      what: "a barrier behind a failed one is carried out",
      file: "engine-handle.ts",
      find: "if (this.#poison === undefined) issued.effect();",
      put: "issued.effect();",
    },
    {
      what: "a barrier behind a failed one says success",
      file: "engine-handle.ts",
      find: "if (this.#epoch === this.#fs.epoch) this.#checkSound();",
    },
    {
      what: "nobody knows that a barrier is in flight",
      file: "engine-handle.ts",
      find: "this.#barriersInFlight += 1;",
    },
    {
      what: "a barrier is in flight for ever",
      file: "engine-handle.ts",
      find: "this.#barriersInFlight -= 1;",
    },
    {
      what: "a blocking barrier overtakes a promised one",
      file: "engine-handle.ts",
      in: "syncBlocking(rung",
      find: "if (this.#barriersInFlight > 0) {",
      put: "if (this.#barriersInFlight > 9) {",
    },
    {
      what: "a read in flight succeeds across a crash",
      file: "engine-handle.ts",
      find: 'this.#fs.checkEpoch(this.#epoch, "read", this.path);',
    },
    {
      what: "a closed handle gives its file up while a promise of it is in flight",
      file: "engine-handle.ts",
      find: "|| this.#inFlight > 0 ||",
      put: "||",
    },
    {
      what: "a handle that a crash has killed is given back a second time",
      file: "engine-handle.ts",
      find: "|| this.#epoch !== this.#fs.epoch) return;\n    this.#fs.closeHandle(this);",
      put: ") return;\n    this.#fs.closeHandle(this);",
    },
    {
      what: "an armed fault is forgotten",
      file: "engine-handle.ts",
      find: "this.armed = fault;",
    },
  ],
);
