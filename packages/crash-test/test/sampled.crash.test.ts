// Level 6: chance finds what no lower level reaches, stops when nothing new comes up, and is the same for the same seed.
import type { Directory } from "@holdfast/fs-seam";
import { describe, expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions } from "../src/index.js";
import { protocols } from "./protocols/all.js";
import { failureOf, write } from "./small-program.js";
import { judge, matrixOf, replayLine } from "./verdict.js";

const sampled = { kind: "sampled", seed: 3 } as const;
const mutants = protocols.flatMap((protocol) =>
  Object.keys(protocol.mutants).map((mutant) => [protocol.name, mutant, protocol] as const),
);

test.each(protocols.map((protocol) => [protocol.name, protocol] as const))("%s is correct", async (_, protocol) => {
  const { nestedStrategy: __, ...options } = matrixOf(protocol, undefined, "posix");
  const nested = protocol.nestedLevel === undefined ? 1 : 0; // recoveries of many calls take long
  const verdict = await judge({ ...options, nested, strategy: sampled });
  expect(verdict.kind).toBe("passes");
  if (verdict.kind === "passes") {
    expect(verdict.report).toMatchObject({ level: 6, stopped: "plateau", complete: false, failures: [] });
  }
});

test.each(mutants)("%s, %s: is found by chance", async (_, mutant, protocol) => {
  const { nestedStrategy: __, ...options } = matrixOf(protocol, mutant, "posix");
  const verdict = await judge({ ...options, strategy: sampled });
  expect(verdict.kind).toBe("caught");
  if (verdict.kind === "caught") expect(verdict.error.report).toMatchObject({ level: 6, stopped: "failure" });
});

/** Twenty files without a barrier, and a recovery that reads a few of them: more disks than anybody makes. */
function manyFiles(read: (directory: Directory) => unknown): CrashMatrixOptions<unknown> {
  return {
    workload(directory) {
      for (let number = 0; number < 20; number += 1) write(directory, `f${number}`, number);
    },
    recover: read,
    check: () => true,
    nested: 0,
    personalities: ["posix"],
  };
}

const there = (directory: Directory, ...numbers: number[]): string =>
  numbers.map((number) => (directory.exists(`f${number}`) ? "1" : "0")).join("");

describe("where there are too many disks to make them all", () => {
  const needle: CrashMatrixOptions<unknown> = {
    ...manyFiles((directory) => there(directory, 3, 5, 9, 13, 17, 19)),
    check: (found) => found !== "101010", // no level below 5 keeps three and drops the three between them
  };

  test("chance finds what depends on six of them", async () => {
    const error = await failureOf({ ...needle, strategy: sampled });
    expect(error.code).toBe("CRASH_TEST_FAILED");
    expect(error.report?.recoveries).toBeLessThan(65);
    const again = await failureOf({ ...needle, strategy: sampled, replay: replayLine(error) });
    expect(again.code).toBe("CRASH_TEST_FAILED");
  });

  test("the default sees all that recovery reads, and says so", async () => {
    const small = { ...needle, strategy: { kind: "levels", level: 4 } } as const;
    expect(await crashMatrix(small)).toMatchObject({ level: 4, stopped: "everything", failures: [] });
    const error = await failureOf(needle);
    expect(error.report).toMatchObject({ level: 5, stopped: "failure" });
    const passing = await crashMatrix({ ...needle, check: () => true });
    expect(passing).toMatchObject({
      level: 5,
      stopped: "everything",
      complete: true,
      personalities: [{ limited: [] }],
    });
    expect(passing.recoveries).toBeLessThan(100); // 64 combinations, some run again
  });

  const readsAll = manyFiles((directory) => there(directory, ...Array.from({ length: 20 }, (_, number) => number)));

  test("the default goes on with chance where recovery reads too much, ends, and says so", async () => {
    const seen = new Set<unknown>();
    const report = await crashMatrix({ ...readsAll, check: (found) => void seen.add(found) });
    expect(report).toMatchObject({ level: 6, stopped: "samples", complete: false, personalities: [{ limited: [60] }] });
    expect(report.distinct).toBe(seen.size);
    expect(report.recoveries).toBeLessThan(5000);
  });

  test("a failure found by chance comes back by its replay line", async () => {
    const check = (found: unknown): boolean => !/^1[01]{9}1/.test(String(found)); // far from the disks that come first
    const error = await failureOf({ ...readsAll, check });
    const again = await failureOf({ ...readsAll, check, replay: replayLine(error) });
    expect(again.code).toBe("CRASH_TEST_FAILED");
  });

  test("a recovery that reads nothing still has disks to lose", async () => {
    const report = await crashMatrix({ ...manyFiles(() => ""), strategy: { kind: "ladder", limit: 7 }, minImages: 1 });
    expect(report).toMatchObject({ level: 5, complete: true, personalities: [{ images: 2 }] });
  });

  test("no image is counted twice, whichever way it was found", async () => {
    const workload = (directory: Directory): void => {
      for (const name of ["a", "b", "c"]) {
        write(directory, name, 1);
        directory.syncNamesBlocking();
      }
    };
    const seen = new Set<string>();
    const options: CrashMatrixOptions<string> = {
      workload,
      recover: (directory) =>
        directory
          .list()
          .map(({ name }) => `${name}:${[...directory.readFile(name)].join()}`)
          .join(" "),
      check: (found) => void seen.add(found),
      nested: 0,
      personalities: ["posix"],
    };
    const whole = await crashMatrix({ ...options, strategy: { kind: "exhaustive", limit: 4096 } });
    expect(whole).toMatchObject({ complete: true, distinct: seen.size });
    for (const limit of [7, 16, 64]) {
      const mixed = await crashMatrix({ ...options, strategy: { kind: "ladder", limit } });
      expect(mixed).toMatchObject({ complete: true, level: 5, distinct: seen.size });
    }
  });

  test("what every disk would cost too much for is decided lazily", async () => {
    const workload = (directory: Directory): void =>
      ["f0", "b", "c", "d", "e"].forEach((name) => write(directory, name, 1)); // 32,768 subsets, and 1024 disks
    const options = { ...manyFiles((directory) => there(directory, 0)), workload };
    const strategy = { kind: "ladder", limit: 40_000 } as const;
    const report = await crashMatrix({ ...options, strategy, maxRecoveries: 1024 });
    expect(report).toMatchObject({ complete: true, level: 5, stopped: "everything" });
    expect(report.recoveries).toBeLessThan(600);
    expect(await crashMatrix({ ...options, strategy })).toMatchObject({ complete: true, recoveries: 1024 });
  });

  test("the default makes all disks where they fit", async () => {
    const workload = (directory: Directory): void => write(directory, "f", 1);
    const report = await crashMatrix({ ...manyFiles(() => ""), workload, minImages: 1 });
    expect(report).toMatchObject({ level: 5, stopped: "everything", complete: true, recoveries: 4 });
  });

  test("sampling ends once nothing new comes up, and not before", async () => {
    const seen = new Set<unknown>();
    const options = manyFiles((directory) => there(directory, 1, 2, 3));
    const report = await crashMatrix({ ...options, check: (found) => void seen.add(found), strategy: sampled });
    expect(seen.size).toBe(8);
    expect(report).toMatchObject({ distinct: 8, recoveries: 8, stopped: "plateau" });
    const hasty = await crashMatrix({ ...options, strategy: { ...sampled, patience: 1 } });
    expect(hasty.distinct).toBeLessThan(8);
  });

  test("a spent budget is named", async () => {
    const report = await crashMatrix({
      ...needle,
      check: () => true,
      strategy: sampled,
      maxRecoveries: 3,
      allowIncomplete: true,
    });
    expect(report).toMatchObject({ stopped: "budget", recoveries: 3 });
  });

  test("crashes inside recovery are sampled as well", async () => {
    const depths = new Set<number>();
    const options = manyFiles(() => 0);
    await crashMatrix({
      ...options,
      recover(directory, { depth }) {
        depths.add(depth);
        write(directory, `r${depth}`, 1);
        return there(directory, 5);
      },
      strategy: sampled,
      nested: 2,
    });
    expect([...depths]).toEqual([0, 1, 2]);
  });
});

test("the same seed sees the same, another seed in another order", async () => {
  const run = async (seed: number): Promise<{ hash: string; seen: unknown[] }> => {
    const seen: unknown[] = [];
    const options = manyFiles((directory) => there(directory, 1, 2, 3, 4, 5, 6));
    const strategy = { kind: "sampled", seed, patience: 8 } as const;
    const { hash } = await crashMatrix({ ...options, check: (found) => void seen.push(found), strategy });
    return { hash, seen };
  };
  const first = await run(1);
  expect(await run(1)).toEqual(first);
  expect((await run(2)).seen).not.toEqual(first.seen);
});

test.each([
  [{ kind: "sampled", seed: 1, patience: 0 }, "patience must be a whole number from 1 on"],
  [{ kind: "sampled", seed: 1.5 }, "seed must be a whole number"],
  [{ kind: "ladder", limit: 0 }, "limit must be a whole number from 1 on"],
] as const)("%o is refused", async (strategy, why) => {
  const error = await failureOf({ ...manyFiles(() => 0), strategy });
  expect(error.message).toBe(`option strategy ${why}`);
});
