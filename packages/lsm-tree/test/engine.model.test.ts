// Everything a database offers, together, against one model: whatever is written, read, held, cleared, flushed and compacted, in any order,
// and wherever in between the program or the machine stops. A failure ends in a line that plays its history again.
//
// LSM_MODEL_RUNS=10000 FC_SEED=1 npx vitest run test/engine.model.test.ts
import fc from "fast-check";
import { expect, test } from "vitest";
import { EngineHistory } from "./support/engine-history.js";
import { historyCommand } from "./support/history-commands.js";
import type { MachineSettings } from "./support/history-machine.js";

const RUNS = 40;

const settings: fc.Arbitrary<MachineSettings> = fc.record({
  personality: fc.constantFrom("posix", "ext4-ordered", "xfs", "btrfs"),
  engine: fc.record({
    writeBufferBytes: fc.constantFrom(1, 300, 1000, 4000),
    tableBytes: fc.constantFrom(100, 400, 3000),
    blockBytes: fc.constantFrom(1, 64, 500),
    cacheBytes: fc.constantFrom(0, 500, 1_000_000),
    maxOpenTables: fc.constantFrom(1, 3, 512),
    manifestBytes: fc.constantFrom(1, 600, 1_000_000),
    filterBitsPerKey: fc.constantFrom(0, 10),
    paranoidOpen: fc.boolean(),
  }),
  isCompressed: fc.boolean(),
  clockStepMs: fc.constantFrom(0, 1, 3),
});

/** What has to happen in them, because they would say little without. */
const happens = [
  ...["level 0", "level 1", "level 2", "level 3", "level 4", "level 5", "level 6", "compacted", "aborted"],
  ...["cleared at once", "reopened", "killed", "the power failed"],
  ...["a power loss has taken writes", "the power failed during a recovery"],
];

/** Where a failure was, as fast-check finds it again. */
interface Replay {
  readonly seed: number;
  readonly path: string;
}

const { LSM_MODEL_RUNS, LSM_MODEL_REPLAY, LSM_MODEL_PRINT, FC_SEED } = process.env;
const replay = LSM_MODEL_REPLAY === undefined ? undefined : (JSON.parse(LSM_MODEL_REPLAY) as Replay);
const timeoutMs = 120_000 + Number(LSM_MODEL_RUNS ?? 0) * 10_000; // beside other work, too

test(
  "laws 15 to 19, 21, 23, 27, 28, 36, 43, 44, 45a, 50: a database is its model, whatever is done with it and whenever it stops",
  async () => {
    const counts = new Map<string, number>();
    const note = (what: string): unknown => counts.set(what, (counts.get(what) ?? 0) + 1);
    const commands = fc.array(historyCommand, { minLength: 1, maxLength: 60, size: "max" });
    const property = fc.asyncProperty(commands, settings, fc.boolean(), async (steps, drawn, isPlanted) => {
      const history = new EngineHistory(drawn, note);
      note("history");
      await history.begin(isPlanted);
      for (const step of steps) await history.run(step);
      await history.end();
    });
    const result = await fc.check(property, {
      numRuns: Number(LSM_MODEL_RUNS ?? RUNS),
      ...(FC_SEED === undefined ? {} : { seed: Number(FC_SEED) }),
      ...(replay === undefined ? {} : { ...replay, endOnFailure: true }),
    });
    if (LSM_MODEL_PRINT !== undefined) process.stderr.write(`${JSON.stringify(Object.fromEntries(counts))}\n`);
    const { failed, counterexample, errorInstance, seed, counterexamplePath: path } = result;
    if (failed) {
      const [steps = [], ...others] = counterexample ?? [];
      const line = `LSM_MODEL_REPLAY='${JSON.stringify({ seed, path })}' npx vitest run test/engine.model.test.ts`;
      const history = steps.map((step) => JSON.stringify(step));
      const told = [String(errorInstance), JSON.stringify(others), ...history, line].join("\n");
      throw new Error(told, { cause: errorInstance });
    }
    const expected = replay === undefined ? happens : ["history"];
    expect([...counts.keys()]).toEqual(expect.arrayContaining(expected));
  },
  timeoutMs,
);
