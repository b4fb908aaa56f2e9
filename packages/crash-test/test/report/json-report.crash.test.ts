// The JSON form of a report: what it says of a run small enough to work out by hand, that it is equal for equal runs, that
// nothing of this machine is in it, and that it stays small.
import type { Directory } from "@holdfast/fs-seam";
import type { MediaHandle } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { crashMatrix, jsonReport, type CrashMatrixOptions, type JsonReport } from "../../src/index.js";
import { protocols } from "../protocols/all.js";
import { judge, matrixOf } from "../verdict.js";
import { naiveSave, put, reportOf } from "./naive-save.js";

const anySite = expect.stringMatching(/^report\/naive-save\.ts:\d+$/) as string;

test("a failed run, worked out by hand", async () => {
  const json = jsonReport(await reportOf(naiveSave));
  expect(json).toMatchObject({
    format: "holdfast-crash-report",
    version: 1,
    name: "naive save",
    outcome: "failed",
    stopped: "failure",
    truncated: [],
    personalities: [
      { name: "posix", limited: [] },
      { name: "strict", images: 0, limited: [] },
    ],
  });
  expect(json.runs).toHaveLength(1);
  expect(json.runs[0]).toEqual({
    depth: 0,
    recordCount: 9,
    records: [
      // The names barrier is record 7: from 8 on, the names are durable. The file is never synced.
      { kind: "link", record: 0, call: 0, durableAt: [8, 8], directory: 1, name: "doc.tmp", inode: 3, group: 0 },
      { kind: "data", record: 1, call: 1, durableAt: [null, null], inode: 3, start: 0, end: 3 },
      { kind: "size", record: 2, call: 1, durableAt: [null, null], inode: 3, from: 0, to: 3 },
      { kind: "size", record: 3, call: 2, durableAt: [4, 4], inode: 3, from: 3, to: 3 },
      { kind: "unlink", record: 4, call: 2, durableAt: [8, 8], directory: 1, name: "doc", inode: 2, group: 4 },
      { kind: "unlink", record: 5, call: 2, durableAt: [8, 8], directory: 1, name: "doc.tmp", inode: 3, group: 4 },
      { kind: "link", record: 6, call: 2, durableAt: [8, 8], directory: 1, name: "doc", inode: 3, group: 4 },
      { kind: "barrier", record: 7, call: 3, scope: "names", inode: 1, rung: "full", covers: 7, outcome: "done" },
      { kind: "mark", record: 8, label: "saved" },
    ],
    calls: [
      { operation: "open", path: "/doc.tmp", site: anySite },
      { operation: "write", path: "/doc.tmp", site: anySite },
      { operation: "rename", path: "/doc.tmp", destination: "/doc", site: anySite },
      { operation: "syncNames", path: "/", site: anySite },
    ],
    inodes: [
      { inode: 1, kind: "directory", paths: ["/"] },
      { inode: 3, kind: "file", paths: ["/doc.tmp", "/doc"] },
      { inode: 2, kind: "file", paths: ["/doc"] },
    ],
    crashPoints: [7, 8, 9],
  });
  // Records 1 and 2 are pending to the end; without the length, whatever is renamed in place is empty.
  expect(json.failures).toMatchObject([{ run: 0, outcome: "the document has 0 bytes", acknowledged: ["saved"] }]);
  expect(json.failures[0]?.admittedBy).toEqual(expect.arrayContaining(["posix", "strict"]));
  expect(json.failures[0]?.blame).toEqual({
    kind: "order",
    lost: 2,
    trigger: 6,
    fix: expect.stringMatching(
      /^await handle\.sync\("data"\) on \/doc\.tmp, before rename\(\/doc\.tmp -> \/doc\) at report\/naive-save\.ts:\d+$/,
    ) as string,
    barriers: [{ scope: "file", inode: 3, path: "/doc.tmp" }],
  });
  expect(json.failures[0]?.text).toContain(`Replay: ${JSON.stringify(json.failures[0]?.choices)}`);
});

test("a run that passes, one that was cut short, and the counts", async () => {
  const safe: CrashMatrixOptions<number> = { ...naiveSave, personalities: ["posix"], check: () => true };
  const report = await crashMatrix(safe);
  expect(jsonReport(report)).toMatchObject({
    outcome: "passed",
    level: 5, // all of it, which so small a run affords
    stopped: "everything",
    hash: report.hash,
    counts: { distinct: report.distinct, recoveries: report.recoveries, remembered: report.remembered },
    failures: [],
  });
  const short = await crashMatrix({ ...safe, maxRecoveries: 3, allowIncomplete: true });
  expect(jsonReport(short)).toMatchObject({ outcome: "incomplete", stopped: "budget", counts: { recoveries: 3 } });
});

test("a crash inside recovery brings the run of that recovery", async () => {
  const journal = protocols.find(({ name }) => name === "redo journal");
  if (journal === undefined) throw new Error("no such protocol");
  const verdict = await judge(matrixOf(journal, "recovery-removes-journal-early", "posix"));
  if (verdict.kind !== "caught" || verdict.error.report === undefined) throw new Error("it was not caught");
  const json = jsonReport(verdict.error.report);
  expect(json.runs.map(({ depth }) => depth)).toEqual([0, 1]);
  expect(json.failures[0]).toMatchObject({ run: 1 });
  expect(json.failures[0]?.choices).toHaveLength(2);
  expect(json.runs[1]?.calls.map(({ operation }) => operation)).toContain("remove");
});

test("bytes that a failed barrier lost, and writes that the disk never carried out, are gone", async () => {
  const armed = (fault: Parameters<MediaHandle["armMediaFault"]>[0]): CrashMatrixOptions<boolean> => ({
    setup: (directory) => put(directory, "log", [1]),
    workload(directory: Directory) {
      using handle = directory.open("log", { mode: "write" });
      (handle as MediaHandle).armMediaFault(fault);
      handle.writeAt(Uint8Array.of(7), 0);
      try {
        handle.syncBlocking("data");
      } catch {
        return;
      }
    },
    recover: () => true,
    check: () => true,
    minImages: 1,
    personalities: ["posix"],
  });
  const records = async (options: CrashMatrixOptions<boolean>): Promise<unknown> =>
    jsonReport(await crashMatrix(options)).runs[0]?.records;
  expect(await records(armed({ kind: "failedSync", errno: "EIO", lost: "all" }))).toMatchObject([
    { kind: "data", gone: "barrier", durableAt: [null] },
    { kind: "barrier", outcome: "failed" },
  ]);
  expect(await records(armed({ kind: "lostWrite" }))).toMatchObject([
    { kind: "data", gone: "disk" },
    { outcome: "done" },
  ]);
});

test("equal runs make equal reports, and the report is not changed", async () => {
  const [first, second] = [await reportOf(naiveSave), await reportOf(naiveSave)];
  const before = JSON.stringify(jsonReport(first));
  expect(JSON.stringify(jsonReport(second))).toBe(before);
  expect(JSON.stringify(jsonReport(first))).toBe(before);
});

/** Every string of a value. */
function stringsOf(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(stringsOf) : [];
}

test("no path of this machine is in it", { timeout: 300_000 }, async () => {
  for (const protocol of protocols) {
    for (const mutant of [undefined, ...Object.keys(protocol.mutants)]) {
      const strings = stringsOf(jsonReport(await reportOf(matrixOf(protocol, mutant, "posix"))));
      expect(strings.length).toBeGreaterThan(10);
      for (const text of strings) expect(text).not.toContain(process.cwd());
    }
  }
});

describe("a long run", () => {
  const records = 300;
  const long: CrashMatrixOptions<number> = {
    ...naiveSave,
    workload(directory, run) {
      for (let index = 0; index < records / 3; index += 1) put(directory, `file-${index}`, [index]);
      directory.syncNamesBlocking();
      run.ack("x".repeat(5000));
    },
    recover: () => 3,
    minImages: 1,
    strategy: { kind: "levels", level: 0 },
    nested: 0,
  };

  test("is cut, and says so", async () => {
    const json: JsonReport = jsonReport(await crashMatrix(long), { maxRecords: 40 });
    expect(json.runs[0]?.records.map(({ record }) => record)).toEqual(Array.from({ length: 40 }, (_, at) => at + 262));
    expect(json.runs[0]?.recordCount).toBe(302);
    expect(json.truncated).toEqual([{ what: "records", kept: 40, total: 302 }]);
    for (const text of stringsOf(json)) expect(text.length).toBeLessThanOrEqual(1000);
  });

  test("is cut around its failure", async () => {
    const failing = { ...long, check: (_: number, { acked }: { acked: (label: string) => boolean }) => !acked("half") };
    const json = jsonReport(
      await reportOf({
        ...failing,
        workload(directory, run) {
          for (let index = 0; index < records / 3; index += 1) {
            put(directory, `file-${index}`, [index]);
            if (index === 49) run.ack("half");
          }
        },
      }),
      { maxRecords: 40 },
    );
    const at = json.failures[0]?.choices[0]?.at ?? 0;
    const shown = json.runs[0]?.records.map(({ record }) => record) ?? [];
    expect(shown).toHaveLength(40);
    expect(shown).toContain(at - 1);
  });
});

test("options that are no options are refused", async () => {
  const report = await reportOf(naiveSave);
  const code = { code: "CRASH_TEST_INVALID_OPTION" };
  expect(() => jsonReport(report, { maxRecord: 1 } as never)).toThrow(
    expect.objectContaining({ ...code, message: "option maxRecord is unknown" }),
  );
  for (const value of [0, -1, 1.5, Number.NaN, "7"]) {
    expect(() => jsonReport(report, { maxRecords: value as number })).toThrow(expect.objectContaining(code));
  }
});
