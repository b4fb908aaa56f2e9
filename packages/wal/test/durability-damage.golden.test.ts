// Every cut and every flipped bit of what the reference wrote: never anything that was not written, never damage that passes.
import { describe, expect, test } from "vitest";
import { WalError } from "../src/index.js";
import { decodeDurabilityCheckpoint, type DurabilityCheckpoint } from "../src/durability-entry.js";
import {
  directoryWith,
  flip,
  goldenBytes,
  goldenCase,
  goldenFiles,
  hex,
  readLog,
  recordsOf,
} from "./durability-golden.js";

/** Rows `[from, to, strict, recover]` of what this must return, `N` for N entries and no error, `-` for a refusal. */
type Row = readonly [from: number, to: number, strict: string, recover: string];

// Entries of 9, 0 and 21 bytes in segment 1, of 4 and 13 in segment 2: frames begin at 24, 49, 65 and at 24, 44.
const cutsOfLast: readonly Row[] = [
  [0, 23, "-", "3"],
  [24, 24, "3", "3"],
  [25, 43, "-", "3"],
  [44, 44, "4", "4"],
  [45, 72, "-", "4"],
  [73, 73, "5", "5"],
];
const cutsOfFirst: readonly Row[] = [
  [0, 101, "-", "-"],
  [102, 102, "5", "5"],
];

/** Bits of segment 2: the header, the frame that another follows, and the last one, whose id version 2 leaves uncovered. */
const flipsOfLast: Readonly<Record<"wal-sweep-final" | "v3-sweep", readonly Row[]>> = {
  "wal-sweep-final": [
    [0, 44 * 8 - 1, "-", "-"],
    [44 * 8, 48 * 8 - 1, "-", "4"],
    [48 * 8, 56 * 8 - 1, "-", "-"],
    [56 * 8, 73 * 8 - 1, "-", "4"],
  ],
  "v3-sweep": [
    [0, 44 * 8 - 1, "-", "-"],
    [44 * 8, 73 * 8 - 1, "-", "4"],
  ],
};
const flipsOfFirst: readonly Row[] = [[0, 102 * 8 - 1, "-", "-"]];

describe.each([
  ["wal-sweep-final", "wal/wal_2.log", cutsOfLast, flipsOfLast["wal-sweep-final"]],
  ["wal-sweep-nonfinal", "wal/wal_1.log", cutsOfFirst, flipsOfFirst],
  ["v3-sweep", "wal/wal_2.log", cutsOfLast, flipsOfLast["v3-sweep"]],
  ["v3-sweep", "wal/wal_1.log", cutsOfFirst, flipsOfFirst],
] as const)("%s, %s", (name, file, cuts, flips) => {
  const files = goldenFiles(name);
  const written = readLog(directoryWith(files), { mode: "strict" });
  const original = files.get(file) ?? new Uint8Array(0);

  function outcomes(bytes: Uint8Array): readonly [strict: string, recover: string] {
    const directory = directoryWith(new Map([...files, [file, bytes]]));
    const [strict, recover, salvage] = (["strict", "recover", "salvage"] as const).map((mode) => {
      const { entries, ids, error, report } = readLog(directory, { mode });
      // Whatever the mode and the verdict: a beginning of what was written.
      expect(entries.map(hex)).toEqual(written.entries.slice(0, entries.length).map(hex));
      expect(ids).toEqual(written.ids.slice(0, ids.length));
      if (error === undefined) expect(report?.entryCount).toBe(ids.length);
      return error === undefined ? String(ids.length) : "-";
    });
    expect(salvage).not.toBe("-");
    return [strict ?? "", recover ?? ""];
  }

  function expectRows(rows: readonly Row[], change: (position: number) => Uint8Array): void {
    let next = 0;
    for (const [from, to, ...expected] of rows) {
      expect(from).toBe(next);
      for (let position = from; position <= to; position++) {
        expect([position, ...outcomes(change(position))]).toEqual([position, ...expected]);
      }
      next = to + 1;
    }
  }

  test("every cut", () => {
    expect(cuts.at(-1)?.[1]).toBe(original.length);
    expectRows(cuts, (length) => original.slice(0, length));
  });

  test("every flipped bit", () => {
    expect(flips.at(-1)?.[1]).toBe(original.length * 8 - 1);
    expectRows(flips, (bit) => flip(original, bit));
  });

  test("where the reference returns what was not written, or less without an error, this refuses", () => {
    const sweeps = goldenCase(name).sweeps?.filter((sweep) => sweep.file === file) ?? [];
    const silent = sweeps.flatMap(({ op, rows }) =>
      rows
        .filter(
          ([, , , best]) => /DIFFERENT/.test(best ?? "") || (op.startsWith("flip") && /^ok [1-4]$/.test(best ?? "")),
        )
        .map(([from]) => (op.startsWith("flip") ? flip(original, from) : original.slice(0, from))),
    );
    if (name !== "v3-sweep" || file === "wal/wal_2.log") expect(silent.length).toBeGreaterThan(0);
    for (const bytes of silent) expect(outcomes(bytes)[0]).toBe("-");
  });
});

describe("rl-sweep", () => {
  const original = goldenBytes("rl-sweep", "log.bin"); // "abcde"-like records of 5, 0 and 12 bytes at 8, 21 and 29
  const { records } = recordsOf(original);

  function endOf(bytes: Uint8Array): readonly [kind: string, records: number, doubtful: number] {
    const found = recordsOf(bytes);
    expect(found.records.map(hex)).toEqual(records.slice(0, found.recordCount).map(hex));
    expect(found.records).toHaveLength(found.recordCount);
    return [found.end.kind, found.recordCount, found.doubtfulRecords];
  }

  test("the log holds three records", () => {
    expect(records.map(({ length }) => length)).toEqual([5, 0, 12]);
  });

  test.each([
    [0, 7, ["torn", 0, 0]],
    [8, 8, ["clean", 0, 0]],
    [9, 20, ["torn", 0, 0]],
    [21, 21, ["clean", 1, 0]],
    [22, 28, ["zeros", 1, 0]],
    [29, 29, ["zeros", 1, 1]], // one empty record, or eight zeros
    [30, 48, ["torn", 1, 1]],
    [49, 49, ["clean", 3, 0]],
  ] as const)("cut to %i to %i bytes: %j", (from, to, expected) => {
    for (let length = from; length <= to; length++) {
      expect([length, ...endOf(original.slice(0, length))]).toEqual([length, ...expected]);
    }
  });

  test("every flipped bit", () => {
    for (let bit = 0; bit < original.length * 8; bit++) {
      const expected = bit < 29 * 8 ? "corrupt" : "torn";
      expect([bit, endOf(flip(original, bit))[0]]).toEqual([bit, expected]);
    }
  });
});

describe("checkpoints", () => {
  const two = goldenBytes("ck2-abc", "c.chk");
  const one = goldenBytes("ck-sweep", "c.chk");
  const refusal = (bytes: Uint8Array): unknown => {
    try {
      return decodeDurabilityCheckpoint(bytes);
    } catch (error) {
      if (!(error instanceof WalError)) throw error;
      return error.code;
    }
  };

  test.each([one, two])("every cut and every byte behind is refused", (bytes) => {
    for (let length = 0; length < bytes.length; length++) expect(refusal(bytes.slice(0, length))).toBe("WAL_CORRUPT");
    expect(refusal(new Uint8Array([...bytes, 0]))).toBe("WAL_CORRUPT");
  });

  /** No bit makes a known version of another. */
  const codeOf = (bit: number): string => (bit >= 32 && bit < 64 ? "WAL_UNSUPPORTED" : "WAL_CORRUPT");

  test("version 2: every flipped bit is refused", () => {
    for (let bit = 0; bit < two.length * 8; bit++) {
      expect([bit, refusal(flip(two, bit))]).toEqual([bit, codeOf(bit)]);
    }
  });

  test("version 1: every flipped bit but those of the id, which the format leaves uncovered", () => {
    const { payload } = decodeDurabilityCheckpoint(one);
    for (let bit = 0; bit < one.length * 8; bit++) {
      const outcome = refusal(flip(one, bit));
      if (bit < 64 || bit >= 128) {
        expect([bit, outcome]).toEqual([bit, codeOf(bit)]);
      } else if (bit >= 117) {
        expect(outcome).toBe("WAL_LSN_OUT_OF_RANGE");
      } else {
        const { lastAppliedId, payload: same } = outcome as DurabilityCheckpoint;
        expect([BigInt(lastAppliedId), hex(same)]).toEqual([5n ^ (1n << BigInt(bit - 64)), hex(payload)]);
      }
    }
  });
});
