// Laws 23 to 26: what a flush or a compaction may leave out, against every snapshot's own eyes.
import fc from "fast-check";
import { expect, test } from "vitest";
import { DropRules, type Verdict } from "../src/format-entry.js";
import { bytesOf, compareEntries, hexOf, versionAt, viewOf, visibleAt, type Entry } from "./support/entries.js";

const fewKeys = fc.constantFrom("", "a", "b", "c").map(bytesOf);
const history = fc
  .array(fc.record({ key: fewKeys, deletes: fc.boolean(), value: fc.uint8Array({ maxLength: 2 }) }), { maxLength: 40 })
  .map((operations) =>
    operations.map(({ key, deletes, value }, at): Entry => ({
      key,
      seqno: at + 1,
      value: deletes ? undefined : value,
    })),
  );
const snapshotsOf = fc
  .uniqueArray(fc.integer({ min: 0, max: 45 }), { maxLength: 6 })
  .map((all) => all.toSorted((a, b) => a - b));

interface Job {
  readonly inside: readonly Entry[];
  readonly outside: readonly Entry[];
  readonly snapshots: readonly number[];
  readonly zeroSeqnos: boolean;
}

/** A history of which each key is cut in two: what is newer than the cut is in the job, what is older lies outside, deeper down. */
const jobs: fc.Arbitrary<Job> = fc
  .record({
    all: history,
    cuts: fc.array(fc.nat({ max: 45 }), { minLength: 4, maxLength: 4 }),
    snapshots: snapshotsOf,
    zeroSeqnos: fc.boolean(),
  })
  .map(({ all, cuts, snapshots, zeroSeqnos }) => {
    const names = ["", "61", "62", "63"];
    const isInside = ({ key, seqno }: Entry): boolean => seqno >= (cuts[names.indexOf(hexOf(key))] ?? 0);
    return {
      inside: all.filter(isInside).toSorted(compareEntries),
      outside: all.filter((entry) => !isInside(entry)),
      snapshots,
      zeroSeqnos,
    };
  });

function run({ inside, outside, snapshots, zeroSeqnos }: Job): {
  readonly kept: Entry[];
  readonly verdicts: Verdict[];
} {
  const rules = new DropRules({
    snapshots,
    zeroSeqnos,
    mayHaveOlder: ({ keyBytes, keyStart, keyEnd }) =>
      outside.some(({ key }) => Buffer.compare(key, keyBytes.subarray(keyStart, keyEnd)) === 0),
  });
  const verdicts = inside.map((entry) => rules.judge(viewOf(entry)));
  const kept = inside.flatMap((entry, at) =>
    verdicts[at] === "drop" ? [] : [verdicts[at] === "keepAtZero" ? { ...entry, seqno: 0 } : entry],
  );
  return { kept, verdicts };
}

/** Values by key that a snapshot sees: seqnos may become 0, nothing else may change. */
function seenAt(entries: readonly Entry[], seqno: number): [string, string][] {
  return visibleAt(entries, seqno).map(({ key, value }) => [hexOf(key), hexOf(value ?? new Uint8Array())]);
}

test("law 23: every snapshot, and whoever comes now, sees what it saw", () => {
  fc.assert(
    fc.property(jobs, (job) => {
      const before = [...job.inside, ...job.outside];
      const after = [...run(job).kept, ...job.outside];
      for (const seqno of [...job.snapshots, 1000]) expect(seenAt(after, seqno)).toEqual(seenAt(before, seqno));
    }),
    { numRuns: 1500 },
  );
});

test("law 24: the newest of each stripe is kept, unless it is a delete that hides nothing; the others are dropped", () => {
  fc.assert(
    fc.property(jobs, (job) => {
      const { verdicts } = run(job);
      job.inside.forEach((entry, at) => {
        // Somebody sees it: a snapshot, or whoever comes now, for whom it is the newest version.
        const isSeen = [...job.snapshots, 1000].some(
          (seqno) => versionAt(job.inside, entry.key, seqno)?.seqno === entry.seqno,
        );
        if (!isSeen) expect(verdicts[at]).toBe("drop");
        else if (entry.value !== undefined) expect(verdicts[at]).not.toBe("drop");
      });
    }),
    { numRuns: 500 },
  );
});

test("law 25: a delete goes only when no snapshot is from before it and nothing older lies outside, and then it does", () => {
  fc.assert(
    fc.property(jobs, (job) => {
      const { verdicts } = run(job);
      job.inside.forEach((entry, at) => {
        if (entry.value !== undefined) return;
        const isSeen = [...job.snapshots, 1000].some(
          (seqno) => versionAt(job.inside, entry.key, seqno)?.seqno === entry.seqno,
        );
        if (!isSeen) return;
        const isNeeded =
          job.snapshots.some((seqno) => seqno < entry.seqno) ||
          job.outside.some(({ key }) => Buffer.compare(key, entry.key) === 0);
        expect(verdicts[at]).toBe(isNeeded ? "keep" : "drop");
      });
    }),
    { numRuns: 1000 },
  );
});

test("law 26: seqnos become 0 only where asked, below every snapshot, and above nothing older", () => {
  fc.assert(
    fc.property(jobs, (job) => {
      const { verdicts } = run(job);
      job.inside.forEach((entry, at) => {
        const mayZero =
          job.zeroSeqnos &&
          entry.value !== undefined &&
          job.snapshots.every((seqno) => seqno >= entry.seqno) &&
          !job.outside.some(({ key }) => Buffer.compare(key, entry.key) === 0);
        if (verdicts[at] === "keepAtZero") expect(mayZero).toBe(true);
        else if (verdicts[at] === "keep") expect(mayZero).toBe(false);
      });
    }),
    { numRuns: 1000 },
  );
});

test("the plain cases, one by one", () => {
  const entries: Entry[] = [
    { key: bytesOf("a"), seqno: 9, value: bytesOf("new") },
    { key: bytesOf("a"), seqno: 5, value: undefined },
    { key: bytesOf("a"), seqno: 2, value: bytesOf("old") },
    { key: bytesOf("b"), seqno: 7, value: undefined },
    { key: bytesOf("b"), seqno: 1, value: bytesOf("gone") },
  ];
  const verdicts = (snapshots: number[], older: boolean, zeroSeqnos = false): string =>
    run({
      inside: entries,
      outside: older ? entries.map((entry) => ({ ...entry, seqno: 0 })) : [],
      snapshots,
      zeroSeqnos,
    })
      .verdicts.map((each) => each[0])
      .join("");
  expect(verdicts([], false)).toBe("kdddd");
  expect(verdicts([], true)).toBe("kddkd");
  expect(verdicts([6], false)).toBe("kddkk"); // 6 sees a deleted, with nothing below, and b as it was
  expect(verdicts([2, 6], false)).toBe("kkkkk");
  expect(run({ inside: entries, outside: [], snapshots: [], zeroSeqnos: true }).verdicts[0]).toBe("keepAtZero");
});

test("entries out of order and snapshots that descend are refused", () => {
  const rules = new DropRules({ snapshots: [1, 1, 4], mayHaveOlder: () => true });
  rules.judge(viewOf({ key: bytesOf("b"), seqno: 3, value: undefined }));
  for (const [name, seqno] of [
    ["b", 3],
    ["b", 4],
    ["a", 1],
  ] as const) {
    const judge = (): Verdict => rules.judge(viewOf({ key: bytesOf(name), seqno, value: undefined }));
    expect(judge).toThrow(expect.objectContaining({ code: "LSM_OUT_OF_ORDER" }));
  }
  expect(() => new DropRules({ snapshots: [4, 1], mayHaveOlder: () => true })).toThrow("snapshots must ascend");
});
