// A failure is seen again from its replay line alone, and a line that says nothing about this run is refused.
import type { Directory } from "@holdfast/fs-seam";
import { posix, type CrashChoice } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions, type CrashMatrixReport } from "../src/index.js";
import { failureOf, write } from "./small-program.js";
import { outcomeLine, replayLine } from "./verdict.js";

/** Records: 0 name, 1 byte and 2 length of "a", 3 a names barrier, 4 name, 5 byte and 6 length of "b". */
const program: CrashMatrixOptions<string> = {
  workload(directory) {
    write(directory, "a", 1);
    directory.syncNamesBlocking();
    write(directory, "b", 2);
  },
  recover: (directory) =>
    directory
      .list()
      .map(({ name }) => name + directory.readFile(name).join())
      .join(" "),
  check: () => true,
};

function lineOf(...choices: readonly Partial<CrashChoice>[]): string {
  const plain = { version: 1, personality: "posix", at: 7, apply: [], torn: {}, unwritten: "zeros" };
  return JSON.stringify(choices.map((choice) => ({ ...plain, ...choice })));
}

describe("a line that fits", () => {
  test("makes exactly the image it names", async () => {
    const seen: string[] = [];
    const replay = async (line: string): Promise<CrashMatrixReport> =>
      crashMatrix({ ...program, replay: line, check: (found) => void seen.push(found) });
    const report = await replay(lineOf({ apply: [1, 2] }));
    expect(report).toMatchObject({ recoveries: 1, distinct: 1, failures: [] });
    await replay(lineOf({ apply: [4, 6] }));
    await replay(lineOf({ at: 3, apply: [0, 2] }));
    await replay(lineOf({ apply: [1, 2, 4, 5, 6] }));
    expect(seen).toEqual(["a1", "a b0", "a0", "a1 b2"]);
  });

  test("may be one choice without a list", async () => {
    const [choice] = JSON.parse(lineOf({ apply: [1, 2] })) as CrashChoice[];
    await expect(crashMatrix({ ...program, replay: JSON.stringify(choice) })).resolves.toMatchObject({ recoveries: 1 });
  });

  test("fails like the run it comes from, with the same words", async () => {
    const broken: CrashMatrixOptions<string> = { ...program, check: (found) => !found.startsWith("b") };
    const wrong = {
      ...broken,
      workload: (directory: Directory) => (write(directory, "a", 1), write(directory, "b", 2)),
    };
    const error = await failureOf(wrong);
    const again = await failureOf({ ...wrong, replay: replayLine(error) });
    expect(again.code).toBe("CRASH_TEST_FAILED");
    expect(outcomeLine(again)).toBe(outcomeLine(error));
    expect(again.message.split("\n").slice(1)).toEqual(error.message.split("\n").slice(1));
    expect(again.message.split("\n")[0]).toBe("crash matrix: a promise was broken after 1 recovery");
    // The same crash does the repaired program no harm.
    await expect(crashMatrix({ ...broken, replay: replayLine(error) })).rejects.toMatchObject({
      code: "CRASH_TEST_INVALID_REPLAY",
    });
  });

  test("reaches into recovery, however deep the run itself would go", async () => {
    const depths: number[] = [];
    const nested: CrashMatrixOptions<void> = {
      workload: (directory) => write(directory, "a", 1),
      recover: (directory, { depth }) => {
        depths.push(depth);
        write(directory, "b", 1);
      },
      check: (_, { depth }) => depth < 2,
      nested: 0,
    };
    const line = lineOf({ at: 3 }, { at: 3 }, { at: 3, apply: [0] });
    const error = await failureOf({ ...nested, replay: line });
    expect(depths.slice(0, 3)).toEqual([0, 1, 2]);
    expect(error.report).toMatchObject({ recoveries: 3, failures: [{ context: { depth: 2 } }] });
    expect(replayLine(error)).toBe(line);
  });

  test("may name a personality of the caller's own", async () => {
    const own = { ...posix, name: "our disk" };
    const replay = lineOf({ personality: "our disk", apply: [1] });
    await expect(crashMatrix({ ...program, replay, personalities: [own] })).resolves.toMatchObject({ recoveries: 1 });
    await expect(crashMatrix({ ...program, replay })).rejects.toMatchObject({ code: "CRASH_TEST_INVALID_REPLAY" });
  });
});

describe("a line is refused", () => {
  test.each([
    ["that is no JSON", "at 7"],
    ["that is empty", ""],
    ["that lists nothing", "[]"],
    ["of another version", lineOf({ version: 2 as 1 })],
    ["that lacks a field", '[{"version":1,"personality":"posix"}]'],
    ["that holds something else", "[7]"],
  ])("%s", async (_, replay) => {
    const error = await failureOf({ ...program, replay });
    expect(error).toMatchObject({
      code: "CRASH_TEST_INVALID_REPLAY",
      message: "crash matrix: replay is not a list of crash choices",
    });
    expect(error.cause).toBeInstanceOf(Error);
  });

  test.each([
    ["that keeps what is settled", lineOf({ apply: [0] })],
    ["that keeps what is no effect", lineOf({ apply: [3] })],
    ["that forbids itself", lineOf({ at: 7, apply: [6], torn: { "3": [0] } })],
    ["that crashes a recovery which did nothing", lineOf({ apply: [] }, { at: 1 })],
  ])("%s", async (_, replay) => {
    const error = await failureOf({ ...program, replay });
    expect(error.code).toBe("CRASH_TEST_INVALID_REPLAY");
    expect(error.message).toContain("the replay does not fit this run");
    expect(error.cause).toBeInstanceOf(Error);
  });

  test.each([
    [
      "that is from a longer run",
      lineOf({ at: 8 }),
      "the replay cuts the power before record 8, and this run ends with record 7: is the workload unchanged?",
    ],
    [
      "of an unknown personality",
      lineOf({ personality: "ext5" }),
      "the replay names the personality ext5, which this run does not have; there is posix, ext4-ordered, ",
    ],
    [
      "of an unknown personality inside recovery",
      lineOf({}, { personality: "ext5" }),
      "the replay names the personality ext5, which this run does not have",
    ],
    [
      "of a personality that has a single outcome",
      lineOf({ personality: "seed-crashfs" }),
      "the replay names the personality seed-crashfs, which has no crash choices",
    ],
  ])("%s, and it says so", async (_, replay, why) => {
    const error = await failureOf({ ...program, replay });
    expect(error.code).toBe("CRASH_TEST_INVALID_REPLAY");
    expect(error.message).toContain(`crash matrix: ${why}`);
  });
});
