import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ByteSource } from "@holdfast/segment-codec";
import { openSdx4 } from "@holdfast/sidx-footer";
import { readSdx3 } from "@holdfast/sidx-footer/sdx3";
import { atLeast, bound, compare, figureOf, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleave, type Contestant } from "../workload.js";
import { eventIdOf, sdx3Of, sdx4Of, type Footer } from "./sidx-footer-entries.js";

/** Opening a footer on disk, in the page cache, and finding one event: SDX4 against SDX3 of the same entries. */
export const openPart: Part = {
  name: "open",
  measure({ quick }) {
    const count = quick ? 100_000 : 1_000_000;
    const directory = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
    try {
      const four = fileOf(join(directory, "four"), sdx4Of(count, { linked: false }));
      const three = fileOf(join(directory, "three"), sdx3Of(count, { linked: false }));
      const rows = [...findRows(four, count, quick ? 3 : 9), ...openRows(four, three, quick ? 2 : 5)];
      for (const { descriptor } of [four, three]) closeSync(descriptor);
      return rows;
    } finally {
      rmSync(directory, { recursive: true });
    }
  },
};

interface File {
  readonly descriptor: number;
  readonly sizeBytes: number;
}

/** A footer where it belongs, behind its frames; those are a hole in the file, since nobody reads them here. */
function fileOf(path: string, { bytes, coveredBytes }: Footer): File {
  const descriptor = openSync(path, "w+");
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(descriptor, bytes, written, bytes.length - written, coveredBytes + written);
  }
  return { descriptor, sizeBytes: coveredBytes + bytes.length };
}

class CountedSource implements ByteSource {
  readonly sizeBytes: number;
  reads = 0;
  readonly #descriptor: number;

  constructor({ descriptor, sizeBytes }: File) {
    this.#descriptor = descriptor;
    this.sizeBytes = sizeBytes;
  }

  readAt(target: Uint8Array, offset: number): number {
    this.reads += 1;
    return readSync(this.#descriptor, target, 0, target.length, offset);
  }
}

function findRows(file: File, count: number, rounds: number): Row[] {
  const operations = 200;
  let most = 0;
  const run = (): void => {
    for (let turn = 0; turn < operations; turn++) {
      const index = Math.imul(turn + 1, 7919) % count;
      const source = new CountedSource(file);
      const footer = openSdx4(source);
      const ordinal = footer?.findEventId(eventIdOf(index));
      if (ordinal !== index || footer?.valueOf("sequence", ordinal) !== index + 1) throw new Error("it is not found");
      most = Math.max(most, source.reads);
    }
  };
  const [timing] = interleave([{ name: "openSdx4, findEventId", operations, prepare: () => ({ run }) }], { rounds });
  if (timing === undefined) return [];
  const workload = `SDX4: open and find one event id among ${count}, everything that is touched checked`;
  const reads = { name: "", unit: "count", value: most } as const;
  return [
    { id: "open/find", workload, ours: figureOf(timing, "time"), bar: bound("most", 1e6) },
    { id: "open/reads", workload: "reads for that, at most", ours: reads, bar: bound("most", 3) },
  ];
}

function openRows(four: File, three: File, rounds: number): Row[] {
  const contestant = (name: string, operations: number, open: () => void): Contestant => ({
    ...{ name, operations },
    prepare: () => ({
      run: () => {
        for (let turn = 0; turn < operations; turn++) open();
      },
    }),
  });
  const [ours, peer] = interleave(
    [
      contestant("openSdx4", 100, () => {
        if (openSdx4(new CountedSource(four)) === undefined) throw new Error("there is no footer");
      }),
      contestant("readSdx3", 1, () => {
        if (readSdx3(new CountedSource(three)).kind !== "sdx3") throw new Error("there is no footer");
      }),
    ],
    { rounds },
  );
  if (ours === undefined || peer === undefined) return [];
  const labels = { id: "open/sdx3", workload: "open a footer of the same entries" };
  return [compare(labels, ours, peer, { of: "speed", bar: atLeast(20), unit: "time" })];
}
