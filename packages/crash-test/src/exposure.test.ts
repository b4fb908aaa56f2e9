import { expect, test } from "vitest";
import { personalityOf, type Personality } from "@holdfast/fs-seam/crash";
import { crashMatrix, CrashTestError, type CrashMatrixOptions } from "./index.js";

/** `posix` under the name of a file system that was measured: what is said depends on the name alone. */
const named = (name: string): Personality => ({ ...personalityOf("posix"), name });

async function exposuresOf(name: string, options: Partial<CrashMatrixOptions<number>>): Promise<string[]> {
  const error: unknown = await crashMatrix({
    workload: () => undefined,
    recover: (directory) => (directory.exists("doc") ? directory.readFile("doc").length : 1),
    check: (length) => length > 0,
    personalities: [named(name)],
    nested: 0,
    ...options,
  }).catch((thrown: unknown) => thrown);
  if (!(error instanceof CrashTestError) || error.code !== "CRASH_TEST_FAILED") throw error;
  return error.message
    .split("\n")
    .filter((line) => line.startsWith("  Exposure: "))
    .map((line) => line.slice("  Exposure: ".length))
    .filter((line) => line.startsWith(name.split("@")[0] ?? name));
}

const make: CrashMatrixOptions<number>["workload"] = (directory) => directory.writeFile("doc", Uint8Array.of(1));
const replace: Partial<CrashMatrixOptions<number>> = {
  setup: (directory) => directory.writeFile("doc", Uint8Array.of(1)),
  workload(directory) {
    directory.writeFile("doc.tmp", Uint8Array.of(2));
    directory.rename("doc.tmp", "doc");
  },
};
/** The name is made durable first, so that the crash at the end has nothing but bytes and length to lose. */
const made: Partial<CrashMatrixOptions<number>> = {
  async workload(directory, run) {
    await make(directory, run);
    directory.syncNamesBlocking();
    run.ack("made");
  },
  check: (length, { acked }) => length > 0 || !acked("made"),
};

test("a new file that nobody syncs is empty on ext4 from the commit to the write-back", async () => {
  const window = "the file has length 0 from the commit at 5 s until its bytes are written back at about 30 s (L33)";
  expect(await exposuresOf("ext4-ordered", made)).toEqual([`ext4-ordered, nobody syncing: ${window}`]);
  expect(await exposuresOf("ext4-ordered@6.18", made)).toEqual([`ext4-ordered, nobody syncing: ${window}`]);
  expect(await exposuresOf("xfs", made)).toEqual([]); // no figure for it was measured
});

test("a rename over a file by one that was never synced", async () => {
  const window = "the file has length 0 for a while, until its bytes are written back (L32)";
  expect(await exposuresOf("xfs", replace)).toEqual([`xfs, nobody syncing: ${window}`]);
  expect(await exposuresOf("ext4-noauto", replace)).toEqual([`ext4-noauto, nobody syncing: ${window}`]);
  expect(await exposuresOf("ext4-ordered", replace)).toEqual([]);
  expect(await exposuresOf("btrfs", replace)).toEqual([]);
});

test("a rename that is lost as well gives the file no other name", async () => {
  // Records: 0 name of doc.tmp, 1 bytes, 2 and 3 length, 4 to 6 the rename over doc, 7 the mark. Only the new name survives.
  const choice = { version: 1, personality: "ext4-ordered", at: 8, apply: [0], torn: {}, unwritten: "zeros" };
  const lines = await exposuresOf("ext4-ordered", {
    ...replace,
    async workload(directory, run) {
      await replace.workload?.(directory, run);
      run.ack("replaced");
    },
    recover: (directory) => directory.readFile("doc")[0] ?? 0,
    check: (byte, { acked }) => byte === 2 || !acked("replaced"),
    replay: JSON.stringify([choice]),
  });
  expect(lines).toHaveLength(1);
});

test("nothing is said of what was not measured", async () => {
  const appended: Partial<CrashMatrixOptions<number>> = {
    setup: (directory) => directory.writeFile("doc", new Uint8Array(0)),
    workload(directory, run) {
      using handle = directory.open("doc", { mode: "append" });
      handle.append(Uint8Array.of(1));
      run.ack("appended");
    },
    check: (length, { acked }) => length > 0 || !acked("appended"),
  };
  expect(await exposuresOf("ext4-ordered", appended)).toEqual([]); // an old file that grows
  const moved: Partial<CrashMatrixOptions<number>> = {
    workload(directory) {
      directory.writeFile("doc.tmp", Uint8Array.of(2));
      directory.rename("doc.tmp", "doc");
    },
  };
  expect(await exposuresOf("ext4-ordered", moved)).toEqual([]); // a rename over nothing
  expect(await exposuresOf("xfs", moved)).toEqual([]);
});
