import { Directory } from "@holdfast/fs-seam";
import type { CrashMatrixOptions } from "@holdfast/crash-test";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openWal, openWalReader, WalError, type RecoveryReport, type Wal, type WalOptions } from "../src/index.js";

/** The law of a log: a prefix of what was appended, with all that was acknowledged, and the same whoever opens it. */

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Settings that make a rotation out of three records, and nothing happen in the background. */
export const small: Partial<WalOptions> = {
  segmentBytes: 192,
  bufferBytes: 256,
  preallocateBytes: 0,
  mergeBytes: 0,
  prepareSegments: false,
};

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

export function textOf(bytes: Uint8Array | undefined): string {
  return decoder.decode(bytes);
}

/** Every record of a log as text, LSN and all, so that two logs are equal when their lists are. */
export function textsOf(log: Pick<Wal, "read">): string[] {
  return [...log.read()].map(({ lsn, payload }) => `${lsn}:${textOf(payload)}`);
}

/** The list that {@link textsOf} gives for these records from LSN `firstLsn` on. */
export function listed(records: readonly string[], firstLsn = 1): string[] {
  return records.slice(firstLsn - 1).map((record, index) => `${firstLsn + index}:${record}`);
}

type Tree = ReturnType<MemoryFs["snapshot"]>;

/** A copy of a tree in which nobody holds the lock. */
export function copyOf(image: Tree): Directory {
  const directory = new Directory(new MemoryFs({ image }));
  directory.removeIfPresent("LOCK");
  return directory;
}

/**
 * Opens copies of one tree in every mode there is and returns the records that all of them read.
 *
 * Throws when two modes read different records, or when one refuses; strict alone may refuse, and only a torn tail.
 */
export async function readInEveryMode(image: Tree, options: Partial<WalOptions> = {}): Promise<string[]> {
  const views: [string, string[]][] = [["reader", readBeside(image)]];
  for (const mode of ["recover", "salvage", "strict"] as const) {
    const log = await openWal({ directory: copyOf(image), ...options, mode }).catch((error: unknown) => {
      if (mode === "strict" && error instanceof WalError && error.code === "WAL_TORN") return undefined;
      throw error;
    });
    if (log === undefined) continue;
    views.push([mode, textsOf(log)]);
    await log.close();
  }
  const [, first] = views[0] as [string, string[]]; // the reader's
  for (const [mode, records] of views) {
    if (records.join() !== first.join()) throw new Error(`${mode} reads ${records.join()}, the reader ${first.join()}`);
  }
  return first;
}

/** What a reader sees; nothing where there is no log. */
function readBeside(image: Tree): string[] {
  try {
    return textsOf(openWalReader({ directory: copyOf(image) }));
  } catch (error) {
    if (error instanceof WalError && error.code === "WAL_NOT_FOUND") return [];
    throw error;
  }
}

/**
 * Throws unless `records` are a part of `history` from some LSN on that nobody pruned away unasked (`maxFirstLsn`), without a gap
 * and up to `acked` at least.
 */
export function demandPrefix(
  records: readonly string[],
  history: readonly string[],
  { acked, maxFirstLsn = 1 }: { readonly acked: number; readonly maxFirstLsn?: number },
): void {
  const firstLsn = records.length === 0 ? 1 : Number.parseInt(records[0] as string, 10);
  const wanted = listed(history, firstLsn).slice(0, records.length);
  if (records.join() !== wanted.join()) throw new Error(`read ${records.join()}, of ${listed(history).join()}`);
  if (firstLsn > maxFirstLsn) throw new Error(`begins with LSN ${firstLsn}, ${maxFirstLsn} was not pruned`);
  const lastLsn = records.length === 0 ? 0 : firstLsn - 1 + records.length;
  if (lastLsn < acked) throw new Error(`LSN ${acked} was acknowledged, ${lastLsn} is the last`);
}

export interface Recovered {
  readonly records: readonly string[];
  readonly again: readonly string[];
  readonly report: RecoveryReport;
}

/** Record that {@link recoverAndAppend} appends. */
export const EXTRA = "after";

/** Opens, reads everything, appends one record that is synced, closes, and opens and reads once more. */
export async function recoverAndAppend(directory: Directory, options: Partial<WalOptions> = {}): Promise<Recovered> {
  const log = await openWal({ directory, ...options });
  const records = textsOf(log);
  const { report } = log;
  await log.appendDurable(bytesOf(EXTRA));
  await log.close();
  const second = await openWal({ directory, ...options });
  const again = textsOf(second);
  await second.close();
  return { records, again, report };
}

/** {@link demandPrefix} for a crash matrix over {@link recoverAndAppend}; records of earlier recoveries may follow the own ones. */
export function demandLaw(
  { records, again }: Recovered,
  history: readonly string[],
  { acks }: Parameters<CrashMatrixOptions<Recovered>["check"]>[1],
  maxFirstLsn = 1,
): void {
  const isExtra = (record: string): boolean => record.endsWith(`:${EXTRA}`);
  const extras = records.findIndex(isExtra);
  const own = extras < 0 ? records : records.slice(0, extras);
  const late = records.slice(own.length).find((each) => !isExtra(each));
  if (late !== undefined) throw new Error(`${late} of before follows a record of after`);
  demandPrefix(own, history, { acked: Math.max(0, ...acks.map(({ data }) => Number(data))), maxFirstLsn });
  if (JSON.stringify(again.slice(0, -1)) !== JSON.stringify(records) || !isExtra(again.at(-1) ?? "")) {
    throw new Error(`the second open reads ${again.join()}, the first read ${records.join()}`);
  }
}
