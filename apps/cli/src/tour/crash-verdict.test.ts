import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { describeFound, isLost, judge, readBack } from "./crash-verdict.js";

const before = new Uint8Array(1560).fill(0x6f);
const after = new Uint8Array(1600).fill(0x6e);
const versions = { before, after };
const spliced = Uint8Array.from(after, (byte, at) => (at < 512 ? 0 : at < 1024 ? byte : at < 1536 ? 0x6f : 7));

test.each([
  ["the old version", before, false, "old"],
  ["the old version after success was reported", before, true, "forgotten"],
  ["the new version", after, false, "new"],
  ["the new version after success was reported", after, true, "new"],
  ["no file", undefined, true, "missing"],
  ["nothing in it", new Uint8Array(0), true, "empty"],
  ["NULs of the right length", new Uint8Array(1600), false, "zeros"],
  ["the beginning of the new version", after.subarray(0, 512), false, "mixture"],
  ["a bit of everything", spliced, false, "mixture"],
] as const)("%s", (_, found, acknowledged, verdict) => {
  expect(judge(found, versions, acknowledged)).toBe(verdict);
});

test("an empty old version is a version", () => {
  expect(judge(new Uint8Array(0), { before: new Uint8Array(0), after }, false)).toBe("old");
});

test("lost is what is neither version", () => {
  const all = ["old", "new", "forgotten", "missing", "empty", "zeros", "mixture"] as const;
  expect(all.filter(isLost)).toEqual(["missing", "empty", "zeros", "mixture"]);
});

test("in words", () => {
  expect(describeFound(undefined, versions)).toBe("no file of that name");
  expect(describeFound(new Uint8Array(0), versions)).toBe("0 bytes");
  expect(describeFound(new Uint8Array(1600), versions)).toBe("1,600 bytes, every one of them NUL");
  expect(describeFound(spliced, versions)).toBe(
    "1,600 bytes: 0 to 511 NUL, 512 to 1,023 new, 1,024 to 1,535 old, 1,536 to 1,599 garbage",
  );
});

test("a document in shreds is described in bounds", () => {
  const shreds = Uint8Array.from({ length: 512 * 20 }, (_, at) => Math.floor(at / 512) % 2);
  expect(describeFound(shreds, versions)).toMatch(/, and 14 more stretches$/);
});

test("only absence reads as no document", () => {
  const directory = new Directory(new MemoryFs());
  expect(readBack(directory, "document")).toBeUndefined();
  directory.makeDirectory("document");
  expect(() => readBack(directory, "document")).toThrow(expect.objectContaining({ code: "FS_IS_A_DIRECTORY" }));
});
