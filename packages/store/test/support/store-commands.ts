import fc from "fast-check";
import { openingPaths } from "../opening-paths.js";
import {
  pageCommand,
  projectCommand,
  reactCommand,
  takeCommand,
  type Acks,
  type TakeArgs,
} from "./following-commands.js";
import { modelRegions, modelTargets } from "./model-regions.js";
import { backupCommand, killCommand, powerLossCommand, reopenCommand, restoreCommand } from "./stopping-commands.js";
import type { StoreModel, Wish } from "./store-model.js";
import type { Left, StoreProgram } from "./store-program.js";
import {
  commitCommand,
  compactCommand,
  retryCommand,
  syncCommand,
  type Change,
  type CommitArgs,
  type CompactArgs,
} from "./writing-commands.js";

/** All there is to do with a store, drawn. Few names, few numbers: what meets is what breaks. */

const one = <const Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);

const wish: fc.Arbitrary<Wish> = fc.record({
  entity: one("a", "ab", "b"),
  scope: one("", "", "s"),
  lane: one(0, 0, 0, 3),
  amount: fc.nat(5),
  expects: one<Wish["expects"]>(
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    0,
    0,
    0,
    "empty",
    -1,
    1,
  ),
  isCaused: fc.boolean(),
});

const commit = fc.record<CommitArgs>({
  wishes: fc.oneof(fc.tuple(wish), fc.array(wish, { minLength: 2, maxLength: 5 })),
  key: fc.option(one("k", "l", "m", "n", "o", "p", "q", "r"), { nil: undefined, freq: 2 }),
  rung: one<CommitArgs["rung"]>("os", "memory", "data", "data"),
});

const compaction = fc.record<CompactArgs>({
  by: one<CompactArgs["by"]>("sequence", "revision", "kind", "lane"),
  modulus: fc.integer({ min: 1, max: 4 }),
  rest: fc.nat(3),
  rotate: fc.boolean(),
  through: fc.option(fc.nat(12), { nil: undefined, freq: 2 }),
});

const taking = fc.record<TakeArgs>({
  name: one<TakeArgs["name"]>("all", "orders"),
  batches: fc.integer({ min: 1, max: 4 }),
  acks: one<Acks>("all", "all", "none", "backwards", "all but the first", "all but the last"),
  rung: one<TakeArgs["rung"]>("memory", "data", "data"),
});

const projection = fc.record({
  target: one(0, 0, 0, 0, 0, 0, 5, 5, 5, ...modelTargets.keys()),
  until: one("visible", "durable"),
  past: fc.option(fc.nat(12), { nil: undefined, freq: 5 }),
  isAsync: fc.boolean(),
});

const page = fc.record({
  region: fc.nat(modelRegions.length - 1),
  backward: fc.boolean(),
  limit: fc.integer({ min: 1, max: 4 }),
});

const retry = fc.record({
  which: fc.nat(5),
  change: one<Change>("none", "none", "none", "payload", "stream", "scope", "fewer", "more"),
});

const powerLoss = fc.record({
  moment: fc.nat(1000),
  left: fc.oneof(one<Left>("worst", "best"), fc.nat(10_000), fc.nat(10_000)),
});

export type DrawnCommand = fc.Arbitrary<fc.AsyncCommand<StoreModel, StoreProgram>>;

/** A command without arguments, made anew every time. */
function plain(command: () => fc.AsyncCommand<StoreModel, StoreProgram>): DrawnCommand {
  return fc.constant(undefined).map(command);
}

/** What is written, and how a program stops. */
const writing = [
  { weight: 16, arbitrary: commit.map(commitCommand) as DrawnCommand },
  { weight: 2, arbitrary: retry.map(retryCommand) as DrawnCommand },
  { weight: 2, arbitrary: plain(syncCommand) },
  { weight: 2, arbitrary: one(0, 0, 0, 0, ...openingPaths.keys()).map(reopenCommand) as DrawnCommand },
  { weight: 1, arbitrary: plain(killCommand) },
  { weight: 4, arbitrary: powerLoss.map(powerLossCommand) as DrawnCommand },
];

const following = [
  { weight: 4, arbitrary: taking.map(takeCommand) as DrawnCommand },
  { weight: 1, arbitrary: plain(reactCommand) },
  { weight: 6, arbitrary: projection.map(projectCommand) as DrawnCommand },
  { weight: 2, arbitrary: page.map(pageCommand) as DrawnCommand },
];

const maintaining = [
  { weight: 2, arbitrary: compaction.map(compactCommand) as DrawnCommand },
  { weight: 1, arbitrary: plain(backupCommand) },
  { weight: 3, arbitrary: plain(restoreCommand) },
];

export const writingCommand: DrawnCommand = fc.oneof(...writing);
export const anyCommand: DrawnCommand = fc.oneof(...writing, ...following, ...maintaining);
