import { expect, test } from "vitest";
import type { PageState } from "./page-data.js";
import { pageModel } from "./page-model.js";
import type { JsonData, JsonRecord, JsonRun } from "./report-format.js";

const model = pageModel();
const bytes: JsonData = { kind: "data", record: 3, call: 0, durableAt: [6, null], inode: 2, start: 4096, end: 4100 };
const run: JsonRun = {
  depth: 0,
  recordCount: 5,
  records: [
    bytes,
    { kind: "size", record: 4, call: 0, durableAt: [6, null], inode: 2, from: 0, to: 4100 },
    { kind: "barrier", record: 5, call: 1, scope: "file", inode: 2, rung: "data", covers: 5, outcome: "failed" },
    { kind: "mark", record: 6, label: "</script>" },
    { kind: "link", record: 7, call: 2, durableAt: [null, null], directory: 1, name: "b", inode: 2, group: 7 },
  ],
  calls: [
    { operation: "write", path: "/a", site: "src/save.ts:12" },
    { operation: "sync", path: "/a" },
    { operation: "link", path: "/a", destination: "/b" },
  ],
  inodes: [
    { inode: 2, kind: "file", paths: ["/a", "/b"] },
    { inode: 1, kind: "directory", paths: ["/"] },
    { inode: 9, kind: "file", paths: ["/only-bound"] },
  ],
  crashPoints: [5, 6, 8],
};
const state: PageState = { kind: "without", lost: [3, 4], torn: [], tree: 0 };

test("an effect is not yet, then pending, then durable", () => {
  expect(model.fateOf(bytes, 0, 3, undefined)).toBe("future");
  expect(model.fateOf(bytes, 0, 4, undefined)).toBe("kept");
  expect(model.fateOf(bytes, 0, 5, undefined)).toBe("kept");
  expect(model.fateOf(bytes, 0, 6, undefined)).toBe("durable");
  expect(model.fateOf(bytes, 1, 6, undefined)).toBe("kept");
});

test("what a disk lost, kept in part, or never will have", () => {
  expect(model.fateOf(bytes, 0, 5, state)).toBe("lost");
  expect(model.fateOf(bytes, 0, 6, state)).toBe("durable"); // settled before the crash: it cannot be lost
  expect(model.fateOf(bytes, 0, 5, { ...state, torn: [3] })).toBe("torn");
  expect(model.fateOf({ ...bytes, gone: "barrier" }, 0, 5, state)).toBe("gone");
});

test("a record is drawn on the lane of its file, its directory, or the program", () => {
  expect(run.records.map(model.laneOf)).toEqual([2, 2, 2, undefined, 1]);
  expect(model.lanesOf(run)).toEqual([
    { inode: 2, kind: "file", title: "/a", alias: "/b" },
    { inode: 1, kind: "directory", title: "/", alias: "" },
  ]);
});

test("records, moments and disks in words", () => {
  expect(run.records.map((record: JsonRecord) => model.recordText(run, record))).toEqual([
    "bytes 4096 to 4099 of /a",
    "length of /a: 0 → 4100",
    "barrier for the bytes and length of /a, which failed",
    '"</script>" is acknowledged',
    'name "b" made in /',
  ]);
  expect(model.momentText(run, 5)).toBe("after write(/a) at src/save.ts:12, before sync(/a) returns");
  expect(model.momentText(run, 6)).toBe('after sync(/a), before "</script>" is acknowledged');
  expect(model.momentText(run, 8)).toBe("after link(/a → /b), at the end");
  expect(model.stateText(run, state)).toBe("all but #3, bytes 4096 to 4099 of /a, and 1 that need it");
  expect(model.stateText(run, { ...state, lost: [4] })).toBe("all but #4, length of /a: 0 → 4100");
  expect(model.stateText(run, { ...state, kind: "none" })).toBe("nothing that is pending survives");
});

test("bytes are listed in rows of sixteen, with what can be printed", () => {
  expect(model.hexRows("00417e7f")).toEqual([{ offset: 0, hex: "00 41 7e 7f", text: "·A~·" }]);
  expect(model.hexRows("61".repeat(17)).map(({ offset, text }) => [offset, text])).toEqual([
    [0, "a".repeat(16)],
    [16, "a"],
  ]);
  expect(model.hexRows("")).toEqual([]);
});
