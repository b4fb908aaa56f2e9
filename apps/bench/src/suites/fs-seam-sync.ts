import type { FileHandle } from "@holdfast/fs-seam";
import { CrashFs, type Image } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { atMost, compare, type Bar, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant, type Timing } from "../workload.js";
import { pageBytes } from "./fs-seam-workloads.js";

/** What a barrier costs, and that it follows what is dirty and never the length of the file or of the history. */
export const syncPart: Part = {
  name: "sync",
  measure({ quick }) {
    const rounds = quick ? 3 : 9;
    return [...fileLengthRows(quick ? 300 : 2000, rounds), ...growingLogRows(quick ? 4 : 1, quick ? 1 : 2)];
  },
};

// --- the length of the file -----------------------------------------------------------------------------------------

const kib = 1024;
const largeFileBytes = 64 * kib * kib;
const smallFileBytes = 64 * kib;
const recordBytes = 128;

/** What happens after each append. Only this is timed. */
interface Barrier {
  readonly id: string;
  readonly workload: string;
  readonly bar?: Bar;
  readonly note: string;
  run(fs: CrashFs, file: FileHandle): void;
}

const barriers: readonly Barrier[] = [
  {
    id: "sync/barrier",
    workload: "sync after a 128 B append, 64 MiB file against 64 KiB",
    bar: atMost(1.5),
    note: "the barrier alone adds a record to the log and cannot depend on the file; the next row does the work behind it.",
    run: (_fs, file) => file.syncBlocking("data"),
  },
  {
    id: "sync/ledger",
    workload: "the same, durable state worked out each time",
    bar: atMost(1.5),
    note: "`pending()` after each sync moves the synced bytes into the durable state.",
    run(fs, file) {
      file.syncBlocking("data");
      fs.pending();
    },
  },
  {
    id: "sync/image",
    workload: "the same, durable image taken each time",
    note: "`durableImage()` freezes the durable state, so the next sync copies one page, its chunk and the list of chunks: 8 bytes for each 256 KiB of the file.",
    run(fs, file) {
      file.syncBlocking("data");
      fs.durableImage();
    },
  },
];

function fileLengthRows(operations: number, rounds: number): Row[] {
  const large = imageOfOneFile(largeFileBytes);
  const small = imageOfOneFile(smallFileBytes);
  return barriers.flatMap((barrier) => {
    const [ours, peer] = interleave(
      [appendAndSync("64 MiB", large, barrier, operations), appendAndSync("64 KiB", small, barrier, operations)],
      { rounds },
    );
    if (ours === undefined || peer === undefined) return [];
    const { id, workload, note, bar } = barrier;
    const judged = bar === undefined ? {} : { bar };
    return [compare({ id, workload, note }, ours, peer, { of: "time", unit: "time", ...judged })];
  });
}

function imageOfOneFile(size: number): Image {
  const fs = new MemoryFs();
  const file = fs.open("/log", { mode: "append", create: "exclusive" });
  const page = new Uint8Array(pageBytes).fill(5);
  for (let length = 0; length < size; length += pageBytes) file.append(page);
  file.close();
  return fs.snapshot();
}

function appendAndSync(name: string, image: Image, barrier: Barrier, operations: number): Contestant {
  const record = new Uint8Array(recordBytes).fill(3);
  return {
    name,
    operations,
    prepare() {
      const fs = new CrashFs({ image });
      const file = fs.open("/log", { mode: "append" });
      file.append(record); // the first change after a mount copies what it touches
      barrier.run(fs, file);
      return { run: () => timeBarriers(fs, file, record, barrier, operations), dispose: () => file.close() };
    },
  };
}

/** The clock is read around each barrier, about 50 ns that both sides have in common. */
function timeBarriers(fs: CrashFs, file: FileHandle, record: Uint8Array, barrier: Barrier, operations: number): number {
  let milliseconds = 0;
  for (let count = 0; count < operations; count += 1) {
    file.append(record);
    const start = performance.now();
    barrier.run(fs, file);
    milliseconds += performance.now() - start;
  }
  return milliseconds * 1e6;
}

// --- the length of the history --------------------------------------------------------------------------------------

const growthBytes = 256;
const syncCounts = [2500, 5000, 10_000];

/**
 * The model of the older simulators: a sync copies the whole file. As fast as it can be made, into memory that is there
 * already.
 */
class WholeFileModel {
  #live = new Uint8Array(0);
  #durable = new Uint8Array(0);
  #size = 0;

  append(bytes: Uint8Array): void {
    const end = this.#size + bytes.length;
    if (end > this.#live.length) {
      const grown = new Uint8Array(Math.max(pageBytes, this.#live.length * 2, end));
      grown.set(this.#live);
      this.#live = grown;
      this.#durable = new Uint8Array(grown.length);
    }
    this.#live.set(bytes, this.#size);
    this.#size = end;
  }

  sync(): void {
    this.#durable.set(this.#live.subarray(0, this.#size));
  }
}

function growingLogRows(divisor: number, rounds: number): Row[] {
  const timings: { readonly ours: Timing; readonly peer: Timing }[] = [];
  const rows = syncCounts.flatMap((full) => {
    const count = full / divisor;
    const [ours, peer] = interleave([crashLog(count), wholeFileLog(count)], { rounds, warmUps: 1 });
    if (ours === undefined || peer === undefined) return [];
    timings.push({ ours, peer });
    const workload = `log grown by ${growthBytes} B ${count.toLocaleString("en")} times, synced each time`;
    return [compare({ id: `history/${full}`, workload }, ours, peer, { of: "speed" })];
  });
  return [...rows, ...growthRows(timings)];
}

/** The figure for the eye: four times as many syncs, how many times the cost of each? */
function growthRows(timings: readonly { readonly ours: Timing; readonly peer: Timing }[]): Row[] {
  const [first, last] = [timings.at(0), timings.at(-1)];
  if (first === undefined || last === undefined) return [];
  const growth = (late: Timing, early: Timing): number =>
    Math.min(...late.nsPerOperation) / Math.min(...early.nsPerOperation);
  return [
    {
      id: "history/growth",
      workload: "cost of one sync when the log is four times as long",
      ours: { name: "CrashFs", unit: "factor", value: growth(last.ours, first.ours) },
      peer: { name: "whole-file copies", unit: "factor", value: growth(last.peer, first.peer) },
    },
  ];
}

function crashLog(operations: number): Contestant {
  const record = new Uint8Array(growthBytes).fill(3);
  return {
    name: "CrashFs",
    operations,
    prepare() {
      const fs = new CrashFs();
      const file = fs.open("/log", { mode: "append", create: "exclusive" });
      return {
        run() {
          for (let count = 0; count < operations; count += 1) {
            file.append(record);
            file.syncBlocking("data");
          }
          fs.pending(); // the durable state, which the other model has at hand
        },
        dispose: () => file.close(),
      };
    },
  };
}

function wholeFileLog(operations: number): Contestant {
  const record = new Uint8Array(growthBytes).fill(3);
  return {
    name: "whole-file copies",
    operations,
    prepare() {
      const model = new WholeFileModel();
      return {
        run() {
          for (let count = 0; count < operations; count += 1) {
            model.append(record);
            model.sync();
          }
        },
      };
    },
  };
}
