// Every oracle sees the mistake it is for, and passes on a protocol that is right.
import type { Directory } from "@holdfast/fs-seam";
import { describe, expect, test } from "vitest";
import {
  allOf,
  atomic,
  auto,
  BrokenPromise,
  crashMatrix,
  durable,
  idempotent,
  monotonic,
  noGarbage,
  noLeak,
  prefix,
  where,
  type CrashContext,
  type CrashMatrixOptions,
  type Oracle,
} from "../src/index.js";
import { bytesOf, readText, textOf } from "./protocols/content.js";
import { failureOf, write } from "./small-program.js";
import { outcomeLine } from "./verdict.js";

/** A document that is saved through a temporary file, `versions` times; `synced` says whether as it should be. */
function saving(versions: readonly string[], synced: boolean): Omit<CrashMatrixOptions<string | undefined>, "check"> {
  return {
    setup: (directory) => directory.writeFile("doc", bytesOf(versions[0] ?? "")),
    workload(directory, run) {
      for (const [number, version] of versions.entries()) {
        if (number === 0) continue;
        const temp = directory.open("doc.tmp", { mode: "write", create: "if-missing", truncate: true });
        temp.writeAt(bytesOf(version), 0);
        if (synced) temp.syncBlocking("data");
        temp.close();
        directory.rename("doc.tmp", "doc");
        directory.syncNamesBlocking();
        run.ack(`saved ${number}`, number);
      }
    },
    recover(directory) {
      directory.removeIfPresent("doc.tmp");
      return readText(directory, "doc");
    },
  };
}

/** Lines in a log; `early` acknowledges them before the barrier. */
function logging(history: readonly string[], early: boolean): Omit<CrashMatrixOptions<string[]>, "check"> {
  return {
    setup: (directory) => directory.writeFile("log", new Uint8Array(0)),
    workload(directory, run) {
      using log = directory.open("log", { mode: "append" });
      history.forEach((line, index) => {
        log.append(bytesOf(`${line}\n`));
        if (early) run.ack(line, index + 1);
        log.syncBlocking("data");
        if (!early) run.ack(line, index + 1);
      });
    },
    recover: (directory) =>
      textOf(directory.readFile("log"))
        .split("\n")
        .slice(0, -1)
        .filter((line) => !line.includes("\0")),
  };
}

async function brokenBy<T>(options: CrashMatrixOptions<T>): Promise<string> {
  const error = await failureOf(options);
  expect(error.cause).toBeInstanceOf(BrokenPromise);
  return outcomeLine(error);
}

/** Whether a program keeps every promise. */
const passes = async <T>(options: CrashMatrixOptions<T>): Promise<boolean> => {
  const { failures, complete } = await crashMatrix(options);
  return complete && failures.length === 0;
};

const versions = ["zero", "one", "two"];

test("atomic: a document is old or new", async () => {
  expect(await passes({ ...saving(["old", "new"], true), check: atomic<string | undefined>("old", "new") })).toBe(true);
  const broken = { ...saving(["old", "new"], false), check: atomic<string | undefined>("old", "new") };
  expect(await brokenBy(broken)).toBe('atomic: "\\u0000\\u0000\\u0000" is neither "old" nor "new"');
});

test("durable: what was acknowledged holds", async () => {
  const check = durable<string | undefined>("saved 1", (doc) => doc === "new");
  expect(await passes({ ...saving(["old", "new"], true), check })).toBe(true);
  expect(await brokenBy({ ...saving(["old", "new"], false), check })).toBe(
    'durable: saved 1 was acknowledged, and "\\u0000\\u0000\\u0000" is there',
  );
});

test("prefix: a log is a prefix of its history, with all that was acknowledged", async () => {
  const history = ["first", "second"];
  expect(await passes({ ...logging(history, false), check: prefix(history) })).toBe(true);
  expect(await brokenBy({ ...logging(history, true), check: prefix(history) })).toBe(
    "prefix: 1 entries are acknowledged, 0 are there",
  );
  expect(await brokenBy({ ...logging(["first", "other"], false), check: prefix(history) })).toBe(
    'prefix: entry 1 is "other", and not "second"',
  );
  expect(await brokenBy({ ...logging([...history, "third"], false), check: prefix(history) })).toMatch(
    /^prefix: entry 2 is "third", and not undefined/,
  );
});

test("monotonic: a register is never older than acknowledged", async () => {
  expect(await passes({ ...saving(versions, true), check: monotonic<string | undefined>(versions) })).toBe(true);
  expect(await brokenBy({ ...saving(versions, false), check: monotonic<string | undefined>(versions) })).toBe(
    'monotonic: "\\u0000\\u0000\\u0000" is no version',
  );
  const early: CrashMatrixOptions<string | undefined> = {
    ...saving(versions, true),
    workload(directory, run) {
      run.ack("one", 1);
      directory.remove("doc");
      directory.writeFile("doc", bytesOf("one"));
    },
    recover: (directory) => readText(directory, "doc") ?? "zero",
    check: monotonic<string | undefined>(["", ...versions], () => 2),
  };
  expect(await brokenBy(early)).toBe("monotonic: version 2 is acknowledged, version 1 is there");
});

test("noGarbage: nothing shows that nobody wrote", async () => {
  const program: CrashMatrixOptions<Uint8Array> = {
    workload: (directory) => directory.writeFile("a", bytesOf("abc")),
    recover: (directory) => (directory.exists("a") ? directory.readFile("a") : new Uint8Array(0)),
    check: noGarbage([bytesOf("abc")]),
  };
  expect(await passes(program)).toBe(true); // posix: new space reads as zeros
  expect(await brokenBy({ ...program, personalities: ["strict"] })).toMatch(
    /^noGarbage: byte 0 is \d+, which nobody wrote there$/,
  );
});

describe("a law that is given the wrong kind of thing says so", () => {
  const text = "abc" as never;
  test.each([
    ["prefix needs its history as a list, and got string", () => prefix(text)],
    ["monotonic needs its versions as a list, and got string", () => monotonic(text)],
    ["noGarbage needs what was written as a list, and got another object", () => noGarbage(bytesOf("a") as never)],
    ["noGarbage needs each of what was written as bytes, a Uint8Array, and got string", () => noGarbage([text])],
  ])("when it is made: %s", (message, make) => {
    expect(make).toThrow(expect.objectContaining({ code: "CRASH_TEST_INVALID_OPTION", message }));
  });

  test.each<[string, Oracle<never>]>([
    ["prefix needs what was recovered as a list, and got string", prefix(["a", "b", "c"])],
    ["noGarbage needs what was recovered as bytes, a Uint8Array, and got string", noGarbage([bytesOf("abc")])],
  ])("when it judges: %s", (message, judge) => {
    const context = { acked: () => false, acks: [], depth: 0 };
    const error = expect.objectContaining({ code: "CRASH_TEST_INVALID_OPTION", message });
    expect(() => judge(text, context)).toThrow(error);
  });
});

test("idempotent: recovering again changes nothing", async () => {
  const counting = (directory: Directory): number => {
    const count = directory.exists("a") ? directory.list().length : 0;
    if (count === 1) write(directory, "b", 1);
    return count;
  };
  const program = { workload: (directory: Directory) => write(directory, "a", 1), check: () => true, nested: 0 };
  expect(await brokenBy({ ...program, recover: idempotent(counting) })).toBe(
    "idempotent: recovery came to 1, and once more to 2",
  );
  const later = idempotent(async (directory: Directory) => Promise.resolve(counting(directory)));
  expect(await brokenBy({ ...program, recover: later })).toBe("idempotent: recovery came to 1, and once more to 2");
  expect(await passes({ ...program, recover: idempotent((directory) => directory.list().length) })).toBe(true);
  expect(
    await passes({ ...program, recover: idempotent(async (directory) => Promise.resolve(directory.list().length)) }),
  ).toBe(true);
});

describe("noLeak", () => {
  const { recover: sweeping, ...program } = saving(["old", "new"], true);

  test("temporary files are swept by a recovery that is right", async () => {
    expect(await passes({ ...program, recover: noLeak(sweeping), check: () => true, nested: 2 })).toBe(true);
  });

  test("one that leaves them is seen", async () => {
    const recover = (directory: Directory): string | undefined => readText(directory, "doc");
    const leaking = { ...program, check: () => true };
    expect(await brokenBy({ ...leaking, recover: noLeak(recover) })).toBe(
      "noLeak: 1 temporary files are left, 0 may be: /doc.tmp",
    );
    expect(await passes({ ...leaking, recover: noLeak(recover, { maxTemporaries: 1 }) })).toBe(true);
    expect(
      await passes({ ...leaking, recover: noLeak(recover, { isTemporary: (name) => name.endsWith(".part") }) }),
    ).toBe(true);
  });

  test("so are those that pile up crash by crash", async () => {
    const recover = noLeak<number>(
      (directory, { depth }) => {
        write(directory, `.~${depth}`, 1);
        directory.syncNamesBlocking();
        return 0;
      },
      { maxTemporaries: 2 },
    );
    const piling: CrashMatrixOptions<number> = {
      workload: (directory) => write(directory, "a", 1),
      recover,
      check: () => true,
    };
    expect(await passes({ ...piling, nested: 1 })).toBe(true);
    expect(await brokenBy({ ...piling, nested: 2 })).toBe(
      "noLeak: 3 temporary files are left, 2 may be: /.~0, /.~1, /.~2",
    );
  });
});

describe("auto", () => {
  test("passes on a save that is right, and on a log", async () => {
    expect(await passes({ ...saving(versions, true), check: auto })).toBe(true);
    expect(await passes({ ...logging(["first", "second"], false), check: auto })).toBe(true);
  });

  test("sees a state between no two calls", async () => {
    expect(
      await brokenBy({
        ...saving(["old", "new"], false),
        nested: 0,
        check: auto,
        recover: (directory) => readText(directory, "doc"),
      }),
    ).toBe('auto: "\\u0000\\u0000\\u0000" was the state between no two calls');
  });

  test("sees a state older than the last acknowledgement", async () => {
    expect(await brokenBy({ ...logging(["first", "second"], true), check: auto })).toBe(
      "auto: [] is older than the last acknowledgement",
    );
  });

  test("goes together with other laws, on a part as well", async () => {
    const check = allOf(
      durable<unknown>("saved 1", () => true),
      auto,
    );
    expect(await passes({ ...saving(versions, true), check })).toBe(true);
    expect(await brokenBy({ ...logging(["first", "second"], true), check })).toBe(
      "auto: [] is older than the last acknowledgement",
    );
    const saved = saving(["old", "new"], false);
    const recover = (directory: Directory): { doc: string | undefined; now: number } => ({
      doc: readText(directory, "doc"),
      now: (runs += 1), // of which the law is not told
    });
    let runs = 0;
    const part = where<{ doc: string | undefined }, unknown>(({ doc }) => doc, auto);
    expect(await brokenBy({ ...saved, nested: 0, recover, check: part })).toMatch(/^auto: .* between no two calls$/);
    expect(await passes({ ...saving(["old", "new"], true), recover, check: allOf(part) })).toBe(true);
  });

  test("is not called", async () => {
    const check = (recovered: unknown, context: CrashContext): void => auto(recovered, context);
    await expect(crashMatrix({ ...saving(["old", "new"], true), check })).rejects.toMatchObject({
      code: "CRASH_TEST_INVALID_OPTION",
      message: expect.stringContaining("option check calls auto") as string,
    });
  });

  test("does not compare what it cannot", async () => {
    const recover = (): unknown => () => 0;
    await expect(crashMatrix({ ...saving(["old", "new"], true), recover, check: auto })).rejects.toMatchObject({
      code: "CRASH_TEST_INVALID_OPTION",
      message: "recovered values are compared, and a function cannot be",
    });
  });
});

test("oracles go together, each on its part", async () => {
  const program = {
    ...saving(["old", "new"], false),
    check: allOf<string | undefined>(
      where((doc) => doc?.length === 3 || doc?.length === 0, atomic<boolean>(true, true)),
      durable("saved 1", (doc) => doc === "new"),
    ),
  };
  expect(await brokenBy(program)).toMatch(/^durable: /);
});

describe("recoveries that never end", () => {
  const program = { workload: (directory: Directory) => write(directory, "a", 1), check: () => true };

  test("a loop over files is stopped, whatever it catches", async () => {
    const recover = (directory: Directory): number => {
      let turns = 0;
      for (; directory.exists("a"); turns += 1) if (turns > 5000) return turns;
      return turns;
    };
    const error = await failureOf({ ...program, recover, maxOperations: 1000 });
    expect(error.code).toBe("CRASH_TEST_UNSETTLED");
    expect(outcomeLine(error)).toBe("crash matrix: recovery did not come to an end within 1000 operations");
    expect(error.report?.failures[0]?.choices).toHaveLength(1);
    expect(await crashMatrix({ ...program, recover, maxOperations: 6000 })).toMatchObject({ failures: [] });
  });

  test.each([{ kind: "exhaustive", limit: 100 } as const, { kind: "lazy" } as const])(
    "nor is a promise waited for, $kind",
    async (strategy) => {
      let turned = 0;
      const turn = async (): Promise<void> => void (turned += 1);
      const error = await failureOf({
        ...program,
        strategy,
        recover: async (directory) => (directory.exists("a") ? new Promise<never>(() => {}) : 0),
        maxTurns: 7,
        turn,
      });
      expect(error.code).toBe("CRASH_TEST_UNSETTLED");
      expect(outcomeLine(error)).toBe("crash matrix: recovery did not come to an end within 7 turns of the event loop");
      expect(turned).toBeGreaterThanOrEqual(7);
    },
  );

  test("one that takes turns of the event loop may", async () => {
    const recover = async (directory: Directory): Promise<number> => {
      await new Promise((resolve) => setImmediate(resolve));
      return directory.list().length;
    };
    expect(await crashMatrix({ ...program, recover })).toMatchObject({ failures: [] });
  });
});
