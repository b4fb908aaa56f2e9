// What the matrix explores, how often it recovers, and when it refuses to call a run a proof.
import type { Directory } from "@holdfast/fs-seam";
import { posix, type Personality } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions, type CrashMatrixReport } from "../src/index.js";
import { failureOf, names, oneByte, write } from "./small-program.js";

describe("the same work is not done twice", () => {
  test("subsets that make one image are judged once", async () => {
    let recoveries = 0;
    const recover = (directory: Directory): string[] => {
      recoveries += 1;
      return names(directory);
    };
    const report = await crashMatrix({ ...oneByte, recover });
    const { trace, ...counts } = report;
    expect(trace.records.map(({ kind }) => kind)).toEqual(["link", "data", "size"]);
    expect(counts).toEqual({
      name: "crash matrix",
      personalities: [{ personality: "posix", rules: posix, images: 4, limited: [] }],
      distinct: 4,
      recoveries: 4,
      remembered: 0,
      level: 5,
      stopped: "everything",
      hash: report.hash,
      complete: true,
      failures: [],
    });
    expect(recoveries).toBe(4);
  });

  test("an image that comes up at a later moment is not judged again", async () => {
    const workload = (directory: Directory): void => {
      write(directory, "a", 1);
      directory.syncNamesBlocking();
    };
    expect(await crashMatrix({ ...oneByte, workload })).toMatchObject({ distinct: 4, recoveries: 4 });
  });

  test("an image that comes up after one more acknowledgement is judged again", async () => {
    const acksSeen: string[] = [];
    const report = await crashMatrix({
      ...oneByte,
      workload(directory, run) {
        write(directory, "a", 1);
        directory.syncNamesBlocking();
        run.ack("named", { byte: 1 });
      },
      recover: (directory, { acks }) => {
        acksSeen.push(
          `${names(directory).length} ${acks.map(({ label, data }) => label + JSON.stringify(data)).join()}`,
        );
        return [];
      },
    });
    // Three of the four disks have the name, and those come up again once it is acknowledged.
    expect(report).toMatchObject({ distinct: 7, recoveries: 7, personalities: [{ images: 4 }] });
    expect(acksSeen.slice(4)).toEqual(['1 named{"byte":1}', '1 named{"byte":1}', '1 named{"byte":1}']);
    expect(acksSeen.slice(0, 4).toSorted()).toEqual(["0 ", "1 ", "1 ", "1 "]);
  });

  test("a second personality only adds the images that it alone allows", async () => {
    const report = await crashMatrix({ ...oneByte, personalities: ["posix", "strict"] });
    expect(report.personalities.map(({ images }) => images)).toEqual([4, 5]); // strict: garbage in the new byte
    expect(report).toMatchObject({ distinct: 5, recoveries: 5 });
  });

  test("everything before the workload is durable", async () => {
    const report = await crashMatrix({
      ...oneByte,
      setup: (directory) => write(directory, "b", 2),
      check: (found) => found.includes("b"),
    });
    expect(report).toMatchObject({ recoveries: 4, complete: true });
  });
});

describe("crashes inside a recovery that writes nothing", () => {
  const four = ["posix", "ext4-ordered", "xfs", "btrfs"];

  test("are not looked for again under every personality", async () => {
    const workload = (directory: Directory): void => ["a", "b", "c"].forEach((name) => write(directory, name, 1));
    const one = await crashMatrix({ ...oneByte, workload, nested: 1 });
    const all = await crashMatrix({ ...oneByte, workload, nested: 1, personalities: four });
    expect(one.recoveries).toBe(one.distinct);
    expect(all.recoveries).toBe(all.distinct);
    const writing = { ...oneByte, workload, nested: 1, personalities: four };
    const again = await crashMatrix({ ...writing, recover: (directory) => (write(directory, "r", 1), []) });
    expect(again.recoveries).toBeGreaterThan(again.distinct);
  });
});

describe("nested crashes", () => {
  /** Recovery that is right unless it is itself cut short: the old state goes before the new one is there. */
  const fragile: CrashMatrixOptions<boolean> = {
    setup: (directory) => write(directory, "state", 1),
    workload(directory) {
      write(directory, "journal", 2);
      directory.syncNamesBlocking();
    },
    recover(directory) {
      if (directory.exists("journal") && directory.exists("state")) {
        directory.remove("state");
        write(directory, "state", 2);
        directory.syncNamesBlocking();
      }
      return directory.exists("state");
    },
    check: (there) => there,
  };

  test("a recovery that is not safe to interrupt is found", async () => {
    const error = await failureOf(fragile);
    expect(error.code).toBe("CRASH_TEST_FAILED");
    const [failure] = error.report?.failures ?? [];
    expect(failure?.choices).toHaveLength(2);
    expect(failure?.context.depth).toBe(1);
    expect(error.message).toContain('the removed name "state" of remove(/state)');
    expect(error.message).toContain("Power lost: in recovery 1, ");
  });

  test("but not without looking inside recovery", async () => {
    expect(await crashMatrix({ ...fragile, nested: 0 })).toMatchObject({ complete: true, failures: [] });
  });

  test("every personality that allows the whole path is named", async () => {
    const error = await failureOf({ ...fragile, personalities: ["posix", "strict"] });
    expect(error.report?.failures[0]?.admittedBy).toEqual(["posix", "strict"]);
  });

  test("are looked at under every personality, also from disks that an earlier one allows", async () => {
    const renaming: CrashMatrixOptions<string[]> = {
      setup: (directory) => write(directory, "doc", 1),
      workload: (directory) => write(directory, "doc.tmp", 2),
      recover(directory) {
        if (directory.exists("doc.tmp")) directory.rename("doc.tmp", "doc");
        return names(directory);
      },
      check: (found) => found.includes("doc"),
    };
    expect(await crashMatrix(renaming)).toMatchObject({ complete: true, failures: [] });
    const split: Personality = { ...posix, name: "split", rename: "split" };
    const both = await failureOf({ ...renaming, personalities: ["posix", split] });
    expect(both.report?.failures[0]).toMatchObject({ admittedBy: ["split", "strict"], context: { depth: 1 } });
    expect(both.report?.failures[0]?.choices.map(({ personality }) => personality)).toEqual(["split", "split"]);
  });

  test.each([0, 1, 2])("go %i deep when asked to", async (nested) => {
    const depths = new Set<number>();
    const report = await crashMatrix({
      workload: (directory) => write(directory, "a", 1),
      recover: (directory, { depth }) => {
        depths.add(depth);
        write(directory, `recovery-${names(directory).length}`, depth + 1);
      },
      check: () => true,
      nested,
    });
    expect([...depths]).toEqual([0, 1, 2].slice(0, nested + 1));
    expect(report.personalities[0]?.images).toBe(4); // those of the workload
  });

  test("go as deep again from a disk that a recovery had left before", async () => {
    // Every recovery takes one step. The disk after the first step is met inside the first recovery, and by itself.
    const stages = ["one", "two", "three"];
    const seen = new Set<number>();
    await crashMatrix({
      workload: (directory) => directory.makeDirectory("one"),
      recover(directory) {
        const stage = names(directory).length;
        const next = stages[stage];
        if (next !== undefined) directory.makeDirectory(next);
        return stage;
      },
      check: (stage) => void seen.add(stage),
      nested: 2,
      personalities: ["posix"],
    });
    expect(seen).toEqual(new Set([0, 1, 2, 3]));
  });

  test("acknowledgements of the workload hold in them", async () => {
    const seen = new Set<string>();
    await crashMatrix({
      workload(directory, run) {
        write(directory, "a", 1);
        directory.syncNamesBlocking();
        run.ack("named");
      },
      recover: (directory, { depth, acked }) => {
        seen.add(`${depth} ${acked("named")}`);
        write(directory, "b", 1);
      },
      check: () => true,
    });
    expect([...seen].sort()).toEqual(["0 false", "0 true", "1 false", "1 true"]);
  });
});

describe("promises", () => {
  test("workload, recover and check may all be asynchronous", async () => {
    const report = await crashMatrix({
      setup: async (directory) => {
        await directory.syncNames();
        write(directory, "b", 2);
      },
      async workload(directory, run) {
        write(directory, "a", 1);
        await directory.syncNames();
        run.ack("named");
      },
      recover: async (directory) => {
        await directory.syncNames();
        return names(directory);
      },
      check: async (found, { acked }) =>
        Promise.resolve(found.includes("b") && (found.includes("a") || !acked("named"))),
      nested: 1,
    });
    expect(report).toMatchObject({ complete: true, failures: [], distinct: 7 });
  });

  test.each<[string, Partial<CrashMatrixOptions<string[]>>, string]>([
    ["a check that resolves to false", { check: async () => Promise.resolve(false) }, "the check returned false"],
    ["a check that rejects", { check: async () => Promise.reject(new Error("no a")) }, "no a"],
    [
      "a check that resolves to false behind a promised recovery",
      { recover: async () => Promise.resolve([]), check: async () => Promise.resolve(false) },
      "the check returned false",
    ],
    [
      "a check that returns false behind a promised recovery",
      { recover: async () => Promise.resolve([]), check: () => false },
      "the check returned false",
    ],
    ["a check that throws", { check: () => expect.unreachable("no b") }, "no b"],
    ["a recovery that rejects", { recover: async () => Promise.reject(new Error("no c")) }, "no c"],
    ["a recovery that throws", { recover: (directory) => [String(directory.readFile("d"))] }, "open /d: ENOENT"],
  ])("%s fails the run, with its error as the cause", async (_, wrong, message) => {
    const error = await failureOf({ ...oneByte, ...wrong });
    expect(error.code).toBe("CRASH_TEST_FAILED");
    expect((error.cause as Error).message).toContain(message);
    expect(error.report).toMatchObject({ complete: false, failures: [{ context: { depth: 0 } }] });
  });

  test("an error of setup or workload is the caller's own", async () => {
    const broken = new Error("not a crash");
    const throws = (): never => {
      throw broken;
    };
    await expect(crashMatrix({ ...oneByte, workload: throws })).rejects.toBe(broken);
    await expect(crashMatrix({ ...oneByte, setup: async () => throws() })).rejects.toBe(broken);
  });
});

test.each(["setup", "workload"] as const)("a %s that never settles is named", async (what) => {
  const error = await failureOf({ ...oneByte, [what]: () => new Promise(() => {}), maxTurns: 10 });
  expect(error.code).toBe("CRASH_TEST_UNSETTLED");
  expect(error.message).toBe(`crash matrix: ${what} did not come to an end within 10 turns of the event loop`);
});

describe("budgets are never hit in silence", () => {
  test("recoveries", async () => {
    const error = await failureOf({ ...oneByte, maxRecoveries: 3 });
    expect(error).toMatchObject({ code: "CRASH_TEST_BUDGET", report: { recoveries: 3, complete: false } });
    expect(error.message).toBe(
      "crash matrix: the budget of 3 recoveries was spent before every image was judged: " +
        "decide only what recovery reads (strategy lazy), raise the budget, make the workload smaller, or set allowIncomplete",
    );
    expect(await crashMatrix({ ...oneByte, maxRecoveries: 4 })).toMatchObject({ complete: true });
  });

  test("a lazy strategy is not told to be lazy", async () => {
    const error = await failureOf({ ...oneByte, strategy: { kind: "lazy" }, maxRecoveries: 1 });
    expect(error.message).toContain("every image was judged: raise the budget, make the workload smaller, or");
  });

  test("milliseconds, by the clock that was given", async () => {
    let time = 0;
    const now = (): number => (time += 10);
    const error = await failureOf({ ...oneByte, now, maxMilliseconds: 25 });
    expect(error).toMatchObject({ code: "CRASH_TEST_BUDGET", report: { recoveries: 2, complete: false } });
    expect(error.message).toContain("the budget of 25 ms was spent");
    expect(await crashMatrix({ ...oneByte, now, maxMilliseconds: 60 })).toMatchObject({ complete: true });
  });

  test("unless an incomplete run is allowed", async () => {
    const report = await crashMatrix({ ...oneByte, maxRecoveries: 3, allowIncomplete: true });
    expect(report).toMatchObject({ complete: false, recoveries: 3, failures: [] });
  });

  test("a failure inside the budget is a failure", async () => {
    const error = await failureOf({ ...oneByte, check: (found) => found.length === 0, maxRecoveries: 3 });
    expect(error.code).toBe("CRASH_TEST_FAILED");
  });

  test("a crash point with more subsets than the exhaustive limit is named", async () => {
    const strategy = { kind: "exhaustive", limit: 7 } as const; // the three effects have eight subsets
    const report = await crashMatrix({ ...oneByte, strategy });
    expect(report).toMatchObject({ complete: false, personalities: [{ limited: [3] }] });
    expect(await crashMatrix({ ...oneByte, strategy: { ...strategy, limit: 8 } })).toMatchObject({ complete: true });
  });
});

describe("a run that crashes nothing proves nothing", () => {
  test.each<[string, CrashMatrixOptions<string[]>, number]>([
    ["a workload that does nothing", { ...oneByte, workload: () => {} }, 1],
    ["one that only acknowledges", { ...oneByte, workload: (_, run) => run.ack("done") }, 1],
    ["one that does nothing before a recovery that writes", { ...fragileWriter(), workload: () => {} }, 1],
    ["fewer images than asked for", { ...oneByte, minImages: 5 }, 4],
  ])("%s", async (_, options, images) => {
    const error = await failureOf(options);
    expect(error).toMatchObject({ code: "CRASH_TEST_VACUOUS", report: { failures: [] } });
    expect(error.message).toBe(
      `crash matrix: only ${images} distinct images came up, ${options.minImages ?? 2} are asked for`,
    );
  });

  test("a lower bound may be set", async () => {
    expect(await crashMatrix({ ...oneByte, workload: () => {}, minImages: 1 })).toMatchObject({ distinct: 1 });
    expect(await crashMatrix({ ...oneByte, minImages: 4 })).toMatchObject({ distinct: 4 });
  });

  function fragileWriter(): CrashMatrixOptions<string[]> {
    return { ...oneByte, nested: 1, recover: (directory) => (write(directory, "b", 1), names(directory)) };
  }
});

describe("two runs are one", () => {
  const levels: CrashMatrixOptions<string[]> = {
    workload(directory, run) {
      for (const name of ["a", "b", "c"]) {
        write(directory, name, 1);
        run.ack(name);
      }
    },
    recover: (directory) => {
      directory.removeIfPresent("a");
      return names(directory);
    },
    check: () => true,
    personalities: ["posix", "strict"],
    nested: 2,
  };

  test.each<[string, Partial<CrashMatrixOptions<string[]>>]>([
    ["exhaustively", {}],
    ["by level", { strategy: { kind: "levels", level: 4 } }],
    [
      "by seed",
      { strategy: { kind: "random", seed: 7, count: 20 }, nestedStrategy: { kind: "random", seed: 7, count: 5 } },
    ],
  ])("%s: the same images in the same order", async (_, strategy) => {
    const runOnce = async (): Promise<{ report: Omit<CrashMatrixReport, "trace">; seen: string[] }> => {
      const seen: string[] = [];
      const { trace: _eachItsOwn, ...report } = await crashMatrix({
        ...levels,
        ...strategy,
        check: (found, { depth, acks }) => void seen.push(`${depth} ${acks.length} ${found.join()}`),
      });
      return { report, seen };
    };
    const [first, second] = [await runOnce(), await runOnce()];
    expect(first.seen.length).toBeGreaterThan(20);
    expect(second).toEqual(first);
  });

  test("and fail with the same words", async () => {
    const check = (found: string[]): boolean => !found.includes("c");
    const [first, second] = [await failureOf({ ...levels, check }), await failureOf({ ...levels, check })];
    expect(second.message).toBe(first.message);
  });

  test("another seed sees other images", async () => {
    const countsOf = async (seed: number): Promise<number[]> => {
      const counts: number[] = [];
      await crashMatrix({
        ...levels,
        strategy: { kind: "random", seed, count: 5 },
        check: (found) => void counts.push(found.length),
      });
      return counts;
    };
    expect(await countsOf(1)).not.toEqual(await countsOf(2));
  });
});

test.each([null, 0, "", "nope", Number.NaN])(
  "a check that returns %j says nothing, and does not pass",
  async (answer) => {
    const error = await failureOf({ ...oneByte, check: () => answer as unknown as boolean }); // wrong on purpose
    expect(error.message).toContain("it may throw, or return true, false or nothing");
  },
);
