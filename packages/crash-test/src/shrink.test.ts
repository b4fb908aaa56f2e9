import { CrashFs, type CrashChoice, type Effect } from "@holdfast/fs-seam/crash";
import { Directory } from "@holdfast/fs-seam";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { CrashFailure } from "./crash-matrix-report.js";
import { shrinkFailure } from "./shrink.js";

const runs = Number(process.env["FC_NUM_RUNS"] ?? 200);
const seed = process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) };

/** Three files are made: record numbers 0, 3 and 6 are their names, each followed by its length and its byte. */
function someEffects(): { readonly fs: CrashFs; readonly pending: readonly Effect[] } {
  const fs = new CrashFs();
  const directory = new Directory(fs);
  for (const name of ["a", "b", "c"]) directory.writeFile(name, new Uint8Array([1]));
  return { fs, pending: fs.pending() };
}

const everythingLost: CrashChoice = {
  version: 1,
  personality: "posix",
  at: 9,
  apply: [],
  torn: {},
  unwritten: "zeros",
};

/** Shrinks a failure that shows as long as `fails(kept)`; `legal` says which sets may be asked for at all. */
async function shrunk(
  pending: readonly Effect[],
  fs: CrashFs,
  fails: (kept: ReadonlySet<number>) => boolean,
  legal: (kept: ReadonlySet<number>) => boolean = () => true,
  choice: CrashChoice = everythingLost,
): Promise<{ readonly lost: number[]; readonly asked: number }> {
  let asked = 0;
  const failureOf = (choices: readonly CrashChoice[]): CrashFailure => ({
    choices,
    cause: new Error("broken"),
    admittedBy: ["posix"],
    trace: fs.trace(),
    context: { acks: [], depth: choices.length - 1, acked: () => false },
  });
  const best = await shrinkFailure(failureOf([choice]), pending, async (choices) => {
    asked += 1;
    const kept = new Set(choices.at(-1)?.apply);
    if (!legal(kept)) throw new Error("not legal");
    return fails(kept) ? failureOf(choices) : undefined;
  });
  const kept = new Set(best.choices[0]?.apply);
  return { lost: pending.map(({ seq }) => seq).filter((seq) => !kept.has(seq)), asked };
}

test("what does not matter is given back", async () => {
  const { fs, pending } = someEffects();
  expect((await shrunk(pending, fs, (kept) => !kept.has(4))).lost).toEqual([4]);
});

test("of two losses of which one suffices, the earlier stays", async () => {
  const { fs, pending } = someEffects();
  expect((await shrunk(pending, fs, (kept) => !kept.has(1) || !kept.has(7))).lost).toEqual([1]);
});

test("what fails with nothing lost ends with nothing lost", async () => {
  const { fs, pending } = someEffects();
  expect((await shrunk(pending, fs, () => true)).lost).toEqual([]);
});

test("a chain of effects that need each other is given back over as many rounds", async () => {
  const { fs, pending } = someEffects();
  const inOrder = (kept: ReadonlySet<number>): boolean => [...kept].every((seq) => seq === 1 || kept.has(seq - 1));
  const { lost } = await shrunk(pending, fs, (kept) => !kept.has(0), inOrder);
  expect(lost).toEqual([0]);
});

test("a rename is given back step by step where it may come apart, and whole where it may not", async () => {
  const fs = new CrashFs();
  const directory = new Directory(fs);
  for (const name of ["old", "new"]) directory.writeFile(name, new Uint8Array([1]));
  fs.writeback();
  directory.rename("new", "old");
  const pending = fs.pending();
  const [replaced = 0, source = 0, destination = 0] = pending.map(({ seq }) => seq);
  const choice = { ...everythingLost, at: fs.trace().records.length };
  const fails = (kept: ReadonlySet<number>): boolean => !kept.has(destination);
  expect((await shrunk(pending, fs, fails, undefined, choice)).lost).toEqual([destination]);
  const whole = (kept: ReadonlySet<number>): boolean => kept.size === 0 || kept.size === 3;
  expect((await shrunk(pending, fs, fails, whole, choice)).lost).toEqual([replaced, source, destination]);
  expect((await shrunk(pending, fs, () => true, whole, choice)).lost).toEqual([]);
});

test("a torn write is made whole", async () => {
  const { fs, pending } = someEffects();
  const torn = { ...everythingLost, apply: [0, 1, 3, 4, 5, 6, 7, 8], torn: { "2": [0] } };
  expect((await shrunk(pending, fs, () => true, undefined, torn)).lost).toEqual([]);
});

test("the cost is bounded by the effects that are lost", async () => {
  const { fs, pending } = someEffects();
  expect((await shrunk(pending, fs, () => true)).asked).toBe(9);
  expect((await shrunk(pending, fs, (kept) => kept.size === 0)).asked).toBe(9);
});

test("another failure, earlier in the path, is not taken for this one", async () => {
  const { fs, pending } = someEffects();
  const failureOf = (choices: readonly CrashChoice[]): CrashFailure => ({
    choices,
    cause: new Error("broken"),
    admittedBy: ["posix"],
    trace: fs.trace(),
    context: { acks: [], depth: choices.length - 1, acked: () => false },
  });
  const found = failureOf([everythingLost, everythingLost]);
  const best = await shrinkFailure(found, pending, async ([first]) => Promise.resolve(failureOf(first ? [first] : [])));
  expect(best).toBe(found);
});

test("whatever it takes to fail, nothing that is left lost can be given back alone", async () => {
  const { fs, pending } = someEffects();
  const seqs = pending.map(({ seq }) => seq);
  const culprits = fc.array(fc.uniqueArray(fc.constantFrom(...seqs)), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(culprits, async (sets) => {
      const fails = (kept: ReadonlySet<number>): boolean => sets.some((set) => set.every((seq) => !kept.has(seq)));
      const { lost } = await shrunk(pending, fs, fails);
      const keptWith = (extra: readonly number[]): ReadonlySet<number> =>
        new Set(seqs.filter((seq) => !lost.includes(seq) || extra.includes(seq)));
      expect(fails(keptWith([]))).toBe(true);
      for (const seq of lost) expect(fails(keptWith([seq]))).toBe(false);
    }),
    { numRuns: runs, ...seed },
  );
});
