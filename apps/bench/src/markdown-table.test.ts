import { describe, expect, test } from "vitest";
import { markdownNotes, markdownTable, ratioOfWhat, valueText } from "./markdown-table.js";
import { atLeast, atMost, bound, type Row } from "./row.js";

const met: Row = {
  id: "memory/append",
  workload: "4 KiB append",
  ours: { name: "MemoryFs", unit: "rate", value: 400 },
  peer: { name: "memfs", unit: "rate", value: 4000 },
  ratio: { of: "speed", value: 10 },
  bar: atLeast(2),
};
const missed: Row = {
  id: "crash/append",
  workload: "log",
  ours: { name: "CrashFs", unit: "rate", value: 2000 },
  peer: { name: "MemoryFs", unit: "rate", value: 1000 },
  ratio: { of: "time", value: 2 },
  bar: atMost(1.5),
  note: "why",
};

describe("markdownTable", () => {
  test("has the columns people know, padded, with misses standing out", () => {
    expect(markdownTable([met, missed]).split("\n")).toEqual([
      "| workload     | ours              | peer              | ratio | bar                   | met    |",
      "|--------------|-------------------|-------------------|-------|-----------------------|--------|",
      "| 4 KiB append | MemoryFs 2.50 M/s | memfs 250 k/s     | 10.0x | at least 2x           | yes    |",
      "| log          | CrashFs 500 k/s   | MemoryFs 1.00 M/s | 2.00x | at most 1.5x the time | **no** |",
    ]);
  });

  test("says behind a ratio how far its rounds were apart, and what it is of CPU time", () => {
    const apart: Row = { ...met, ratio: { of: "speed", value: 10, least: 8.9, greatest: 11, cpu: 4 } };
    expect(markdownTable([apart])).toContain("| 10.0x (8.90 to 11.0, CPU 4.00x) |");
    const together: Row = { ...met, ratio: { of: "speed", value: 10, least: 10, greatest: 10 } };
    expect(markdownTable([together])).toContain("| 10.0x | at least");
  });

  test("a ratio of sizes is of no time", () => {
    const size: Row = {
      id: "x",
      workload: "w",
      ours: { name: "", unit: "bytes", value: 40 },
      peer: { name: "SDX3", unit: "bytes", value: 100 },
      ratio: { of: "time", value: 0.4 },
      bar: atMost(0.6),
    };
    expect(markdownTable([size])).toContain("| at most 0.6x as much | yes |");
    expect(ratioOfWhat({ of: "speed", value: 2 }, size.ours)).toBe("");
    expect(ratioOfWhat({ of: "time", value: 2 }, { name: "", unit: "rate", value: 1 })).toBe(" the time");
  });

  test("leaves open what a row does not have", () => {
    const row: Row = { id: "x", workload: "size", ours: { name: "", unit: "bytes", value: 11_900 } };
    expect(markdownTable([row]).split("\n").at(-1)).toBe("| size     | 11,900 B | -    | -     | -   | -   |");
    const judged = markdownTable([{ ...row, bar: bound("most", 12_000) }]);
    expect(judged.split("\n").at(-1)).toBe("| size     | 11,900 B | -    | -     | at most 12,000 B | yes |");
  });

  test("a bar on a rate is a rate", () => {
    const row: Row = { id: "x", workload: "w", ours: { name: "", unit: "rate", value: 10 }, bar: bound("least", 1e6) };
    expect(markdownTable([row])).toContain("| 100 M/s | -    | -     | at least 1.00 M/s | yes |");
  });
});

test("notes are a list of the rows that have one", () => {
  expect(markdownNotes([met, missed])).toBe("- **log**: why");
});

test.each([
  [12.345, "time", "12.3 ns"],
  [1234, "time", "1.23 µs"],
  [12_345_678, "time", "12.3 ms"],
  [60_000_000_000, "time", "60.0 s"],
  [2_000_000, "rate", "500 /s"],
  [0, "time", "0 ns"],
  [999, "bytes", "999 B"],
  [1.0444, "per-byte", "1.04"],
  [0.007814, "per-byte", "0.0078"],
  [6.4, "factor", "6.40x"],
  [0.052, "factor", "0.052x"],
  [0, "count", "0"],
] as const)("%d as %s reads %s", (value, unit, text) => {
  expect(valueText(value, unit)).toBe(text);
});
