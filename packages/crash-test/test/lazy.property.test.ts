// Over generated programs and recoveries: deciding lazily shows every outcome that a recovery from every disk shows, and no other.
// Replay: FC_SEED=<seed> npx vitest run test/lazy.property.test.ts; a long run: FC_NUM_RUNS=<cases>.
import type { Directory } from "@holdfast/fs-seam";
import type { Personality } from "@holdfast/fs-seam/crash";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions } from "../src/index.js";
import { everyDisk } from "./every-disk.js";
import { act, Player, setUp, step, traceOf, type Act, type Step } from "./generated-program.js";
import { cases, judges, timeout } from "./lazy-runs.js";

type Strategy = Pick<CrashMatrixOptions<string>, "strategy" | "nestedStrategy">;

/** Looks at nothing a second time but at the start: a second look might find what was not decided. */
const lazily: Strategy = { strategy: { kind: "lazy", recheckEvery: 1_000_000 } };
const distrustfully: Strategy = { strategy: { kind: "lazy", recheckEvery: 1 } };
const byChance: Strategy = { strategy: { kind: "sampled", seed: 1, patience: 4 } };
const everything = { kind: "exhaustive", limit: 1 << 12 } as const;
const exhaustively: Strategy = { strategy: everything, nestedStrategy: everything };

async function outcomesOf(
  steps: readonly Step[],
  recover: (directory: Directory) => string,
  how: Partial<CrashMatrixOptions<string>>,
): Promise<string[]> {
  const found = new Set<string>();
  await crashMatrix({
    setup: setUp,
    workload(directory, run) {
      const player = new Player(directory, () => run.ack("acknowledged"));
      for (const each of steps) player.play(each);
    },
    recover,
    check: (text, { acks }) => void found.add(`${acks.length} ${text}`),
    minImages: 1,
    allowIncomplete: true, // what chance shows is never everything
    ...how,
  });
  return [...found].sort();
}

/** More of these have more disks than can be looked at one by one. */
const sizes = [
  { steps: 8, acts: 6 },
  { steps: 5, acts: 6 },
  { steps: 3, acts: 4 },
] as const;

test.each(
  judges.flatMap((personality) =>
    [0, 1, 2].map((nested) => [personality.name, nested as 0 | 1 | 2, personality] as const),
  ),
)(
  "lazy shows the outcomes of every disk, under %s and %i crashes inside recovery",
  { timeout },
  async (_, nested, personality: Personality) => {
    let compared = 0;
    const steps = fc.array(step, { minLength: 1, maxLength: sizes[nested].steps });
    const acts = fc.array(act, { minLength: 1, maxLength: sizes[nested].acts });
    await fc.assert(
      fc.asyncProperty(steps, acts, async (program: readonly Step[], acting: readonly Act[]) => {
        const recover = (directory: Directory): string => new Player(directory).recover(acting);
        const every = everyDisk(traceOf(program), personality, nested, recover, { subsets: 256, recoveries: 2000 });
        if (!every.complete) return;
        const options = { personalities: [personality], nested };
        const all = [...every.outcomes].sort();
        expect(await outcomesOf(program, recover, { ...options, ...lazily })).toEqual(all);
        expect(await outcomesOf(program, recover, { ...options, ...distrustfully })).toEqual(all);
        expect(await outcomesOf(program, recover, { ...options, ...exhaustively })).toEqual(all);
        expect(all).toEqual(expect.arrayContaining(await outcomesOf(program, recover, { ...options, ...byChance })));
        compared += 1;
      }),
      cases,
    );
    expect(compared).toBeGreaterThan(10);
  },
);
