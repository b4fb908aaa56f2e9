// The manifest alone: edits, snapshots and pruning on every disk that a power loss may leave, and crashes inside the opens from it.
import { crashMatrix } from "@holdfast/crash-test";
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openWalReader } from "@holdfast/wal";
import { describe, expect, test } from "vitest";
import type { ManifestState } from "../src/manifest-fold.js";
import { ManifestLog, readManifest } from "../src/manifest-log.js";
import { decodeVersionEdit } from "../src/version-edit.js";
import type { EditChange, TableMeta } from "../src/version-edit.js";
import { Version } from "../src/version.js";

const initial: ManifestState = {
  database: {
    formatVersion: 1,
    databaseId: new Uint8Array(16).fill(1),
    comparator: 1,
    hashKey: { low: 2, high: 3 },
    levelCount: 3,
  },
  version: Version.empty(3),
  nextFileNumber: 1,
  lastSeqno: 0,
  flushedLsn: 0,
  compactPointers: new Map(),
};

function table(tableNumber: number): TableMeta {
  const key = new TextEncoder().encode(`key ${String(tableNumber).padStart(9, "0")}`);
  const counts = { bytes: 1000, chain: tableNumber, entryCount: 2, deleteCount: 1, createdMs: 0 };
  return {
    ...counts,
    level: 1,
    tableNumber,
    minSeqno: tableNumber,
    maxSeqno: tableNumber,
    smallest: key,
    largest: key,
  };
}

/** Edit n adds table n and removes the one before its predecessor, so that a snapshot stays short. */
function edit(n: number): EditChange[] {
  const added: EditChange = { kind: "addTable", table: table(n) };
  return n < 3 ? [added] : [added, { kind: "deleteTable", level: 1, tableNumber: n - 2 }];
}

const marks = (n: number): { nextFileNumber: number; lastSeqno: number; flushedLsn: number } => {
  return { nextFileNumber: n + 1, lastSeqno: n, flushedLsn: n };
};

const tablesOf = ({ version }: ManifestState): number[] => [...version.tables()].map((each) => each.tableNumber);
const expected = (n: number): number[] => [n - 1, n].filter((each) => each > 0);

const open = (directory: Directory, manifestBytes: number, state: ManifestState | undefined): Promise<ManifestLog> =>
  ManifestLog.open({ directory, mode: "recover", manifestBytes, turn: () => Promise.resolve() }, state);

const EDITS = 14;

test("laws 31, 32, 33: a manifest is what its edits have made of it up to one of them, however often it was written anew", async () => {
  const report = await crashMatrix({
    name: "manifest",
    setup: async (directory) => {
      const manifest = await open(directory, 600, initial);
      await manifest.close();
    },
    workload: async (directory, run) => {
      const manifest = await open(directory, 600, undefined);
      for (let n = 1; n <= EDITS; n++) {
        await manifest.append(
          () => edit(n),
          () => marks(n),
        );
        run.ack("edit", n);
      }
      await manifest.idle();
      const { firstLsn } = manifest;
      if (firstLsn < 4) throw new Error(`nothing was pruned: ${firstLsn}`);
    },
    recover: async (directory) => {
      const manifest = await open(directory, 600, undefined);
      const { state } = manifest;
      const n = state.flushedLsn;
      await manifest.append(
        () => edit(n + 1),
        () => marks(n + 1),
      );
      await manifest.close();
      return { n, tables: tablesOf(state), again: readManifest(directory) };
    },
    check: ({ n, tables, again }, { acks }) => {
      expect(n).toBeGreaterThanOrEqual(acks.length);
      expect(tables).toEqual(expected(n));
      expect(again && tablesOf(again)).toEqual(expected(n + 1));
    },
    strategy: { kind: "levels", level: 2 },
    nested: 1,
    nestedStrategy: { kind: "levels", level: 1 },
    rememberReads: true,
    personalities: ["posix"],
  });
  expect(report.recoveries).toBeGreaterThan(200);
});

test("law 51: a full disk takes no edit and leaves the state, and the same edit is taken when there is room", async () => {
  for (let nth = 1; nth <= 3; nth++) {
    const fs = new FaultFs(new MemoryFs());
    const directory = new Directory(fs);
    const manifest = await open(directory, 200, initial);
    let refusals = 0;
    for (let n = 1; n <= EDITS; n++) {
      fs.plan.arm(`write:*.seg n${nth} ENOSPC`);
      // A rule that an edit has not met waits for a later one.
      for (let isAppended = false; !isAppended;) {
        const appended = manifest.append(
          () => edit(n),
          () => marks(n),
        );
        isAppended = await appended.then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject({ code: "LSM_NO_SPACE" });
            expect(tablesOf(manifest.state)).toEqual(expected(n - 1));
            refusals += 1;
            return false;
          },
        );
      }
      expect(tablesOf(manifest.state)).toEqual(expected(n));
    }
    expect(manifest.failure).toBeUndefined();
    expect(refusals).toBeGreaterThan(1);
    await manifest.close().catch(() => manifest.close());
    expect(readManifest(directory)).toMatchObject({ flushedLsn: EDITS });
  }
});

test("law 38: behind an edit whose barrier failed nothing is appended, and the next open decides", async () => {
  const fs = new FaultFs(new MemoryFs());
  const directory = new Directory(fs);
  const manifest = await open(directory, 1_000_000, initial);
  await manifest.append(
    () => edit(1),
    () => marks(1),
  );
  fs.plan.arm("sync:*.seg n1 EIO");
  await expect(
    manifest.append(
      () => edit(2),
      () => marks(2),
    ),
  ).rejects.toMatchObject({ code: "LSM_POISONED" });
  await expect(
    manifest.append(
      () => edit(3),
      () => marks(3),
    ),
  ).rejects.toMatchObject({ code: "LSM_POISONED" });
  expect(manifest.failure).toMatchObject({ code: "FS_IO" });
  expect(tablesOf(manifest.state)).toEqual([1]);
  await manifest.close();
  const state = readManifest(directory);
  expect([[1], [1, 2]]).toContainEqual(state && tablesOf(state));
});

describe("what a close leaves to the next open", () => {
  /** One of 17 segments and more, so that the edits are not written anew before the close. */
  const manifestBytes = 4000;

  const filled = async (directory: Directory, edits: number): Promise<ManifestLog> => {
    const manifest = await open(directory, manifestBytes, initial);
    for (let n = 1; n <= edits; n++) {
      await manifest.append(
        () => edit(n),
        () => marks(n),
      );
    }
    return manifest;
  };
  /** Of each record, whether it is one of a snapshot. */
  const recordsIn = (directory: Directory): boolean[] => {
    using reader = openWalReader({ directory });
    return [...reader.read()].map(({ payload }) => {
      return decodeVersionEdit(payload).some(({ kind }) => kind === "snapshotEnd");
    });
  };

  test("edits that fill more than a segment are a snapshot, and nothing is before it", async () => {
    const directory = new Directory(new MemoryFs());
    await (await filled(directory, 20)).close();
    expect(recordsIn(directory)).toEqual([true]);
    const reopened = await open(directory, manifestBytes, undefined);
    expect(tablesOf(reopened.state)).toEqual([19, 20]);
    await reopened.close();
    expect(recordsIn(directory)).toEqual([true]);
  });

  test("a few edits stay what they are, so that a close is no more than a barrier", async () => {
    const directory = new Directory(new MemoryFs());
    await (await filled(directory, 3)).close();
    expect(recordsIn(directory)).toEqual([true, false, false, false]);
  });

  test("how much the edits are is known behind an open as well", async () => {
    const directory = new Directory(new MemoryFs());
    const many = 12; // with those of the other session they fill a segment, neither do by themselves
    await (await filled(directory, many)).close();
    expect(recordsIn(directory)).toHaveLength(1 + many);
    const reopened = await open(directory, manifestBytes, undefined);
    for (let n = many + 1; n <= 2 * many; n++) {
      await reopened.append(
        () => edit(n),
        () => marks(n),
      );
    }
    await reopened.close();
    expect(recordsIn(directory)).toEqual([true]);
  });

  test("a snapshot that takes long to write is written as seldom behind an open", async () => {
    const directory = new Directory(new MemoryFs());
    const options = { directory, mode: "recover", manifestBytes: 400, turn: () => Promise.resolve() } as const;
    const long = { ...initial, compactPointers: new Map([[1, new Uint8Array(60_000)]]) };
    await (await ManifestLog.open(options, long)).close();
    const reopened = await ManifestLog.open(options, undefined);
    for (let n = 1; n <= 20; n++) {
      await reopened.append(
        () => edit(n),
        () => marks(n),
      );
    }
    await reopened.idle();
    expect(recordsIn(directory)).toHaveLength(21);
    await reopened.close();
  });

  test.each(["write:*.seg n1 ENOSPC", "write:*.seg n1 EIO", "sync:*.seg n1 EIO", "remove:*.seg n1 EIO"])(
    "%s: a snapshot that cannot be written is no reason for a close to fail, and nothing is lost",
    async (fault) => {
      const fs = new FaultFs(new MemoryFs());
      const directory = new Directory(fs);
      const manifest = await filled(directory, 20);
      fs.plan.arm(fault);
      await manifest.close();
      const reopened = await open(directory, manifestBytes, undefined);
      expect(tablesOf(reopened.state)).toEqual([19, 20]);
      await reopened.close();
    },
  );

  test("what could not be removed behind a snapshot goes at the next open", async () => {
    const fs = new FaultFs(new MemoryFs());
    const directory = new Directory(fs);
    const options = { directory, mode: "recover", manifestBytes: 400_000, turn: () => Promise.resolve() } as const;
    const manifest = await ManifestLog.open(options, initial);
    for (let n = 1; n <= 6; n++) {
      await manifest.append(
        () => [...edit(n), { kind: "compactPointer", level: 1, key: new Uint8Array(50_000) }], // so much that the next open leaves segments as they are
        () => marks(n),
      );
    }
    fs.plan.arm("remove:*.seg n1 EIO");
    await manifest.close();
    expect(recordsIn(directory)).toEqual([true, false, false, false, false, false, false, true]);
    const reopened = await ManifestLog.open(options, undefined);
    expect(tablesOf(reopened.state)).toEqual([5, 6]);
    expect(reopened.firstLsn).toBe(8);
    await reopened.close();
    const again = await ManifestLog.open(options, undefined);
    expect(again.firstLsn).toBe(8); // the same snapshot: there are no edits behind it that would make another one
    await again.close();
  });
});
