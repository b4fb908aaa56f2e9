// Every crash window of the engine, C1 to C20 as the files of the protocols have them, one short program each: every disk that a crash may
// leave, and crashes inside the recoveries from it. Each has to meet what its windows leave. LSM_LONG=1 makes more subsets, also inside recovery.
import { defaultPersonalities } from "@holdfast/crash-test";
import { describe, expect, test } from "vitest";
import { bytes, engineMatrix, type Window } from "./engine-law.js";

const isLong = process.env["LSM_LONG"] === "1";

/** Longer than a page, so that a power loss may tear what has it. */
const long = "l".repeat(4200);
const roomy = { writeBufferBytes: 20_000 };

/** Bytes were found that are no record. */
const isTorn = ({ dropped }: { readonly dropped: readonly unknown[] }): boolean => dropped.length > 0;

const compacted: Pick<Window, "before" | "options"> = {
  options: { ...roomy, tableBytes: 100 }, // several outputs
  before: async (program) => {
    await program.turn([`a${long}=1`, "b=1"]);
    await program.flush();
    await program.turn(["b=2", `c=${"y".repeat(90)}`]);
    await program.flush();
  },
};

const windows: Readonly<Record<string, Window>> = {
  "C12, C13: creation, and a write that is durable": {
    work: (program) => program.turn(["a=1"], "data"),
    sights: {
      "C12: a creation that was cut off": ({ report, entries }) => report.created && entries.includes("manifest"),
      "C13: a manifest without a log": ({ report }) => !report.created && report.log.created,
    },
  },
  "C1, C2: a turn, a batch, with and without a barrier": {
    options: roomy,
    before: (program) => program.turn(["a=1"]),
    work: async (program) => {
      await program.turn(["a=2", "b=1"]);
      await program.batch([`c=${long}`, "a", "a=3"], "data");
      await program.turn(["d=1"], "memory");
      await program.batch(["b", "e=1"]);
    },
    sights: {
      "C1: a record is torn": ({ report }) => isTorn(report.log),
      "C1: a record is whole that nobody was told of": ({ acked, report }) => acked === 0 && report.replayedRecords > 1,
      "C2: a record behind its barrier": ({ acked, report }) => acked === 2 && report.replayedRecords >= 3,
    },
  },
  "C3 to C7, law 45a: a flush, and a write behind it that is durable": {
    options: roomy,
    before: (program) => program.turn(["a=1", `b${long}=1`]),
    work: async (program) => {
      await program.turn(["a=2"]);
      await program.turn(["b"]);
      await program.flush();
      await program.turn(["c=1"], "data");
    },
    sights: {
      "C3: some pages of the table": ({ files, orphans }) => orphans.length > 0 && files[0]!.bytes % 4096 === 0,
      "C4: a table that no edit names": ({ files, orphans }) => orphans.length > 0 && files[0]!.bytes % 4096 > 0,
      "C5: an edit is torn": ({ report, named }) => isTorn(report.manifest) && named.length === 0,
      "C6: an edit that nobody was told of": ({ acked, named }) => acked === 0 && named.length === 1,
      "C7: the log has what is in the table": ({ report, flushedLsn }) => report.log.firstLsn <= flushedLsn,
    },
  },
  "C7: flushes behind which the log is pruned": {
    level: 1,
    before: async (program) => {
      await program.turn(["a=1"]);
      await program.turn([`b=${"x".repeat(900)}`]);
    },
    work: async (program) => {
      await program.turn([`c=${"x".repeat(900)}`]);
      await program.turn(["d=1"]);
      await program.flush();
      await program.turn(["a"], "data");
    },
    sights: {
      "C7: some of it is not pruned": ({ report, flushedLsn }) => report.log.firstLsn <= flushedLsn,
      "C7: all of it is pruned": ({ report, flushedLsn }) => report.log.firstLsn === flushedLsn + 1,
    },
  },
  "C8, C9: a compaction of two tables into several, and a write behind it": {
    ...compacted,
    work: async (program) => {
      await program.engine.compactRange();
      await program.turn(["d=1"], "data");
    },
    sights: {
      "C8: outputs without an edit": ({ named, orphans }) => named.includes(1) && orphans.includes(3),
      "C8: several of them": ({ named, orphans }) => named.includes(1) && orphans.includes(4),
      "C5: the edit is torn": ({ report, named }) => isTorn(report.manifest) && named.includes(1),
      "C9: inputs behind the edit": ({ named, orphans }) => named.includes(3) && orphans.length === 2,
      "C9: one of them": ({ named, orphans }) => named.includes(3) && orphans.length === 1,
      "C9: none any more": ({ named, files }) => named.includes(3) && files.length === named.length,
    },
  },
  "C10, C11: the manifest is written anew": {
    level: 1,
    // Each edit fills a segment, so that those to be pruned are durable without the snapshot.
    options: { ...roomy, manifestBytes: 1000 },
    work: async (program) => {
      for (const key of ["a", "b", "c"]) {
        await program.turn([`${key.padEnd(200, "k")}=1`]);
        await program.flush();
      }
      await program.close(); // the last one is written behind the flush
    },
    sights: {
      "C10: nothing of the next snapshot": ({ acked, snapshots, report }) =>
        acked === 3 && snapshots === 1 && report.manifest.firstLsn === 1,
      "C11: two of them": ({ snapshots }) => snapshots === 2,
      "C11: the earlier one is pruned": ({ acked, snapshots, report }) =>
        acked === 3 && snapshots === 1 && report.manifest.firstLsn > 1,
    },
  },
  "C14, C15: a clear of tables and memory, and writes behind it": {
    before: async (program) => {
      await program.turn(["a=1", "b=1"]);
      await program.flush();
      await program.turn(["a=2"]);
    },
    work: async (program) => {
      await program.turn(["c=1"]);
      await program.clear();
      await program.turn(["a=3"], "data");
    },
    sights: {
      "C14: a clear that the manifest does not know": ({ named, report }) => named.length > 0 && report.tables === 0,
      "C15: tables that were cleared": ({ named, files, acked }) =>
        acked === 0 && named.length === 0 && files.length > 0,
    },
  },
  "C16: an open that replays more than a memtable": {
    before: async (program) => {
      await program.turn(["a=1"]);
      await program.batch([`b=${"x".repeat(150)}`, `c=${"x".repeat(100)}`, "a=2"], "data");
      await program.batch([`d=${"x".repeat(250)}`], "data"); // with two that are full the open writes tables
    },
    beforeOptions: { writeBufferBytes: 10_000 },
    levelInside: 1,
    work: async () => {},
    sights: {
      "C16: a table of an open that was cut off": ({ depth, orphans, named }) =>
        depth === 1 && orphans.length > 0 && named.length === 0,
      "C16: some of its tables count": ({ depth, named, report }) =>
        depth === 1 && named.length === 1 && report.replayedRecords > 0,
    },
  },
  "C17, C7: a close behind a flush, which empties the log": {
    before: (program) => program.turn(["a=1"]),
    work: async (program) => {
      await program.turn(["b=1"]);
      await program.flush();
      await program.close();
    },
  },
  "C17: a close": {
    before: (program) => program.turn(["a=1"]),
    work: async (program) => {
      await program.turn(["b=1"]);
      await program.close();
    },
    sights: {
      "C17: its barrier was not reached": ({ acked, content }) => acked === 0 && content.length === 1,
      "C17: all of it was": ({ acked, content }) => acked === 1 && content.length === 2,
    },
  },
  "C17: a close with so much in memory that it becomes a table": {
    before: async (program) => {
      await program.turn([`a=${"x".repeat(2 ** 20)}`]);
      program.arm("append:/tables/* n1 ENOSPC"); // for the table of the close that follows
    },
    level: 1,
    goesOn: false,
    options: { writeBufferBytes: 2 ** 22 },
    work: async (program) => {
      await program.turn(["b=1"]);
      await program.close();
    },
    sights: {
      "C17: its table counts for nothing": ({ orphans }) => orphans.length === 1,
      "C17: its table counts before the close has ended": ({ acked, named }) => acked === 0 && named.length === 1,
      "C17: the open has nothing to replay": ({ report, content }) =>
        content.length === 2 && report.replayedRecords === 0,
    },
  },
  "C18: disks that are full in a flush, before its edit and before its table": {
    level: 1,
    before: (program) => program.turn(["a=1", "b=1"]),
    work: async (program) => {
      await program.turn(["a=2", "b"]);
      program.arm("sync:/tables/* n1 ENOSPC");
      await program.refused("LSM_NO_SPACE", (engine) => engine.flush());
      expect(program.tables()).toEqual([]);
      program.arm("write:/manifest/*.seg n1 ENOSPC");
      await program.refused("LSM_NO_SPACE", (engine) => engine.flush());
      await program.turn(["c=1"], "data");
      await program.flush();
    },
    sights: {
      "C18: a table that was given up": ({ orphans, named }) => named.length === 0 && orphans.includes(1),
      "C18: its removal is not durable behind the edit of the next": ({ orphans, named }) =>
        named.length === 1 && !named.includes(1) && orphans.length > 0,
      "C18: nothing of it is left": ({ files, named }) => named.length === 1 && files.length === 1,
    },
  },
  "C18: an output of a compaction that cannot be written": {
    ...compacted,
    level: 1,
    work: async (program) => {
      program.arm("sync:/tables/* n2 EIO");
      await program.refused("LSM_WRITE_FAILED", (engine) => engine.compactRange());
      expect(program.tables()).toEqual([1, 2]);
      await program.turn(["a=2"], "data");
    },
    sights: {
      "C18: outputs that were given up": ({ orphans, named }) => named.includes(1) && orphans.includes(3),
      "C18: they are gone": ({ acked, files }) => acked === 1 && files.length === 2,
    },
  },
  "C18: a log that cannot be written": {
    level: 1,
    before: (program) => program.turn(["a=1"], "data"),
    work: async (program) => {
      await program.turn(["b=1"], "data");
      program.arm("write:/wal/*.seg n1 ENOSPC");
      await program.refused("LSM_NO_SPACE", (engine) => engine.put(bytes("c"), bytes("refused")));
      await program.turn(["c=1"], "data");
      program.arm("sync:/wal/*.seg n1 EIO");
      await program.lost(["d=1"]);
      await program.refused("LSM_POISONED", (engine) => engine.put(bytes("e"), bytes("refused")));
      await expect(program.engine.close()).rejects.toMatchObject({ code: "LSM_POISONED" });
    },
    sights: {
      "C18: what its barrier failed for is there": ({ content }) => content.includes("d=1"),
      "C18: it is not": ({ acked, content }) => acked === 2 && content.length === 3,
    },
  },
  "C19: a flush whose edit is in doubt": {
    level: 1,
    before: (program) => program.turn(["a=1", "b=1"]),
    work: async (program) => {
      await program.turn(["a=2", "b"], "data");
      program.arm("sync:/manifest/*.seg n1 EIO");
      await program.refused("LSM_POISONED", (engine) => engine.flush());
      await program.refused("LSM_POISONED", (engine) => engine.put(bytes("c"), bytes("refused")));
      await program.engine.close();
    },
    sights: {
      "C19: the edit counts": ({ named }) => named.length === 1,
      "C19: it does not": ({ acked, named, orphans }) => acked === 1 && named.length === 0 && orphans.length === 1,
    },
  },
  "C19: a compaction whose edit is in doubt": {
    ...compacted,
    level: 1,
    work: async (program) => {
      await program.turn(["d=1"]);
      await program.flush();
      program.arm("sync:/manifest/*.seg n1 EIO");
      await program.refused("LSM_POISONED", (engine) => engine.compactRange());
      await program.engine.close();
    },
    sights: {
      "C19: the edit counts": ({ named, files }) => named.includes(4) && files.length > named.length,
      "C19: it does not": ({ acked, named, files }) => acked === 1 && named.includes(1) && files.length > named.length,
    },
  },
};

describe("laws 15, 18, 19, 30, 36, 41, 42, 44, 49: what a crash leaves is a state that was, and no acknowledged one is lost", () => {
  test.each(Object.entries(windows))(
    "%s",
    async (name, window) => {
      // Once with many disks, and with writes behind the open; once with crashes inside each open.
      const wide = await engineMatrix(name, window, {
        strategy: isLong ? { kind: "exhaustive", limit: 256 } : { kind: "levels", level: window.level ?? 2 },
        nested: 0,
        rememberReads: false, // it costs more here than it spares
        maxRecoveries: 1_000_000,
      });
      const deep = await engineMatrix(
        name,
        { ...window, goesOn: false },
        {
          strategy: { kind: "levels", level: isLong ? 1 : 0 },
          nestedStrategy: { kind: "levels", level: isLong ? 1 : (window.levelInside ?? 0) },
          nested: 1,
          rememberReads: false,
          maxRecoveries: 1_000_000,
        },
      );
      for (const { personalities } of [wide, deep]) {
        expect(personalities.map(({ personality }) => personality)).toEqual(defaultPersonalities);
      }
      expect([...wide.met, ...deep.met]).toEqual(expect.arrayContaining(Object.keys(window.sights ?? {})));
    },
    isLong ? 7_200_000 : 600_000,
  );
});
