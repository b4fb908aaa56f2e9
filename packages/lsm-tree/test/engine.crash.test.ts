// Every crash window of the engine, C1 to C20 as the files of the protocols have them, one short program each: every disk that a crash may
// leave, and crashes inside the recoveries from it. LSM_LONG=1 makes more subsets, on all file systems, also inside recovery.
import { describe, expect, test } from "vitest";
import { engineMatrix, type Window } from "./engine-law.js";

const isLong = process.env["LSM_LONG"] === "1";

const windows: Readonly<Record<string, Window>> = {
  "C12, C13: creation, and a write that is durable": { work: (program) => program.turn(["a=1"], "data") },
  "C1, C2: a turn, a batch, with and without a barrier": {
    before: (program) => program.turn(["a=1"]),
    work: async (program) => {
      await program.turn(["a=2", "b=1"]);
      await program.batch(["c=1", "a", "a=3"], "data");
      await program.turn(["d=1"], "memory");
      await program.batch(["b", "e=1"]);
    },
  },
  "C3 to C7: a flush": {
    before: (program) => program.turn(["a=1", "b=1"]),
    work: async (program) => {
      await program.turn(["a=2", "b"]);
      await program.flush();
      await program.turn(["c=1"]);
    },
  },
  "C7: flushes behind which the log is pruned": {
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
  },
  "law 45a: a flush, and writes behind it that are durable": {
    before: (program) => program.turn(["a=1"]),
    work: async (program) => {
      await program.turn(["b=1"]);
      await program.turn(["c=1"]);
      await program.flush();
      await program.turn(["d=1"], "data");
    },
  },
  "C10, C11: the manifest is written anew": {
    before: async (program) => {
      for (let at = 0; at < 4; at++) {
        await program.turn([`a${at}=1`]);
        await program.flush();
      }
    },
    options: { manifestBytes: 600 }, // several segments, so that those to be pruned are durable without the snapshot
    work: async (program) => {
      await program.turn(["b=1"]);
      await program.flush();
      await program.turn(["c=1"]);
      await program.flush();
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
  },
  "C16: an open that replays more than a memtable": {
    before: async (program) => {
      await program.turn(["a=1"]);
      await program.batch([`b=${"x".repeat(150)}`, `c=${"x".repeat(100)}`, "a=2"], "data");
      await program.batch([`d=${"x".repeat(250)}`], "data"); // with two that are full the open writes tables
    },
    beforeOptions: { writeBufferBytes: 10_000 },
    work: async () => {},
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
  },
};

const personalities = isLong ? ["posix", "ext4-ordered", "xfs", "btrfs"] : ["posix"];

describe("laws 15, 18, 19, 30, 36, 42, 49: what a crash leaves is a state that was, and no acknowledged one is lost", () => {
  test.each(Object.entries(windows))("%s", async (name, window) => {
    const report = await engineMatrix(name, window, {
      strategy: isLong ? { kind: "exhaustive", limit: 4096 } : { kind: "levels", level: 2 },
      nestedStrategy: { kind: "levels", level: 3 },
      personalities,
      nested: isLong ? 2 : 0,
      maxRecoveries: 1_000_000,
    });
    expect(report.recoveries).toBeGreaterThan(20);
  });
});

// The open of a database that a crash left is cut off by another crash, and another one goes on from there.
test("law 44: recovery is idempotent, wherever it is cut off", async () => {
  const window = windows["C16: an open that replays more than a memtable"];
  if (window === undefined) throw new Error("there is no such window");
  const report = await engineMatrix(
    "law 44",
    { ...window, goesOn: false },
    {
      strategy: { kind: "levels", level: 1 },
      nestedStrategy: { kind: "levels", level: 1 },
      personalities,
      nested: 1,
      maxRecoveries: 1_000_000,
    },
  );
  expect(report.recoveries).toBeGreaterThan(100);
});

test("the same on the file systems of Linux", async () => {
  const work: Window["work"] = async (program) => {
    await program.turn(["a=1", "b=1"]);
    await program.flush();
    await program.batch(["a=2", "c=1"], "data");
    await program.clear();
    await program.turn(["d=1"], "data");
  };
  const report = await engineMatrix(
    "linux",
    { work },
    {
      strategy: { kind: "levels", level: 1 },
      personalities: ["ext4-ordered", "xfs", "btrfs"],
      nested: 0,
      minImages: 1,
    },
  );
  expect(report.personalities).toHaveLength(3);
});
