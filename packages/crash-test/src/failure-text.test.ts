import { inspect } from "node:util";
import type { Directory } from "@holdfast/fs-seam";
import type { MediaHandle } from "@holdfast/fs-seam/crash";
import { expect, test } from "vitest";
import { crashMatrix, CrashTestError, type CrashMatrixOptions } from "./index.js";

/** The message of a matrix that must fail, without line numbers and without personalities but the two that never change. */
async function messageOf<T>(options: CrashMatrixOptions<T>): Promise<string> {
  const error = await crashMatrix(options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(CrashTestError);
  expect(error).toMatchObject({ code: "CRASH_TEST_FAILED" });
  return (error as CrashTestError).message
    .replaceAll(/(failure-text\.test\.ts):\d+/g, "$1")
    .replace(/(?<=\n {2}Admitted by: ).*/, (names) =>
      names
        .split(", ")
        .filter((name) => definitions.includes(name))
        .join(", "),
    );
}

function write(directory: Directory, name: string, bytes: readonly number[]): void {
  using handle = directory.open(name, { mode: "write", create: "if-missing" });
  handle.writeAt(Uint8Array.from(bytes), 0);
}

const definitions = ["posix", "strict"];
const here = "at src/failure-text.test.ts";

test("bytes that come after the name that needs them", async () => {
  const message = await messageOf({
    name: "naive save",
    setup: (directory) => write(directory, "doc", [1, 1, 1]),
    workload(directory, run) {
      write(directory, "doc.tmp", [2, 2, 2]);
      directory.rename("doc.tmp", "doc");
      directory.syncNamesBlocking();
      run.ack("saved");
    },
    recover: (directory) => directory.readFile("doc").length,
    check(length) {
      if (length !== 3) throw new Error(`the document has ${length} bytes`);
    },
    personalities: ["posix", "strict"],
  });
  // Records: 0 new name, 1 bytes, 2 length, 3 the same length again at the rename, 4 to 6 its steps, 7 the names barrier,
  // 8 the acknowledgement. Judged: the old document, the old document and an empty temporary file, the failure. Then the bytes are given back and
  // change nothing, and the crash moves to the end, where the names are durable and only the length is lost.
  expect(message).toBe(
    `naive save: a promise was broken after 3 recoveries
  rename(/doc.tmp -> /doc) ${here} may persist before the length 3 set by write(/doc.tmp) ${here}
  Power lost: after syncNames(/) ${here}, at the end
  Outcome: the document has 0 bytes
  Acknowledged before: saved
  Admitted by: posix, strict
  Fix: await handle.sync("data") on /doc.tmp, before rename(/doc.tmp -> /doc) ${here}
  Exposure: ext4-noauto, nobody syncing: the file has length 0 for a while, until its bytes are written back (L32)
  Exposure: xfs, nobody syncing: the file has length 0 for a while, until its bytes are written back (L32)
  Replay: [{"version":1,"personality":"posix","at":9,"apply":[1],"torn":{},"unwritten":"zeros"}]`,
  );
});

test("a rename that is acknowledged and not durable", async () => {
  const message = await messageOf({
    setup: (directory) => write(directory, "inbox", [1]),
    workload(directory, run) {
      directory.rename("inbox", "archive");
      run.ack("archived");
    },
    recover: (directory) => directory.exists("archive"),
    check: (archived, { acked }) => archived || !acked("archived"),
  });
  // The rename comes back as one line, not as its steps; also where it replaces something, below.
  expect(message).toBe(
    `crash matrix: a promise was broken after 3 recoveries
  rename(/inbox -> /archive) ${here} may still be lost after "archived" is acknowledged
  Power lost: after rename(/inbox -> /archive) ${here}, at the end
  Outcome: the check returned false
  Acknowledged before: archived
  Admitted by: posix, strict
  Fix: await directory.syncNames() on /, before "archived" is acknowledged
  Replay: [{"version":1,"personality":"posix","at":3,"apply":[],"torn":{},"unwritten":"zeros"}]`,
  );
});

test("a length without its bytes, and a write that tears", async () => {
  const program: CrashMatrixOptions<Uint8Array> = {
    setup: (directory) => write(directory, "log", []),
    workload: (directory) =>
      write(
        directory,
        "log",
        Array.from({ length: 600 }, () => 7),
      ),
    recover: (directory) => directory.readFile("log"),
    check: (bytes) => bytes.every((byte) => byte === 7),
  };
  expect(await messageOf(program)).toContain(
    `\n  the length 600 set by write(/log) ${here} may persist without bytes 0 to 599 of write(/log) ${here}\n`,
  );
  const torn = `[{"version":1,"personality":"posix","at":2,"apply":[1],"torn":{"0":[0]},"unwritten":"zeros"}]`;
  expect(await messageOf({ ...program, replay: torn })).toContain(
    `\n  the length 600 set by write(/log) ${here} may persist without part of bytes 0 to 599 of write(/log) ${here}\n`,
  );
});

test("bytes that a failed barrier lost are not said to survive", async () => {
  const message = await messageOf({
    setup: (directory) => write(directory, "log", []),
    workload(directory, run) {
      using handle = directory.open("log", { mode: "append" });
      handle.append(new Uint8Array([7]));
      (handle as MediaHandle).armMediaFault({ kind: "failedSync", errno: "EIO", lost: "all" });
      try {
        handle.syncBlocking("data");
      } catch {
        using again = directory.open("log", { mode: "append" });
        again.syncBlocking("data");
      }
      run.ack("appended");
    },
    recover: (directory) => directory.readFile("log")[0],
    check: (byte, { acked }) => byte === 7 || !acked("appended"),
  });
  expect(message).toContain(`\n  bytes 0 to 0 of append(/log) ${here} were lost when sync(/log) ${here} failed\n`);
  expect(message).toContain(`\n  Fix: after a failed barrier write the bytes again, to a new file; do not retry it\n`);
  expect(message).not.toContain("survives");
});

test("writes that the disk lost or put elsewhere", async () => {
  const program = (fault: Parameters<MediaHandle["armMediaFault"]>[0]): CrashMatrixOptions<Uint8Array> => ({
    setup(directory) {
      write(directory, "log", [1]);
      write(directory, "other", [2]);
    },
    workload(directory, run) {
      using handle = directory.open("log", { mode: "write" });
      (handle as MediaHandle).armMediaFault(fault);
      handle.writeAt(new Uint8Array([7]), 0);
      handle.syncBlocking("data");
      run.ack("written");
    },
    recover: (directory) => directory.readFile("log"),
    check: ([byte], { acked }) => byte === 7 || !acked("written"),
    minImages: 1,
  });
  const written = `\n  bytes 0 to 0 of write(/log) ${here} were accepted by the disk, which`;
  expect(await messageOf(program({ kind: "lostWrite" }))).toContain(`${written} never wrote them\n`);
  const stray = program({ kind: "misdirectedWrite", path: "/other", offset: 0 });
  expect(await messageOf(stray)).toContain(`${written} wrote them elsewhere\n`);
});

test("a program that is wrong without any loss", async () => {
  const message = await messageOf({
    workload(directory) {
      write(directory, "a", [1]);
      directory.syncNamesBlocking();
    },
    recover: (directory) => directory.list().length,
    check: () => false,
    personalities: ["posix"],
  });
  expect(message).toBe(
    `crash matrix: a promise was broken after 1 recovery
  everything that was written survives, and the check still fails
  Power lost: after write(/a) ${here}, before syncNames(/) ${here} returns
  Outcome: the check returned false
  Acknowledged before: nothing
  Admitted by: posix, strict
  Replay: [{"version":1,"personality":"posix","at":3,"apply":[0,1,2],"torn":{},"unwritten":"zeros"}]`,
  );
});

test("a crash inside recovery is said to be one", async () => {
  const message = await messageOf({
    setup: (directory) => write(directory, "state", [1]),
    workload: (directory) => write(directory, "journal", [2]),
    recover(directory) {
      if (directory.exists("state")) {
        if (directory.exists("journal")) directory.remove("state");
        write(directory, "state", [2]);
      }
      return directory.exists("state");
    },
    check: (there) => there,
  });
  expect(message).toMatch(
    /\n {2}Power lost: in recovery 1, after write\(\/state\) at src\/failure-text\.test\.ts, at the end\n/,
  );
  expect(message).toContain("\n  Outcome: the check returned false\n");
});

test("many lost effects are counted, not listed", async () => {
  const names = Array.from({ length: 12 }, (_, index) => `file-${index}`);
  const message = await messageOf({
    workload(directory, run) {
      for (const name of names) directory.open(name, { mode: "append", create: "exclusive" }).close();
      run.ack("all");
    },
    recover: (directory) => directory.list().length,
    check: (count, { acked }) => count > 0 || !acked("all"),
    strategy: { kind: "levels", level: 0 },
  });
  expect(message.match(/also lost: /g)).toHaveLength(7);
  expect(message).toContain("\n  and 4 more\n");
});

test("a move between directories needs both, the destination first", async () => {
  const message = await messageOf({
    setup(directory) {
      for (const name of ["in", "out"]) directory.makeDirectory(name);
      write(directory, "in/a", [1]);
    },
    workload(directory, run) {
      directory.rename("in/a", "out/a");
      run.ack("moved");
    },
    recover: (directory) => directory.exists("out/a"),
    check: (moved, { acked }) => moved || !acked("moved"),
  });
  expect(message).toContain(`\n  rename(/in/a -> /out/a) ${here} may still be lost after "moved" is acknowledged\n`);
  expect(message).toContain(
    `\n  Fix: await directory.syncNames() on /out, then await directory.syncNames() on /in, before "moved" is acknowledged\n`,
  );
});

test("two steps with a hole between them, where nothing need be lost", async () => {
  const message = await messageOf({
    setup: (directory) => write(directory, "doc", [1]),
    workload(directory) {
      write(directory, "doc.tmp", [2]);
      directory.open("doc.tmp", { mode: "write" }).syncBlocking("data");
      directory.remove("doc");
      directory.syncNamesBlocking();
      directory.rename("doc.tmp", "doc");
      directory.syncNamesBlocking();
    },
    recover: (directory) => directory.exists("doc"),
    check: (there) => there,
  });
  expect(message).toContain(
    `\n  the removed name "doc" of remove(/doc) ${here} may persist before rename(/doc.tmp -> /doc) ${here}\n`,
  );
  expect(message).toContain(
    `\n  Fix: leave out remove(/doc) ${here}: a rename over the name replaces it in one step\n`,
  );
  expect(message).not.toContain("Assumed"); // nothing is torn
});

test("a file rewritten in place", async () => {
  const message = await messageOf({
    setup: (directory) => write(directory, "doc", [1, 1]),
    workload(directory) {
      using handle = directory.open("doc", { mode: "write", truncate: true });
      handle.writeAt(Uint8Array.of(2, 2), 0);
      handle.syncBlocking("data");
    },
    recover: (directory) => [...directory.readFile("doc")].join(""),
    check: (doc) => doc === "11" || doc === "22",
  });
  expect(message).toContain(
    `\n  the length 0 set by open(/doc) ${here} may persist before bytes 0 to 1 of write(/doc) ${here}\n`,
  );
  expect(message).toContain(`\n  Fix: no barrier helps: write a temporary file, sync it and rename it over /doc\n`);
});

test("a file that is filled under its final name", async () => {
  const message = await messageOf({
    workload(directory) {
      write(directory, "doc", [7]);
      directory.open("doc", { mode: "write" }).syncBlocking("data");
      directory.syncNamesBlocking();
    },
    recover: (directory) => !directory.exists("doc") || directory.readFile("doc").length === 1,
    check: (whole) => whole,
  });
  expect(message).toMatch(/\n {2}the new name "doc" of open\(\/doc\) .* may persist before .* write\(\/doc\) /);
  expect(message).toContain(
    `\n  Fix: no barrier helps: fill a temporary file, sync it, and only then rename it to /doc\n`,
  );
});

test("of a write that tears, the part that is missing", async () => {
  const page = Array.from({ length: 1024 }, () => 7);
  const message = await messageOf({
    setup: (directory) =>
      write(
        directory,
        "page",
        page.map(() => 1),
      ),
    workload: (directory) => write(directory, "page", page),
    recover: (directory) => new Set(directory.readFile("page")).size,
    check: (kinds) => kinds === 1,
  });
  expect(message).toContain(`\n  part of bytes 0 to 1023 of write(/page) ${here} may persist without the rest\n`);
  const assumed = "a write tears under ext4-ordered, ext4-noauto, xfs, btrfs as under posix";
  expect(message).toContain(`\n  Assumed: that ${assumed}; torn writes were not measured\n`);
  expect(message).toContain(
    "\n  Fix: no barrier orders the parts of one call: let recovery notice a torn write by a checksum, or",
  );
});

test("the crash is the latest one, with one thing lost, even if an earlier one with more was found first", async () => {
  const message = await messageOf({
    setup: (directory) => write(directory, "log", []),
    workload(directory, run) {
      write(directory, "log", [1, 2, 3]);
      run.ack("logged");
      for (const name of ["a", "b", "c"]) write(directory, name, [1]);
      directory.syncNamesBlocking();
    },
    recover: (directory) => directory.readFile("log").length,
    check: (length, { acked }) => length === 3 || !acked("logged"),
    strategy: { kind: "levels", level: 0 },
  });
  // Records: 0 and 1 the log, 2 the mark, 3 to 11 the three files, 12 the names barrier. Nothing at the end but a lost length.
  expect(message).toContain(
    `\n  the length 3 set by write(/log) ${here} may still be lost after "logged" is acknowledged\n`,
  );
  expect(message).not.toContain("also lost");
  expect(message).toContain(`"at":13,"apply":[0,4,5,7,8,10,11],`);
});

test("a rename over a file is one thing, although it begins with the removal of that file", async () => {
  const message = await messageOf({
    setup(directory) {
      write(directory, "doc", [1]);
      write(directory, "doc.tmp", [2]);
    },
    workload(directory, run) {
      directory.rename("doc.tmp", "doc");
      run.ack("saved");
    },
    recover: (directory) => directory.readFile("doc")[0],
    check: (byte, { acked }) => byte === 2 || !acked("saved"),
  });
  expect(message.split("\n").slice(1, 3)).toEqual([
    `  rename(/doc.tmp -> /doc) ${here} may still be lost after "saved" is acknowledged`,
    `  Power lost: after rename(/doc.tmp -> /doc) ${here}, at the end`,
  ]);
});

test("an error that nobody catches is printed as its message, without the report that it carries", async () => {
  const error: unknown = await crashMatrix({
    workload: (directory) => write(directory, "doc", [1]),
    recover: (directory) => directory.exists("doc"),
    check: (isThere) => !isThere,
  }).catch((thrown: unknown) => thrown);
  if (!(error instanceof CrashTestError)) throw error;
  expect(error.report?.failures).not.toHaveLength(0);
  const printed = inspect(error); // what Node prints before it exits
  expect(printed).toContain(error.message);
  expect(printed).toContain("code: 'CRASH_TEST_FAILED'");
  expect(printed).not.toContain("report");
  const behind = printed.slice(printed.indexOf(error.message) + error.message.length);
  expect(behind.split("\n").length).toBeLessThan(40); // the stack, that of a cause included
});
