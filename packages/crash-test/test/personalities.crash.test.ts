// Several personalities in one run: which of them allow a failure, and how one of the caller's own counts.
import { posix, strict, type Personality } from "@holdfast/fs-seam/crash";
import type { Directory } from "@holdfast/fs-seam";
import { describe, expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions } from "../src/index.js";
import { failureOf, names, oneByte, write } from "./small-program.js";

/** Names and lengths persist in the order they were made. */
const ordered: Personality = { ...posix, name: "ordered", edges: { ...posix.edges, metadataOrder: "journal" } };
/** Two files in order, without a barrier between them. */
const twoFiles: CrashMatrixOptions<string[]> = {
  workload(directory) {
    write(directory, "first", 1);
    write(directory, "second", 2);
  },
  recover: names,
  check: (found) => found.join() !== "second",
};

test("of the caller's own count like the known ones", async () => {
  const report = await crashMatrix({ ...twoFiles, personalities: [ordered] });
  expect(report).toMatchObject({ complete: true, personalities: [{ personality: "ordered" }] });
});

test("that allow a failure are named, those of the run first, and only those", async () => {
  const admitted = async (...personalities: readonly (string | Personality)[]): Promise<readonly string[]> =>
    (await failureOf({ ...twoFiles, personalities })).report?.failures[0]?.admittedBy ?? [];
  expect((await admitted(ordered, "posix", strict)).slice(0, 2)).toEqual(["posix", "strict"]);
  expect((await admitted("strict", ordered, "posix")).slice(0, 2)).toEqual(["strict", "posix"]);
  expect((await admitted("posix"))[0]).toBe("posix");
  expect(await admitted("posix")).toContain("strict"); // known, although the run does not ask for it
  expect(await admitted(ordered, "posix")).not.toContain("ordered");
  expect(await admitted("posix")).not.toContain("seed-crashfs"); // has one outcome, and no choices
});

test("that write nothing in pieces, or in larger ones, do not allow a torn write", async () => {
  const whole: Personality = { ...posix, name: "whole", tears: { unitBytes: 512, kind: "whole" } };
  const pages: Personality = { ...posix, name: "pages", tears: { unitBytes: 4096, kind: "any-units" } };
  const error = await failureOf({
    setup: (directory) => directory.writeFile("a", new Uint8Array(1024)),
    workload(directory) {
      using handle = directory.open("a", { mode: "write" });
      handle.writeAt(new Uint8Array(1024).fill(1), 0);
    },
    recover: (directory) => directory.readFile("a"),
    check: (bytes) => bytes[0] === bytes[1023],
    personalities: [whole, pages, "posix", "strict"],
  });
  const admitted = error.report?.failures[0]?.admittedBy ?? [];
  expect(admitted.slice(0, 2)).toEqual(["posix", "strict"]);
  expect(admitted.filter((name) => name === whole.name || name === pages.name)).toEqual([]);
  expect(error.report?.personalities.map(({ images }) => images)).toEqual([2, 2, 2, 0]);
});

test("that tear otherwise still allow what is not torn, earlier in the path as well", async () => {
  const whole: Personality = { ...posix, name: "whole", tears: { unitBytes: 512, kind: "whole" } };
  const error = await failureOf({
    setup(directory) {
      write(directory, "state", 1);
      directory.writeFile("journal", new Uint8Array(1024));
    },
    workload(directory) {
      using handle = directory.open("journal", { mode: "write" });
      handle.writeAt(new Uint8Array(1024).fill(1), 0); // two pieces, and the crash below needs both
    },
    recover(directory) {
      if (directory.readFile("journal").every((byte) => byte === 1)) directory.removeIfPresent("state");
      return names(directory);
    },
    check: (found, { depth }) => depth === 0 || found.includes("state"),
    personalities: ["posix", whole],
  });
  expect(error.report?.failures[0]).toMatchObject({
    context: { depth: 1 },
    choices: [{ torn: { "0": [0, 1] } }, {}],
  });
  expect(error.report?.failures[0]?.admittedBy.slice(0, 2)).toEqual(["posix", "whole"]);
});

test("whose findings nobody else allows stand alone", async () => {
  const error = await failureOf({
    setup: (directory) => write(directory, "doc", 1),
    workload(directory) {
      write(directory, "doc.tmp", 2);
      directory.syncNamesBlocking();
      directory.rename("doc.tmp", "doc");
    },
    recover: names,
    check: (found) => found.includes("doc"),
    personalities: ["posix", "strict"],
  });
  expect(error.report?.failures[0]?.admittedBy).toEqual(["strict"]);
  expect(error.message).toMatch(/the removed name .* of rename\(.* may persist without the new name "doc" of rename\(/);
});

test("see garbage only where they say so", async () => {
  const error = await failureOf({
    ...oneByte,
    setup: (directory) => directory.writeFile("a", new Uint8Array(0)),
    recover: (directory) => directory.readFile("a"),
    check: (bytes: Uint8Array) => (bytes[0] ?? 0) <= 1,
    personalities: ["posix", "strict"],
  });
  expect(error.report?.failures[0]).toMatchObject({ admittedBy: ["strict"], choices: [{ unwritten: "garbage" }] });
});

describe("admitted by", () => {
  const save = (run: { ack(label: string): void } | undefined, sync: boolean) => (directory: Directory) => {
    const temporary = directory.open("doc.tmp", { mode: "write", create: "exclusive" });
    temporary.writeAt(Uint8Array.of(2, 2, 2), 0);
    if (sync) temporary.syncBlocking("full");
    temporary.close();
    directory.rename("doc.tmp", "doc");
    run?.ack("saved");
  };
  const program = (sync: boolean): CrashMatrixOptions<string> => ({
    setup: (directory) => directory.writeFile("doc", Uint8Array.of(1, 1, 1)),
    workload: (directory, run) => save(run, sync)(directory),
    recover: (directory) => directory.readFile("doc").join(""),
    check(found, { acked }) {
      const wanted = acked("saved") ? ["222"] : ["111", "222"];
      if (!wanted.includes(found)) throw new Error(`the document reads ${found}`);
    },
    nested: 0,
  });
  const admitted = async (sync: boolean, personality: string): Promise<readonly string[] | undefined> =>
    (await failureOf({ ...program(sync), personalities: [personality] })).report?.failures[0]?.admittedBy;

  // No names barrier: everywhere the old document may be back, whichever file system the run was judged by.
  test.each(["posix", "ext4-ordered", "ext4-noauto", "xfs", "btrfs"])(
    "a forgotten save, found under %s",
    async (name) => {
      const names = await admitted(true, name);
      expect(new Set(names)).toEqual(new Set(["posix", "strict", "ext4-ordered", "ext4-noauto", "xfs", "btrfs"]));
    },
  );

  // ext4 has the length at the rename and may lack the bytes: a disk that posix leaves, too, and XFS never does.
  test("zeros, found under ext4-ordered", async () => {
    const error = await failureOf({
      ...program(false),
      check: (found) => found !== "000",
      personalities: ["ext4-ordered"],
    });
    expect(new Set(error.report?.failures[0]?.admittedBy)).toEqual(
      new Set(["ext4-ordered", "posix", "strict", "ext4-noauto"]),
    );
  });
});
