import { crashMatrix, type CrashMatrixOptions } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import { atLeast, figureOf, type Figure, type Row } from "../row.js";
import type { Part } from "../suite.js";

/** Records fill a sector each, as those of a log that never shares one. */
const recordBytes = 512;
const headerBytes = 8;
const records = 12;

/** Recoveries that exploring a log costs, by strategy. */
export const lazyPart: Part = {
  name: "lazy",
  async measure({ quick }) {
    const rounds = quick ? 1 : 3;
    const rows: Row[] = [];
    for (const nested of [0, 1]) rows.push(...(await compared(nested, records, rounds)));
    return rows;
  },
};

/** A record that says which one it is, and how it was filled. */
function recordOf(number: number): Uint8Array {
  const bytes = new Uint8Array(recordBytes).fill(number + 1);
  new DataView(bytes.buffer).setUint32(0, number + 1, true);
  new DataView(bytes.buffer).setUint32(4, sumOf(bytes), true);
  return bytes;
}

function sumOf(bytes: Uint8Array): number {
  let sum = 1;
  for (let at = headerBytes; at < bytes.length; at += 1) sum = (Math.imul(sum, 31) + (bytes[at] ?? 0)) >>> 0;
  return sum;
}

/** Reads record by record up to the first that is not whole, and cuts off what is behind it. */
function recoverLog(directory: Directory): number {
  using log = directory.open("log", { mode: "write" });
  const bytes = new Uint8Array(recordBytes);
  const view = new DataView(bytes.buffer);
  let count = 0;
  while (
    log.readAt(bytes, count * recordBytes) === recordBytes &&
    view.getUint32(0, true) === count + 1 &&
    view.getUint32(4, true) === sumOf(bytes)
  ) {
    count += 1;
  }
  if (log.stat().size > count * recordBytes) {
    log.truncate(count * recordBytes);
    log.syncBlocking("data");
  }
  return count;
}

function logOf(appends: number, nested: number): CrashMatrixOptions<number> {
  return {
    setup: (directory) => directory.writeFile("log", new Uint8Array(0)),
    workload(directory, run) {
      using log = directory.open("log", { mode: "append" });
      for (let number = 0; number < appends; number += 1) log.append(recordOf(number));
      log.syncBlocking("data");
      run.ack("all");
    },
    recover: recoverLog,
    check: (count, { acked }) => count <= appends && (count === appends || !acked("all")),
    personalities: ["posix"],
    nested,
    maxRecoveries: 10_000_000,
  };
}

async function compared(nested: number, appends: number, rounds: number): Promise<Row[]> {
  const everything = { kind: "exhaustive", limit: 1 << 17 } as const;
  const images = { strategy: everything, nestedStrategy: everything };
  const [lazy, image] = [
    { recoveries: 0, ns: [] as number[] },
    { recoveries: 0, ns: [] as number[] },
  ];
  for (let round = 0; round < rounds; round += 1) {
    await timed(lazy, { ...logOf(appends, nested), strategy: { kind: "lazy" } });
    await timed(image, { ...logOf(appends, nested), ...images });
  }
  const count = (name: string, value: number): Figure => ({ name, unit: "count", value });
  const what = `a log recovery, ${2 * appends} effects pending, ${nested === 0 ? "no crash" : "one crash"} inside recovery`;
  const id = `lazy/depth-${nested}`;
  const [ours, peer] = [lazy, image].map(({ ns }) => figureOf({ name: "", nsPerOperation: ns }, "time"));
  if (ours === undefined || peer === undefined) return [];
  const saved = image.recoveries / lazy.recoveries;
  return [
    {
      id,
      workload: `recoveries of ${what}`,
      ours: count("lazy", lazy.recoveries),
      peer: count("every image once", image.recoveries),
      ratio: { of: "speed", value: saved },
      bar: atLeast(20),
    },
    {
      id: `${id}/time`,
      workload: `time of ${what}, for orientation`,
      ours: { ...ours, name: "lazy" },
      peer: { ...peer, name: "every image once" },
      ratio: { of: "speed", value: peer.value / ours.value },
    },
  ];
}

async function timed(into: { recoveries: number; ns: number[] }, options: CrashMatrixOptions<number>): Promise<void> {
  const start = performance.now();
  const report = await crashMatrix(options);
  if (!report.complete) throw new Error("the exploration was not complete");
  into.ns.push((performance.now() - start) * 1e6);
  into.recoveries = report.recoveries;
}
