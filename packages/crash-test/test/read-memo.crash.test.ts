// Remembering what recovery read saves runs, changes no verdict, and notices a recovery that contradicts itself.
import { describe, expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions } from "../src/index.js";
import { protocols } from "./protocols/all.js";
import { failureOf, oneByte, write } from "./small-program.js";
import { judge, matrixOf, replayLine } from "./verdict.js";

const programs = protocols.flatMap((protocol) =>
  [undefined, ...Object.keys(protocol.mutants)].map((mutant) => [protocol.name, mutant, protocol] as const),
);

test.each(programs)("%s, %s: the same verdict, and the same failure", async (_, mutant, protocol) => {
  const options = matrixOf(protocol, mutant, "posix");
  const [plain, remembering] = [await judge(options), await judge({ ...options, rememberReads: true })];
  expect(remembering.kind).toBe(plain.kind);
  if (plain.kind === "passes" && remembering.kind === "passes") {
    const { distinct, recoveries } = plain.report;
    expect(remembering.report).toMatchObject({ distinct, remembered: recoveries - remembering.report.recoveries });
  }
  if (plain.kind === "caught" && remembering.kind === "caught") {
    expect(replayLine(remembering.error)).toBe(replayLine(plain.error));
  }
});

describe("of five files that one recovery does not tell apart", () => {
  const five: CrashMatrixOptions<boolean> = {
    workload: (directory) =>
      ["a", "b", "c", "d", "e"].forEach((name) => directory.open(name, { mode: "write", create: "exclusive" }).close()),
    recover: (directory) => directory.exists("c"),
    check: () => true,
    nested: 0,
  };

  test("two images are recovered from", async () => {
    expect(await crashMatrix(five)).toMatchObject({ distinct: 32, recoveries: 32, remembered: 0 });
    expect(await crashMatrix({ ...five, rememberReads: true })).toMatchObject({
      distinct: 32,
      recoveries: 2,
      remembered: 30,
    });
  });

  test("crashes inside recovery are looked at from all of them", async () => {
    const seen = new Set<string>();
    const options: CrashMatrixOptions<boolean> = {
      ...five,
      recover(directory, { depth }) {
        if (depth > 0) {
          seen.add(
            directory
              .list()
              .map(({ name }) => name)
              .join(),
          );
        }
        if (!directory.exists("mark")) write(directory, "mark", 1);
        return true;
      },
      nested: 1,
    };
    await crashMatrix(options);
    const all = [...seen].sort();
    seen.clear();
    await crashMatrix({ ...options, rememberReads: true });
    expect([...seen].sort()).toEqual(all);
  });
});

test("one remembered outcome in a hundred is checked", async () => {
  let runs = 0;
  const error = await failureOf({
    workload: (directory) => {
      for (let count = 0; count < 8; count += 1) {
        directory.open(`f${count}`, { mode: "write", create: "exclusive" }).close();
      }
    },
    recover: (directory) => {
      runs += 1;
      return [String(directory.exists(runs < 3 ? "f0" : "f1"))];
    },
    check: () => true,
    nested: 0,
    rememberReads: true,
  });
  expect(error.code).toBe("CRASH_TEST_NONDETERMINISTIC");
  expect(runs).toBe(3);
});

test("a wrong value is refused by name", async () => {
  const wrong = { ...oneByte, rememberReads: 1 } as unknown as CrashMatrixOptions<string[]>; // what plain JavaScript may pass
  expect((await failureOf(wrong)).message).toBe("option rememberReads must be a boolean");
});
