import { describe, expect, test } from "vitest";
import { machine } from "../test/machine.js";
import type { CommittedResults, CommittedRow } from "./committed-results.js";
import { readmeComplaints, writeReadmeTables } from "./readme-tables.js";
import { atLeast, atMost, bound } from "./row.js";

const rows: readonly CommittedRow[] = [
  {
    id: "append/os",
    workload: "append",
    ours: { name: "store", unit: "rate", value: 1000 },
    peer: { name: "table", unit: "rate", value: 4000 },
    ratio: { of: "speed", value: 4, cpu: 3.5 },
    bar: atLeast(1.5),
    part: "append",
    met: true,
    run: 0,
  },
  {
    id: "append/log",
    workload: "the same alone",
    ours: { name: "store", unit: "rate", value: 1000 },
    peer: { name: "log", unit: "rate", value: 500 },
    ratio: { of: "time", value: 2 },
    bar: atMost(1.5),
    part: "append",
    met: false,
    run: 0,
  },
  {
    id: "growth/huge",
    workload: "memory",
    ours: { name: "store", unit: "bytes", value: 45 },
    bar: bound("most", 40),
    part: "growth",
    met: false,
    run: 1,
  },
];
const run = { date: "2026-11-28T21:46:00Z", commit: "8c37536", scale: "full", machine } as const;
const results = new Map<string, CommittedResults>([
  [
    "store",
    {
      suite: "store",
      runs: [run, { ...run, date: "2026-11-20T01:02:03Z", commit: null, scale: "huge" }],
      limits: [],
      skippedPeers: [],
      rows,
      curves: [],
    },
  ],
]);
const where = "CPU, 2 cores, 8 GiB; Node 20.19.0 (V8 11.3), Linux 6.1 x64; temporary files on ext4; load 0.5.";
const runLine = `Run of 2026-11-28 with \`--full\` at 8c37536. ${where}`;
const readme = (...lines: string[]): string => ["# A package", ...lines, "What follows.", ""].join("\n");

describe("writeReadmeTables", () => {
  test("writes the rows that a marker names, misses in bold, between it and its end", () => {
    const { text, complaints } = writeReadmeTables(
      readme("<!-- bench:store append/* -->", "old", "| table |", "<!-- /bench -->"),
      results,
    );
    expect(complaints).toEqual([]);
    expect(text).toBe(
      readme(
        "<!-- bench:store append/* -->",
        "| what | ours | peer | ratio | of CPU time | bar |",
        "|---|---|---|---|---|---|",
        "| append | 1.00 M/s | table 250 k/s | 4.00x | 3.50x | at least 1.5x |",
        "| the same alone | 1.00 M/s | log 2.00 M/s | 2.00x the time | | **at most 1.5x the time: missed** |",
        "",
        runLine,
        "<!-- /bench -->",
      ),
    );
  });

  test("writes what it has written once more without a change", () => {
    const once = writeReadmeTables(readme("<!-- bench:store append/* -->", "<!-- /bench -->"), results).text;
    expect(writeReadmeTables(once, results).text).toBe(once);
  });

  test("marks rows of an earlier run, and leaves out columns that are empty", () => {
    const { text } = writeReadmeTables(
      readme("<!-- bench:store append/os", "     growth/huge -->", "<!-- /bench -->"),
      results,
    );
    expect(text).toContain("| memory [1] | 45 B | | | | **at most 40 B: missed** |");
    expect(text).toContain(`${runLine}\n[1] Run of 2026-11-20 with \`--huge\`. ${where}\n<!-- /bench -->`);
    const alone = writeReadmeTables(readme("<!-- bench:store growth/huge -->", "<!-- /bench -->"), results).text;
    expect(alone).toContain("| what | ours | bar |\n|---|---|---|\n| memory | 45 B | **at most 40 B: missed** |");
  });

  test("orders rows as they are named, each once", () => {
    const { text } = writeReadmeTables(readme("<!-- bench:store append/log append/* -->", "<!-- /bench -->"), results);
    const cells = text.split("\n").filter((line) => line.startsWith("| "));
    expect(cells.map((line) => line.split(" | ")[0])).toEqual(["| what", "| the same alone", "| append"]);
  });

  test("says of which run it is once for all the tables of a README", () => {
    const two = readme(
      "<!-- bench:store append/os -->",
      "<!-- /bench -->",
      "between",
      "<!-- bench:store append/log -->",
      "<!-- /bench -->",
    );
    const { text } = writeReadmeTables(two, results);
    expect(text.split(runLine)).toHaveLength(2);
    expect(text).toContain("between");
  });

  test("writes a ratio on a line, in bold where the peer is ahead", () => {
    const line = (fast: string, slow: string): string =>
      `| as fast <!-- ratio:store append/os -->${fast}<!-- /ratio --> / <!-- ratio:store append/log -->${slow}<!-- /ratio --> |`;
    expect(writeReadmeTables(readme(line("", "1x")), results).text).toBe(readme(line("4.00x", "**2.00x the time**")));
  });

  test("counts the bars of a suite, and those that are missed", () => {
    const line = (text: string): string => `store: <!-- missed:store -->${text}<!-- /missed -->, and so on`;
    expect(writeReadmeTables(readme(line("none")), results).text).toBe(readme(line("2 of 3 bars missed")));
  });

  test("leaves a README without markers alone", () => {
    expect(writeReadmeTables(readme("<!-- runnable -->"), results)).toEqual({
      text: readme("<!-- runnable -->"),
      complaints: [],
    });
  });
});

describe("readmeComplaints", () => {
  const complaintsOf = (...lines: string[]): string[] =>
    readmeComplaints("packages/store/README.md", readme(...lines), results);

  test("a table that is what the results give is fine", () => {
    const fresh = writeReadmeTables(readme("<!-- bench:store append/* -->", "<!-- /bench -->"), results).text;
    expect(readmeComplaints("README.md", fresh, results)).toEqual([]);
  });

  test("a figure that somebody changed is stale, with the command that mends it", () => {
    const fresh = writeReadmeTables(readme("<!-- bench:store append/* -->", "<!-- /bench -->"), results).text;
    expect(readmeComplaints("README.md", fresh.replace("4.00x", "5.00x"), results)).toEqual([
      "README.md: its tables are stale; write them with: npm run bench -- --write-readmes",
    ]);
  });

  test("a row that is not there any more is named, whether by its id or as part of many", () => {
    expect(complaintsOf("<!-- bench:store append/os gone/row gone/* -->", "<!-- /bench -->")).toEqual([
      "packages/store/README.md: <!-- bench:store --> names the row gone/row, which store does not have",
      "packages/store/README.md: <!-- bench:store --> names the row gone/*, which store does not have",
    ]);
  });

  test("a ratio of a row that has none, or is not there, is named, and one without an end", () => {
    expect(
      complaintsOf(
        "a <!-- ratio:store growth/huge -->1x<!-- /ratio --> b",
        "<!-- ratio:store gone -->1x<!-- /ratio --> <!-- ratio:wal gone -->1x<!-- /ratio -->",
        "<!-- ratio:store append/os -->1x and <!-- ratio:store append/log -->2x<!-- /ratio -->",
      ),
    ).toEqual([
      "packages/store/README.md: <!-- ratio:store growth/huge --> names the row growth/huge, which store does not have",
      "packages/store/README.md: <!-- ratio:store gone --> names the row gone, which store does not have",
      "packages/store/README.md: <!-- ratio:wal gone --> names a suite without committed results",
      "packages/store/README.md: <!-- ratio:store append/os --> has no end behind it",
    ]);
  });

  test("a count of a suite without results, or without an end, is named", () => {
    expect(complaintsOf("<!-- missed:wal -->1 of 2 bars missed<!-- /missed -->", "<!-- missed:store -->")).toEqual([
      "packages/store/README.md: <!-- missed:wal --> names a suite without committed results",
      "packages/store/README.md: <!-- missed:store --> has no end behind it",
    ]);
  });

  test("a suite without results is named", () => {
    expect(complaintsOf("<!-- bench:wal append/os -->", "<!-- /bench -->")).toEqual([
      "packages/store/README.md: <!-- bench:wal --> names a suite without committed results",
    ]);
  });

  test("a marker without an end is named, and swallows nothing", () => {
    const open = ["<!-- bench:store append/os -->", "text", "<!-- bench:store append/log -->", "<!-- /bench -->"];
    expect(complaintsOf(...open)).toEqual(["packages/store/README.md: <!-- bench:store --> has no end behind it"]);
    expect(writeReadmeTables(readme(...open), results).text).toBe(readme(...open));
    expect(complaintsOf("<!-- bench:store append/os -->")).toHaveLength(1);
  });
});
