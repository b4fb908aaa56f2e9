// What a power loss may leave of a log that is begun, continued and repaired, at every point and in every legal image.
import { crashMatrix, type CrashMatrixOptions } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import { expect, test } from "vitest";
import { DurabilityLogEncoder, appendToDurabilityLog, type DurabilityWalVersion } from "../src/durability-entry.js";
import { readLog } from "./durability-golden.js";

interface Recovered {
  readonly found: readonly string[];
  /** Damage to every reader: sectors reached the disk out of order, and these formats cannot say so. */
  readonly refused: string | undefined;
  readonly again: readonly string[];
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const entry = (index: number, size = 20): string => `${index}:`.padEnd(size, "x");

function append(directory: Directory, { version = 2, from, to, size = 20, segmentBytes = 100 }: Run): Promise<unknown> {
  const payloads = Array.from({ length: to - from + 1 }, (_, index) => encode(entry(from + index, size)));
  return appendToDurabilityLog({ directory, version, payloads, segmentBytes, firstEntryId: from });
}

interface Run {
  readonly version?: DurabilityWalVersion;
  readonly from: number;
  readonly to: number;
  readonly size?: number;
  readonly segmentBytes?: number;
}

/** Reads what is there, removes the lock of the process that is gone, appends one entry and reads again. */
async function recover(directory: Directory): Promise<Recovered> {
  const first = readLog(directory);
  if (first.error?.code === "WAL_CORRUPT") {
    const found = readLog(directory, { mode: "salvage" }).entries.map(decode);
    return { found, refused: first.error.message, again: [...found, "after"] };
  }
  if (first.error !== undefined && first.error.code !== "WAL_NOT_FOUND") throw first.error;
  const found = first.entries.map(decode);
  directory.removeIfPresent("wal/.lock");
  // A lone header that was lost leaves nothing that says which id comes next.
  const known = first.report?.nextEntryId === undefined;
  const payloads = [encode("after")];
  await appendToDurabilityLog({ directory, version: 3, payloads, ...(known && { firstEntryId: 1 }) });
  const second = readLog(directory, { mode: "strict" });
  if (second.error !== undefined) throw second.error;
  return { found, refused: undefined, again: second.entries.map(decode) };
}

function matrix(
  name: string,
  count: number,
  workload: CrashMatrixOptions<Recovered>["workload"],
  size = 20,
  onRefused: () => void = () => undefined,
): ReturnType<typeof crashMatrix> {
  const history = Array.from({ length: count }, (_, index) => entry(index + 1, size));
  return crashMatrix({
    name,
    workload,
    recover,
    check({ found, refused, again }, { acks }) {
      if (refused !== undefined) onRefused();
      // Entries behind a header that was lost: a header is durable before any of them is written.
      if (refused?.includes("header was never written") === true) throw new Error(refused);
      const own = found.filter((text) => text !== "after");
      if (own.some((text, index) => text !== history[index])) throw new Error(`not a beginning: ${found.join()}`);
      const durable = Math.max(0, ...acks.map(({ data }) => Number(data)));
      if (own.length < durable) throw new Error(`${own.length} of ${durable} acknowledged entries`);
      if (again.join() !== [...found, "after"].join()) throw new Error(`appended behind it: ${again.join()}`);
    },
  });
}

test("begun, continued, and continued in another version", async () => {
  const report = await matrix("durability append", 5, async (directory, run) => {
    await append(directory, { from: 1, to: 3 });
    run.ack("three", 3);
    await append(directory, { from: 4, to: 4 });
    run.ack("four", 4);
    await append(directory, { version: 3, from: 5, to: 5 });
    run.ack("five", 5);
  });
  expect(report.complete).toBe(true);
});

test("a tail that a crash left is kept aside and cut", async () => {
  const report = await matrix("durability cut", 3, async (directory, run) => {
    await append(directory, { from: 1, to: 2 });
    run.ack("two", 2);
    const handle = directory.open("wal/wal_1.log", { mode: "append" });
    handle.append(new Uint8Array(11).fill(0x11));
    handle.close();
    await append(directory, { from: 3, to: 3 });
    run.ack("three", 3);
  });
  expect(report.complete).toBe(true);
});

test("entries larger than a sector: some images are refused, and salvage has all that was acknowledged", async () => {
  let refusals = 0;
  const long = { size: 700, segmentBytes: 10_000 };
  const report = await matrix(
    "durability sectors",
    4,
    async (directory, run) => {
      await append(directory, { from: 1, to: 2, ...long });
      run.ack("two", 2);
      await append(directory, { from: 3, to: 4, ...long });
      run.ack("four", 4);
    },
    700,
    () => refusals++,
  );
  expect(report.failures).toEqual([]);
  expect(refusals).toBeGreaterThan(0);
});

// Before that, the first of several names may be lost, and what is left reads as a log that was pruned.
test("what somebody else left unsynced is durable once something was appended to it", async () => {
  const report = await crashMatrix<Recovered>({
    name: "durability unsynced",
    async workload(directory, run) {
      directory.makeDirectories("wal");
      const encoder = new DurabilityLogEncoder({ version: 2, segmentBytes: 100 });
      for (let index = 1; index <= 4; index++) {
        const { file, offset, bytes } = encoder.append(encode(entry(index)));
        const handle = directory.open(file, { mode: "write", create: "if-missing" });
        handle.writeAt(bytes, offset);
        handle.close();
      }
      await appendToDurabilityLog({ directory, version: 2, payloads: [encode(entry(5))] });
      run.ack("five");
    },
    recover,
    check({ found, refused }, { acked }) {
      if (!acked("five")) return;
      const own = found.filter((text) => text !== "after");
      expect([refused, own]).toEqual([undefined, [1, 2, 3, 4, 5].map((index) => entry(index))]);
    },
  });
  expect(report.complete).toBe(true);
});
