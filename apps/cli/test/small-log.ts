import { Directory, type StoreFs } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openWal, type WalOptions } from "@holdfast/wal";
import { openRecordLog } from "@holdfast/wal/record-log";
import { fileLines } from "../src/inspect/file-lines.js";
import { regionsOf, type Region } from "../src/inspect/regions.js";
import { sourceOf } from "@holdfast/segment-codec";
import { folderOf } from "./small-segment.js";

// Logs of ours, small and in memory, and what an inspection says of their files.

export type Files = Record<string, Uint8Array>;

export const textOf = (lsn: number): string => `record ${lsn}`.padEnd(40, ".");
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

const small: Partial<WalOptions> = {
  segmentBytes: 512,
  bufferBytes: 256,
  preallocateBytes: 0,
  mergeBytes: 0,
  prepareSegments: false,
};

/** A log of 20 records, the last three of them a batch, with two checkpoints, closed. Segments have some five records. */
export async function smallLog(fs: StoreFs = new MemoryFs()): Promise<Files> {
  const directory = new Directory(fs);
  const log = await openWal({ directory, ...small });
  for (let lsn = 1; lsn <= 17; lsn++) {
    log.append(encode(textOf(lsn)));
    await log.sync();
  }
  log.appendBatch([18, 19, 20].map((lsn) => encode(textOf(lsn))));
  await log.sync();
  await log.checkpoint(encode("state of eight"), { lsn: 8 });
  await log.checkpoint(encode("state of twelve"), { lsn: 12 });
  await log.close();
  return filesIn(directory);
}

/** A record log of four records, appended in two sessions. */
export async function smallRecordLog(): Promise<Uint8Array> {
  const directory = new Directory(new MemoryFs());
  for (const lsns of [
    [1, 2],
    [3, 4],
  ]) {
    const log = await openRecordLog({ directory, name: "events", preallocateBytes: 0 });
    for (const lsn of lsns) await log.appendDurable(encode(textOf(lsn)));
    await log.close();
  }
  return directory.readFile("events");
}

export function filesIn(directory: Directory): Files {
  const files = directory.list().filter(({ kind }) => kind === "file");
  return Object.fromEntries(files.map(({ name }) => [name, directory.readFile(name)]));
}

export function directoryOf(files: Files): Directory {
  const directory = new Directory(new MemoryFs());
  for (const [name, bytes] of Object.entries(files)) directory.writeFile(name, bytes);
  return directory;
}

/** Names of the segments, in order. */
export function segmentsOf(files: Files): string[] {
  return Object.keys(files)
    .filter((name) => name.endsWith(".seg"))
    .sort();
}

/** What verify says of each file, whatever is sound left out: `file kind from..to code`. */
export function findings(files: Files, directoryName = ""): string[] {
  const folder = folderOf(files, directoryName);
  return Object.entries(files).flatMap(([name, bytes]) => {
    const regions = [...regionsOf(fileLines(name, sourceOf(bytes), folder))];
    return regions.filter(({ kind }) => kind !== "sound").map((region) => `${name} ${textOfRegion(region)}`);
  });
}

function textOfRegion({ kind, offset, length, fields }: Region): string {
  return `${kind} ${offset}..${offset + length}${"code" in fields ? ` ${fields.code}` : ""}`;
}

export function flipped(bytes: Uint8Array, at: number, bit = 1): Uint8Array {
  const copy = bytes.slice();
  copy[at] = (copy[at] ?? 0) ^ bit;
  return copy;
}
