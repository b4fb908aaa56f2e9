// Everything a store offers, together, against one model: whatever is appended, expected, repeated, followed, folded, copied and retained,
// in any order, and wherever in between the program or the machine stops. A failure ends in a line that plays its history again.
//
// STORE_MODEL_RUNS=2000 FC_SEED=1 npx vitest run test/store.model.test.ts
import fc from "fast-check";
import { expect, test } from "vitest";
import type { StoreOptions } from "../src/index.js";
import type { Sample } from "./sample-store.js";
import { anyCommand, writingCommand, type DrawnCommand } from "./support/store-commands.js";
import { StoreModel } from "./support/store-model.js";
import { StoreProgram } from "./support/store-program.js";

interface Histories {
  readonly name: string;
  readonly command: DrawnCommand;
  readonly numRuns: number;
  /** What has to happen in them, because they would say little without. */
  readonly happens: readonly string[];
}

const writing = ["appended", "conflict", "reused", "events lost"];
const kinds: readonly Histories[] = [
  {
    name: "whatever is done with it",
    command: anyCommand,
    numRuns: 25,
    happens: [...writing, "position saved"],
  },
  {
    name: "whatever is written and whenever it stops",
    command: writingCommand,
    numRuns: 25,
    happens: writing,
  },
];

const drawnOptions: fc.Arbitrary<Partial<StoreOptions<Sample>>> = fc.record({
  segmentBytes: fc.constantFrom(400, 1500, 8000),
  bufferBytes: fc.constantFrom(64, 512, 4096),
  preallocateBytes: fc.constantFrom(0, 4096),
  mergeBytes: fc.constantFrom(0, 0, 1000, 8000),
  streamHeads: fc.constantFrom(1, 2, 1024),
  acceleratorEvents: fc.constantFrom(1, 6, 65_536),
  cacheBytes: fc.constantFrom(0, 65_536),
});
const drawnPersonality = fc.constantFrom("posix", "ext4-ordered", "xfs", "btrfs");

/** Where a failure was, as fast-check finds it again. */
interface Replay {
  readonly name: string;
  readonly seed: number;
  readonly path: string;
  readonly replayPath: string;
}

const { STORE_MODEL_RUNS, STORE_MODEL_REPLAY, STORE_MODEL_PRINT, FC_SEED } = process.env;
const replay = STORE_MODEL_REPLAY === undefined ? undefined : (JSON.parse(STORE_MODEL_REPLAY) as Replay);
const isWhole = replay === undefined && STORE_MODEL_RUNS === undefined;
const timeoutMs = 120_000 + Number(STORE_MODEL_RUNS ?? 0) * 1000;

test.each(kinds.filter(({ name }) => replay === undefined || replay.name === name))(
  "a store is its model, $name",
  async ({ name, command, numRuns, happens }) => {
    const counts = new Map<string, number>();
    const note = (what: string): unknown => counts.set(what, (counts.get(what) ?? 0) + 1);
    const replayed = replay === undefined ? {} : { replayPath: replay.replayPath };
    const commands = fc.commands([command], { maxCommands: 80, size: "max", ...replayed });
    const property = fc.asyncProperty(commands, drawnOptions, drawnPersonality, async (steps, store, personality) => {
      const model = new StoreModel();
      const real = new StoreProgram({ personality, store, note });
      real.begin(model);
      await real.open(model);
      await real.demandAll(model);
      await fc.asyncModelRun(() => ({ model, real }), steps);
      await real.end(model);
    });
    const result = await fc.check(property, {
      numRuns: Number(STORE_MODEL_RUNS ?? numRuns),
      ...(FC_SEED === undefined ? {} : { seed: Number(FC_SEED) }),
      ...(replay === undefined ? {} : { seed: replay.seed, path: replay.path, endOnFailure: true }),
    });
    if (STORE_MODEL_PRINT !== undefined) process.stderr.write(`${JSON.stringify(Object.fromEntries(counts))}\n`);
    const { failed, counterexample, errorInstance, seed, counterexamplePath: path } = result;
    if (failed) {
      const [steps, ...settings] = counterexample ?? [];
      const history = fc.stringify(steps);
      const replayPath = /replayPath=\\?"([^"\\]*)/.exec(history)?.[1];
      const line = `STORE_MODEL_REPLAY='${JSON.stringify({ name, seed, path, replayPath })}' npx vitest run test/store.model.test.ts`;
      const told = [String(errorInstance), JSON.stringify(settings), history, line].join("\n");
      throw new Error(told, { cause: errorInstance });
    }
    if (isWhole) expect([...counts.keys()]).toEqual(expect.arrayContaining([...happens]));
    else expect(counts.get("command")).toBeGreaterThan(0);
  },
  timeoutMs,
);
