// What a lazy exploration runs, what it leaves out, and how it ends.
import type { Directory } from "@holdfast/fs-seam";
import { describe, expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions } from "../src/index.js";
import { failureOf, names, oneByte, write } from "./small-program.js";
import { replayLine } from "./verdict.js";

const lazy = { kind: "lazy" } as const;
/** Looks at everything a second time only at the start. */
const once = { kind: "lazy", recheckEvery: 1_000_000 } as const;

describe("recovery runs once for what it can tell apart", () => {
  test("one that looks at nothing runs once, and is looked at again on the disk that differs most", async () => {
    const report = await crashMatrix({ ...oneByte, recover: () => [], strategy: once, minImages: 1 });
    expect(report).toMatchObject({ distinct: 1, recoveries: 2, complete: true, personalities: [{ images: 1 }] });
  });

  test("files that are not read stay undecided", async () => {
    const report = await crashMatrix({
      workload: (directory) => ["a", "b", "c", "d", "e"].forEach((name) => write(directory, name, 1)),
      recover: (directory) => directory.exists("c"),
      check: () => true,
      strategy: once,
      nested: 0,
    });
    expect(report).toMatchObject({ distinct: 2, recoveries: 3 });
  });

  test("a short read does not ask for the length", async () => {
    const report = await crashMatrix({
      setup: (directory) => directory.writeFile("log", Uint8Array.of(7)),
      workload(directory) {
        using log = directory.open("log", { mode: "append" });
        for (let count = 0; count < 5; count += 1) log.append(new Uint8Array(600).fill(count));
      },
      recover(directory) {
        using log = directory.open("log", { mode: "read" });
        const head = new Uint8Array(1);
        log.readAt(head, 0);
        return head[0];
      },
      check: (head) => head === 7,
      strategy: once,
      nested: 0,
      minImages: 1,
    });
    expect(report).toMatchObject({ distinct: 1, recoveries: 2 });
  });

  test("what stat does not show is not asked for", async () => {
    const seen = async (look: (directory: Directory) => unknown): Promise<number> => {
      const report = await crashMatrix({
        setup: (directory) => write(directory, "a", 1),
        workload(directory) {
          write(directory, "a", 2);
          directory.link("a", "b");
          using handle = directory.open("a", { mode: "append" });
          handle.append(new Uint8Array(5000));
        },
        recover: look,
        check: () => true,
        strategy: once,
        nested: 0,
        minImages: 1,
      });
      return report.distinct;
    };
    expect(await seen((directory) => directory.stat("a").kind)).toBe(1);
    expect(await seen((directory) => directory.stat("a").links)).toBe(2);
    // Before the append, grown to the end of the first page, and grown whole.
    expect(await seen((directory) => directory.stat("a").size)).toBe(3);
    expect(await seen((directory) => directory.stat("a").allocatedBytes)).toBe(2);
  });

  test("but once more after an acknowledgement", async () => {
    const seen: string[] = [];
    await crashMatrix({
      ...oneByte,
      workload(directory, run) {
        write(directory, "a", 1);
        directory.syncNamesBlocking();
        run.ack("named");
      },
      recover: (directory, { acks }) => {
        seen.push(`${directory.exists("a")} ${acks.length}`);
        return [];
      },
      strategy: once,
    });
    expect(new Set(seen)).toEqual(new Set(["false 0", "true 0", "true 1"]));
  });
});

test("a second personality only adds what it alone lets recovery see", async () => {
  const reading: CrashMatrixOptions<string> = {
    ...oneByte,
    recover: (directory) => (directory.exists("a") ? directory.readFile("a").join() : "none"),
    check: () => true,
    strategy: once,
  };
  const [one, both] = [
    await crashMatrix(reading),
    await crashMatrix({ ...reading, personalities: ["posix", "strict"] }),
  ];
  expect(one).toMatchObject({ distinct: 4, recoveries: 5 });
  expect(both).toMatchObject({ distinct: 5, recoveries: 6 }); // strict: garbage in the new byte
});

describe("crashes inside recovery", () => {
  test("what the first recovery never read matters to the second", async () => {
    // `b` is pending and unread when recovery is cut short; only a recovery that finds its own mark looks at it.
    const program: CrashMatrixOptions<boolean> = {
      workload: (directory) => write(directory, "b", 1),
      recover(directory) {
        if (directory.exists("mark")) return directory.exists("b");
        write(directory, "mark", 1);
        return false;
      },
      check: () => true,
      strategy: once,
    };
    const seen = new Set<string>();
    await crashMatrix({ ...program, check: (found, { depth }) => void seen.add(`${depth} ${found}`), minImages: 1 });
    expect(seen).toEqual(new Set(["0 false", "1 false", "1 true"]));
    const error = await failureOf({ ...program, check: (found) => !found, minImages: 1 });
    expect(error.report?.failures[0]?.choices.map(({ apply }) => apply.length > 0)).toEqual([true, true]);
    const again = await failureOf({ ...program, check: (found) => !found, replay: replayLine(error) });
    expect(again.code).toBe("CRASH_TEST_FAILED");
  });

  test("every recovery is another boot", async () => {
    const boots = new Map<number, Set<string>>();
    await crashMatrix({
      ...oneByte,
      recover(directory, { depth }) {
        write(directory, `made-${depth}`, 1);
        const known = boots.get(depth) ?? new Set();
        boots.set(depth, known.add(directory.fs.processIdentity().bootId));
        return names(directory);
      },
      strategy: lazy,
      nested: 2,
    });
    const all = [...boots.values()];
    expect(all.map(({ size }) => size)).toEqual([1, 1, 1]);
    expect(new Set(all.flatMap((each) => [...each])).size).toBe(3);
  });

  test("a disk that recovery left alone is not recovered again", async () => {
    let runs = 0;
    const recover = (directory: Directory): string[] => {
      runs += 1;
      return names(directory);
    };
    await crashMatrix({ ...oneByte, recover, strategy: once, nested: 2 });
    expect(runs).toBe(3);
  });
});

describe("failures", () => {
  const broken: CrashMatrixOptions<string[]> = {
    ...oneByte,
    workload(directory, run) {
      write(directory, "a", 1);
      write(directory, "b", 1);
      run.ack("both");
    },
    check: (found, { acked }) => !acked("both") || found.includes("b"),
  };

  test("read as those of any other strategy, once they are shrunk", async () => {
    const found = await failureOf({ ...broken, strategy: lazy, personalities: ["posix", "strict"] });
    const other = await failureOf({ ...broken, personalities: ["posix", "strict"] });
    const body = (error: Error): string => error.message.split("\n").slice(1).join("\n");
    expect(body(found)).toBe(body(other));
    expect(found.report).toMatchObject({ complete: false, failures: [{}] });
    // A name that no barrier covered may be gone on every file system.
    const everywhere = ["posix", "strict", "ext4-ordered", "ext4-noauto", "xfs", "btrfs"];
    expect(found.report?.failures[0]?.admittedBy).toEqual(everywhere);
  });

  test("a recovery that contradicts itself is no proof of anything", async () => {
    let turn = 0;
    const error = await failureOf({
      ...broken,
      recover: (directory) => [String(directory.exists((turn += 1) === 1 ? "a" : "b"))],
      check: () => true,
      strategy: lazy,
    });
    expect(error.code).toBe("CRASH_TEST_NONDETERMINISTIC");
    expect(error.message).toBe(
      'crash matrix: recovery is not deterministic: after the same 0 answers of the disk it asked for the name "b" in the root, and earlier it asked for the name "a" in the root',
    );
    expect(error.report).toMatchObject({ complete: false });
  });

  test("nor is one whose failure does not come back", async () => {
    let turn = 0;
    const error = await failureOf({ ...broken, check: () => (turn += 1) > 1, strategy: lazy });
    expect(error.code).toBe("CRASH_TEST_NONDETERMINISTIC");
    expect(error.message).toContain("a failure did not come back on the same disk");
  });
});

describe("bounds", () => {
  const many: CrashMatrixOptions<number> = {
    setup: (directory) => directory.writeFile("a", new Uint8Array(0)),
    workload(directory) {
      for (let count = 1; count <= 8; count += 1) directory.link("a", `a${count}`);
    },
    recover: (directory) => directory.stat("a").links,
    check: () => true,
    nested: 0,
    personalities: ["posix"],
  };

  test("an answer that hangs on too much is looked at from its ends, and named", async () => {
    const strategy = { kind: "lazy", maxDisks: 255 } as const;
    const seen = new Set<number>();
    const report = await crashMatrix({ ...many, strategy, check: (links) => void seen.add(links) });
    expect(report).toMatchObject({ complete: false, personalities: [{ limited: [8] }] });
    expect(seen).toEqual(new Set([1, 9]));
    const whole = await crashMatrix({ ...many, strategy: { ...strategy, maxDisks: 256 } });
    expect(whole).toMatchObject({ complete: true, distinct: 9 });
  });

  test.each<[string, Partial<CrashMatrixOptions<number>>, string]>([
    [
      "maxDisks",
      { strategy: { kind: "lazy", maxDisks: 0 } },
      "option strategy maxDisks must be a whole number from 1 on",
    ],
    [
      "recheckEvery",
      { strategy: { kind: "lazy", recheckEvery: 1.5 } },
      "option strategy recheckEvery must be a whole number from 1 on",
    ],
    [
      "nestedStrategy",
      { strategy: { kind: "lazy" }, nestedStrategy: { kind: "levels", level: 1 } },
      "option nestedStrategy does not go with a lazy strategy, which is the same inside recovery",
    ],
  ])("%s is checked", async (_, wrong, message) => {
    expect(await failureOf({ ...many, ...wrong })).toMatchObject({ code: "CRASH_TEST_INVALID_OPTION", message });
  });

  test("the budget of recoveries holds", async () => {
    const error = await failureOf({ ...many, strategy: lazy, maxRecoveries: 2 });
    expect(error).toMatchObject({ code: "CRASH_TEST_BUDGET", report: { recoveries: 2, complete: false } });
  });
});
