import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import {
  openRecordLog,
  openRecordLogReader,
  WalError,
  type RecordLog,
  type RecordLogOptions,
} from "../src/record-log-entry.js";
import { bytesOf, EXTRA, textsOf, type Recovered } from "./log-law.js";

/** What the law of a log (log-law.ts) needs to judge a record log. */

export const name = "events";

export type Settings = Partial<RecordLogOptions>;

/** Nothing ahead of the end, and a small buffer. */
export const plain: Settings = { bufferBytes: 256, preallocateBytes: 0 };

type Tree = ReturnType<MemoryFs["snapshot"]>;

/** A copy of a tree in which nobody holds the lock. */
export function copyOf(image: Tree): Directory {
  const directory = new Directory(new MemoryFs({ image }));
  directory.removeIfPresent(`${name}.lock`);
  return directory;
}

export function open(directory: Directory, options: Settings = plain): Promise<RecordLog> {
  return openRecordLog({ directory, name, ...options });
}

/** Opens, reads everything, appends one record that is synced, closes, and opens and reads once more. */
export async function recoverAndAppend(directory: Directory, options: Settings = plain): Promise<Recovered> {
  const log = await open(directory, options);
  const records = textsOf(log);
  const { report } = log;
  await log.appendDurable(bytesOf(EXTRA));
  await log.close();
  const second = await open(directory, options);
  const again = textsOf(second);
  await second.close();
  return { records, again, report };
}

/** Opens copies of one tree in every mode there is and returns the records, the same in all; strict may refuse a torn tail. */
export async function readInEveryMode(image: Tree, options: Settings = plain): Promise<string[]> {
  const views: string[][] = [readBeside(image)];
  for (const mode of ["recover", "salvage", "strict"] as const) {
    const log = await open(copyOf(image), { ...options, mode }).catch((error: unknown) => {
      if (mode === "strict" && error instanceof WalError && error.code === "WAL_TORN") return undefined;
      throw error;
    });
    if (log === undefined) continue;
    views.push(textsOf(log));
    await log.close();
  }
  const first = views[0] as string[]; // the reader's
  for (const view of views) if (view.join() !== first.join()) throw new Error(`${view.join()} and ${first.join()}`);
  return first;
}

/** What a reader sees; nothing where there is no log. */
function readBeside(image: Tree): string[] {
  try {
    return textsOf(openRecordLogReader({ directory: copyOf(image), name }));
  } catch (error) {
    if (error instanceof WalError && error.code === "WAL_NOT_FOUND") return [];
    throw error;
  }
}
