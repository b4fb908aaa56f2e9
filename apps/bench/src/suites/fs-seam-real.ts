import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RealFs } from "@holdfast/fs-seam";
import { atMost, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, scatter, type Contestant } from "../workload.js";
import { pageBytes } from "./fs-seam-workloads.js";

/** What RealFs adds to the calls of `node:fs` that it makes, on the file system of the temporary directory. */
export const realPart: Part = {
  name: "real",
  measure({ quick }) {
    const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
    const options = { rounds: quick ? 3 : 25 };
    const operations = quick ? 2000 : 10_000;
    try {
      const append = interleave([ourAppend(directory, operations), rawAppend(directory, operations)], options);
      writeFileSync(join(directory, "data"), new Uint8Array(dataPages * pageBytes).fill(7));
      const read = interleave([ourRead(directory, operations), rawRead(directory, operations)], options);
      return [
        ...rowOf("real/append", "128 B append, real file system", append),
        ...rowOf("real/read", "4 KiB readAt, real file system", read),
      ];
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
};

const recordBytes = 128;
/** 4 MiB: in the page cache after the first round. */
const dataPages = 1024;

function rowOf(id: string, workload: string, [ours, peer]: ReturnType<typeof interleave>): Row[] {
  if (ours === undefined || peer === undefined) return [];
  return [compare({ id, workload }, ours, peer, { of: "time", bar: atMost(1.15) })];
}

function ourAppend(directory: string, operations: number): Contestant {
  const fs = new RealFs({ root: directory });
  const record = new Uint8Array(recordBytes).fill(3);
  return {
    name: "RealFs",
    operations,
    prepare() {
      const file = fs.open("/ours", { mode: "append", create: "exclusive" });
      return {
        run() {
          for (let count = 0; count < operations; count += 1) file.append(record);
        },
        dispose() {
          file.close();
          fs.remove("/ours");
        },
      };
    },
  };
}

function rawAppend(directory: string, operations: number): Contestant {
  const path = join(directory, "raw");
  const record = new Uint8Array(recordBytes).fill(3);
  return {
    name: "writeSync",
    operations,
    prepare() {
      const fd = openSync(path, "ax");
      return {
        run() {
          for (let count = 0; count < operations; count += 1) writeSync(fd, record, 0, recordBytes, null);
        },
        dispose() {
          closeSync(fd);
          rmSync(path);
        },
      };
    },
  };
}

function ourRead(directory: string, operations: number): Contestant {
  const fs = new RealFs({ root: directory });
  const offsets = Float64Array.from(scatter(operations, dataPages), (index) => index * pageBytes);
  const target = new Uint8Array(pageBytes);
  return {
    name: "RealFs",
    operations,
    prepare() {
      const file = fs.open("/data", { mode: "read" });
      return {
        run() {
          for (const offset of offsets) file.readAt(target, offset);
        },
        dispose: () => file.close(),
      };
    },
  };
}

function rawRead(directory: string, operations: number): Contestant {
  const offsets = Float64Array.from(scatter(operations, dataPages), (index) => index * pageBytes);
  const target = new Uint8Array(pageBytes);
  return {
    name: "readSync",
    operations,
    prepare() {
      const fd = openSync(join(directory, "data"), "r");
      return {
        run() {
          for (const offset of offsets) readSync(fd, target, 0, pageBytes, offset);
        },
        dispose: () => closeSync(fd),
      };
    },
  };
}
