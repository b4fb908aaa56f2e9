// Deciding lazily finds what deciding everything finds: over every protocol and every mutant of it.
import { describe, expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions, type CrashMatrixReport } from "../src/index.js";
import { protocols } from "./protocols/all.js";
import { matrixOf } from "./verdict.js";

const programs = protocols.flatMap((protocol) =>
  [undefined, ...Object.keys(protocol.mutants)].map((mutant) => [protocol.name, mutant, protocol] as const),
);

interface Seen {
  readonly outcomes: string[];
  readonly report: CrashMatrixReport;
}

/** Everything that recovery can end with, broken promises included: the check never fails and writes down its verdict. */
async function outcomesOf(options: CrashMatrixOptions<unknown>): Promise<Seen> {
  const outcomes = new Set<string>();
  const report = await crashMatrix<unknown>({
    ...options,
    recover: async (directory, context) => {
      try {
        return { recovered: await options.recover(directory, context) };
      } catch (error) {
        return { failure: String(error) };
      }
    },
    check: async (result, context) => {
      const { recovered, failure } = result as { recovered?: unknown; failure?: string };
      let verdict = failure ?? "kept";
      try {
        if (failure === undefined && (await options.check(recovered, context)) === false) verdict = "broken";
      } catch (error) {
        verdict = String(error);
      }
      outcomes.add(`${context.acks.length} ${JSON.stringify(recovered) ?? ""} ${verdict}`);
    },
    minImages: 1,
  });
  return { outcomes: [...outcomes].sort(), report };
}

describe.each(["posix", "strict", "ext4-ordered", "xfs", "btrfs"])("under %s", (personality) => {
  test.each(programs)("%s, %s: the same outcomes", async (_, mutant, protocol) => {
    const { nestedStrategy, ...options } = matrixOf(protocol, mutant, personality);
    const nested = protocol.nestedLevel === undefined ? 1 : 0; // more than a level of those recoveries never ends
    const everything = await outcomesOf({
      ...options,
      nested,
      nestedStrategy: nestedStrategy ?? { kind: "levels", level: 2 },
    });
    const lazy = await outcomesOf({ ...options, nested, strategy: { kind: "lazy", recheckEvery: 5 } });
    expect(lazy.report.complete).toBe(true);
    expect(lazy.outcomes).toEqual(everything.outcomes);
  });
});
