import { isAbsolute, dirname, resolve, sep } from "node:path";
import { mkdirSync, realpathSync } from "node:fs";
import { atomicReplace, isFsError, openDirectory, stageFile, type Directory } from "@holdfast/fs-seam";
import { openWalReader } from "@holdfast/wal";
import {
  appendToDurabilityLog,
  encodeLogRecord,
  encodeRecordLogHeader,
  verifyDurabilityLog,
  walkRecordLog,
  type DurabilityWalVersion,
} from "@holdfast/wal/durability";
import { openRecordLogReader } from "@holdfast/wal/record-log";
import { CliError, messageOf } from "../cli-error.js";
import { fileRefusal } from "../file-refusal.js";
import type { OpenedPath } from "../inspect/host-tree.js";
import type { Lost, PassedOverFile, SalvageEvent, SalvagedEntry } from "./salvage-event.js";
import { SalvagedRange } from "./salvaged-range.js";

/** Something that was written, and read back. */
export interface Salvaged {
  readonly kind: "salvaged";
  /** Relative to the destination. */
  readonly output: string;
  readonly records: number;
  /** LSNs or ids; null in a record log of durability, which has none. */
  readonly firstId: number | null;
  readonly lastId: number | null;
}

/** A checkpoint that was copied into a salvaged log, or beside them when none goes on from it. */
export interface SalvagedCheckpoint {
  readonly kind: "checkpoint";
  readonly output: string;
  readonly lastAppliedId: number;
}

export type SalvageNews = Salvaged | SalvagedCheckpoint | Lost | PassedOverFile;

/** A sound checkpoint of a damaged log. */
export interface CheckpointToSalvage {
  readonly lsn: number;
  readonly payload: Uint8Array;
}

const maxRecordBytes = 2 ** 28;
const bufferBytes = 64 * 1024;

/**
 * Creates the destination, durably.
 *
 * @throws {@link CliError} `CLI_OUTPUT_EXISTS`, `CLI_USAGE` inside the source, `CLI_FILE_UNWRITABLE`.
 */
export function createOutput(out: string, source: OpenedPath): Directory {
  const path = isAbsolute(out) ? out : resolve(out);
  let parent: string;
  try {
    parent = realpathSync(dirname(path));
  } catch (error) {
    throw fileRefusal("CLI_FILE_UNWRITABLE", out, `cannot be made (${messageOf(error)})`, error);
  }
  const isInside = parent === source.path || parent.startsWith(`${source.path}${sep}`);
  if (source.kind === "directory" && isInside) {
    throw new CliError("CLI_USAGE", `${out} lies in the directory that is salvaged, which must stay as it is`);
  }
  try {
    mkdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw fileRefusal("CLI_OUTPUT_EXISTS", out, "exists: salvage writes into a directory that it makes", error);
    }
    throw fileRefusal("CLI_FILE_UNWRITABLE", out, `cannot be made (${messageOf(error)})`, error);
  }
  return openDirectory(path, { create: true }); // syncs its name
}

/**
 * Writes the frames of a log of ours: each stretch without a gap becomes a log of its own, with the LSNs that its records had.
 *
 * @param recordLogName - of a record log, whose first stretch becomes a record log of that name.
 */
export async function* writeLogs(
  events: Iterable<SalvageEvent>,
  out: Directory,
  checkpoints: Iterable<CheckpointToSalvage | Lost>,
  recordLogName?: string,
): AsyncGenerator<SalvageNews, void, undefined> {
  const ranges: SalvagedRange[] = [];
  let range: SalvagedRange | undefined;
  try {
    for (const event of events) {
      if (event.kind === "lost" || event.kind === "passed-over") yield event;
      if (event.kind !== "frame") continue;
      const { cursor, content } = event;
      if (range?.nextLsn !== cursor.lsn) {
        if (range !== undefined) yield await finish(range, out);
        range = beginRange(out, cursor.lsn, content, recordLogName);
        ranges.push(range);
      }
      await range.append(cursor);
    }
    if (range !== undefined) yield await finish(range, out);
  } finally {
    range?.discard(); // does nothing to one that is finished
  }
  for (const checkpoint of checkpoints) {
    if ("kind" in checkpoint) yield checkpoint;
    else yield await writeCheckpoint(checkpoint, ranges, out);
  }
}

function beginRange(out: Directory, lsn: number, content: number, recordLogName: string | undefined): SalvagedRange {
  if (recordLogName !== undefined && lsn === 1) {
    return new SalvagedRange(out, recordLogName, { kind: "record-log", name: recordLogName }, { lsn, content });
  }
  const name = `log-${lsn}`;
  out.makeDirectory(name);
  out.syncNamesBlocking();
  return new SalvagedRange(out.directory(name), name, { kind: "log" }, { lsn, content });
}

/** Makes a range durable, and reads it back. */
async function finish(range: SalvagedRange, out: Directory): Promise<Salvaged> {
  await range.close();
  const { name, firstLsn, nextLsn, recordCount, isRecordLog } = range;
  const reader = isRecordLog
    ? openRecordLogReader({ directory: out, name, maxRecordBytes })
    : openWalReader({ directory: out.directory(name), maxRecordBytes });
  let count = 0;
  try {
    for (const record of reader.read()) count += record.lsn === firstLsn + count ? 1 : Number.NaN;
  } finally {
    reader.close();
  }
  demand(name, count, recordCount);
  return { kind: "salvaged", output: name, records: recordCount, firstId: firstLsn, lastId: nextLsn - 1 };
}

async function writeCheckpoint(
  { lsn, payload }: CheckpointToSalvage,
  ranges: readonly SalvagedRange[],
  out: Directory,
): Promise<SalvagedCheckpoint> {
  const range = ranges.find(({ firstLsn, nextLsn }) => lsn >= firstLsn - 1 && lsn < nextLsn);
  if (range === undefined) {
    const output = `checkpoint-${lsn}`;
    await atomicReplace(out, output, payload, { rung: "full" });
    return { kind: "checkpoint", output, lastAppliedId: lsn };
  }
  await range.addCheckpoint(lsn, payload);
  return { kind: "checkpoint", output: range.name, lastAppliedId: lsn };
}

/** Writes the entries of a log of durability: each stretch without a gap becomes one of its own, with the same ids. */
export async function* writeDurabilityLogs(
  events: Iterable<SalvageEvent>,
  out: Directory,
  version: DurabilityWalVersion,
): AsyncGenerator<SalvageNews, void, undefined> {
  const iterator = events[Symbol.iterator]();
  let step = iterator.next();
  while (step.done !== true) {
    const event = step.value;
    if (event.kind !== "entry" || event.id === undefined) {
      if (event.kind === "lost" || event.kind === "passed-over") yield event;
      step = iterator.next();
      continue;
    }
    const firstEntryId = event.id;
    let nextId = firstEntryId;
    const news: SalvageNews[] = [];
    // Pulls from the same events until one of them is an entry out of turn.
    const payloads = function* (): Generator<Uint8Array> {
      for (; step.done !== true; step = iterator.next()) {
        const each = step.value;
        if (each.kind === "lost" || each.kind === "passed-over") news.push(each);
        if (each.kind !== "entry") continue;
        if (each.id !== nextId) return;
        nextId++;
        yield each.payload;
      }
    };
    const name = `log-${firstEntryId}`;
    out.makeDirectory(name);
    out.syncNamesBlocking();
    const directory = out.directory(name);
    await appendToDurabilityLog({ directory, version, payloads: payloads(), firstEntryId });
    const records = nextId - firstEntryId;
    demand(name, verifyDurabilityLog({ directory, mode: "strict" }).entryCount, records);
    yield { kind: "salvaged", output: name, records, firstId: firstEntryId, lastId: nextId - 1 };
    yield* news;
  }
}

/** Writes the records of a record log of durability: those behind damage into files of their own, because nothing numbers them. */
export async function* writeDurabilityRecords(
  events: Iterable<SalvageEvent>,
  out: Directory,
  name: string,
): AsyncGenerator<SalvageNews, void, undefined> {
  let file: RecordFile | undefined;
  let part = 1;
  try {
    for (const event of events) {
      if (event.kind === "lost" || event.kind === "passed-over") yield event;
      if (event.kind !== "entry") continue;
      if (file === undefined || event.isBehindDamage) {
        if (file !== undefined) yield await file.finish();
        file = new RecordFile(out, part === 1 ? name : `${name}.part-${part}`);
        part++;
      }
      file.append(event);
    }
    if (file !== undefined) yield await file.finish();
  } finally {
    file?.discard();
  }
}

class RecordFile {
  readonly #out: Directory;
  readonly #name: string;
  readonly #staged: ReturnType<typeof stageFile>;
  #parts: Uint8Array[] = [encodeRecordLogHeader()];
  #bytes = 0;
  #records = 0;

  constructor(out: Directory, name: string) {
    this.#out = out;
    this.#name = name;
    this.#staged = stageFile(out, name);
  }

  append({ payload }: SalvagedEntry): void {
    const bytes = encodeLogRecord(payload);
    this.#parts.push(bytes);
    this.#bytes += bytes.length;
    this.#records++;
    if (this.#bytes >= bufferBytes) this.#write();
  }

  async finish(): Promise<Salvaged> {
    this.#write();
    await this.#staged.publish({ rung: "full" });
    const handle = this.#out.open(this.#name, { mode: "read" });
    try {
      const source = { sizeBytes: handle.stat().size, readAt: handle.readAt.bind(handle) };
      // Empty records at the very end cannot be told from zeros, and were not taken for records.
      demand(this.#name, walkRecordLog(source).recordCount, this.#records);
    } finally {
      handle.close();
    }
    return { kind: "salvaged", output: this.#name, records: this.#records, firstId: null, lastId: null };
  }

  discard(): void {
    this.#staged.discard();
  }

  #write(): void {
    this.#staged.handle.append(Buffer.concat(this.#parts));
    this.#parts = [];
    this.#bytes = 0;
  }
}

function demand(output: string, found: number, written: number): void {
  if (found === written) return;
  throw new CliError("CLI_FILE_UNWRITABLE", `${output} has ${written} records, and ${found} of them read back`);
}

/** What the system said while the destination was written, as a refusal. */
export function explainWriteError(error: unknown, out: string): unknown {
  if (!isFsError(error)) return error;
  return fileRefusal("CLI_FILE_UNWRITABLE", out, `cannot be written (${error.message}); it is incomplete`, error);
}
