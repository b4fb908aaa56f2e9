import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Row } from "./row.js";
import type { RunDocument } from "./run-document.js";
import { runDocument, suiteRun, type PartResult } from "./suite-run.js";

const example = JSON.parse(readFileSync(new URL("../test/run-document.json", import.meta.url), "utf8")) as RunDocument; // that it has this shape is what the first test is about
const { schema: _, schemaVersion: __, suites, ...stamp } = example;

/** What the parts of the example's suite sent, taken from what was made of it. */
function resultsOf(suite: RunDocument["suites"][number]): PartResult[] {
  return suite.parts.map((usage, index) => ({
    usage,
    rows: suite.rows
      .filter(({ part }) => part === usage.part)
      .map(({ part: _part, met: _met, limit: _limit, ...row }): Row => row),
    curves: index === 0 ? suite.curves : [],
    skippedPeers: suite.skippedPeers, // every part that wants a peer misses it
  }));
}

describe("the document of a run", () => {
  test("is the example that the page is drawn from", () => {
    const made = suites.map((suite) => suiteRun(suite.suite, suite.limits, resultsOf(suite)));
    expect(runDocument(stamp, made)).toEqual(example);
  });
});

describe("suiteRun", () => {
  const row = (id: string): Row => ({ id, workload: id, ours: { name: "", unit: "rate", value: 300 } });
  const [usage] = suites[0]?.parts ?? [];
  const part = (rows: readonly Row[], more: Partial<PartResult> = {}): PartResult => ({
    usage: usage as PartResult["usage"], // the example has parts
    rows,
    curves: [],
    skippedPeers: [],
    ...more,
  });
  const limit = { id: "sync/preallocated", workload: "w", figure: row("l").ours, bytes: 4096 };

  test("holds a row against its raw limit, and no row that has none", () => {
    const twice: Row = { ...row("durable/blocking"), ours: { name: "", unit: "rate", value: 600 } };
    const { rows } = suiteRun("wal", [limit], [part([twice, row("append/buffered")])]);
    expect(rows.map((each) => each.limit)).toEqual([{ id: "sync/preallocated", factor: 2 }, undefined]);
    expect(suiteRun("wal", [], [part([twice])]).rows[0]?.limit).toBeUndefined();
  });

  test("refuses two rows or two curves of one name, in whatever parts", () => {
    expect(() => suiteRun("wal", [], [part([row("a/b")]), part([row("a/b")])])).toThrow("wal has two of the id a/b");
    const [curve] = suites[0]?.curves ?? [];
    const curves = curve === undefined ? [] : [curve, curve];
    expect(() => suiteRun("wal", [], [part([], { curves })])).toThrow("two of the id wal/append");
  });

  test("names a peer once that several parts went without", () => {
    const skippedPeers = [{ name: "lmdb", version: "1.0.0", reason: "no" }];
    const { skippedPeers: found } = suiteRun("wal", [], [part([], { skippedPeers }), part([], { skippedPeers })]);
    expect(found).toEqual(skippedPeers);
  });
});
