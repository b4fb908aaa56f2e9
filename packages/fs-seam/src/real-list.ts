import { isUtf8 } from "node:buffer";
import { fsErrorFrom } from "./fs-errno.js";
import { refusal } from "./fs-refusal.js";
import { kindOf, type RealCalls, type RealEntries, type RealEntry } from "./real-calls.js";
import type { DirectoryEntry } from "./store-fs.js";

/** Directory listings of a real disk. Names are read as bytes, because decoding them silently could name another file. */

const batchEntries = 256;

function toEntry(entry: RealEntry, path: string): DirectoryEntry {
  const { name } = entry;
  if (!isUtf8(name)) {
    const hex = name.toString("hex");
    throw refusal("FS_INVALID_PATH", "list", path, `the name with the bytes ${hex} is not UTF-8`, { errno: "EILSEQ" });
  }
  return { name: name.toString(), kind: kindOf(entry) };
}

/** All entries, sorted by UTF-16 code unit. */
export function listEntries(calls: RealCalls, host: string, path: string): DirectoryEntry[] {
  const entries = calls.list(host).map((entry) => toEntry(entry, path));
  return entries.sort((one, other) => (one.name < other.name ? -1 : 1)); // names of a directory are never equal
}

/** Batches of at most 256 entries; the stream is closed when the caller stops, early or not. */
export async function* streamEntries(
  entries: RealEntries,
  path: string,
): AsyncGenerator<DirectoryEntry[], void, undefined> {
  let batch: DirectoryEntry[] = [];
  try {
    for (let entry = await next(entries, path); entry !== null; entry = await next(entries, path)) {
      batch.push(toEntry(entry, path));
      if (batch.length < batchEntries) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  } finally {
    await entries.close().catch(() => undefined); // nothing was written through it, so nothing can be lost
  }
}

async function next(entries: RealEntries, path: string): Promise<RealEntry | null> {
  try {
    return await entries.read();
  } catch (error) {
    throw fsErrorFrom(error, "list", path);
  }
}
