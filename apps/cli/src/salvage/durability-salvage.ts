import { CodecError, peekUint64, readExactly, type ByteSource } from "@holdfast/segment-codec";
import {
  durabilityEntries,
  durabilityRecords,
  encodeDurabilitySegmentHeader,
  encodeRecordLogHeader,
  type DurabilityWalVersion,
} from "@holdfast/wal/durability";
import { CliError } from "../cli-error.js";
import { durabilitySegmentId } from "../inspect/durability-name.js";
import type { Folder, Sibling } from "../inspect/file-format.js";
import type { Lost, SalvageEvent } from "./salvage-event.js";

/**
 * What verifies in files of durability, behind damage too: each frame has a checksum of its own, so the reader of a whole file is given
 * the rest of one behind a header that fits.
 */

const segmentHeaderBytes = 24;
const recordLogHeaderBytes = 8;
const entryHeaderBytes = 16;
/** Stretches of damage in one file; each costs a search through the rest of it. */
const maxHoles = 256;

/** Everything that verifies in the segments of a log, by ascending number. @param prefix - of their names in the report. */
export function* salvageDurabilityLog(folder: Folder, prefix: string): Generator<SalvageEvent, void, undefined> {
  const segments = folder.siblings
    .flatMap((sibling) => {
      const segmentId = durabilitySegmentId(sibling.name);
      return segmentId === undefined ? [] : [{ sibling, segmentId }];
    })
    .sort((one, other) => one.segmentId - other.segmentId);
  const due: Due = { id: undefined };
  for (const { sibling, segmentId } of segments) {
    yield* guarded(sibling, `${prefix}${sibling.name}`, (source, file) => segmentEvents(source, file, segmentId, due));
  }
}

/** Everything that verifies in a record log. */
export function* salvageDurabilityRecords(sibling: Sibling): Generator<SalvageEvent, void, undefined> {
  yield* guarded(sibling, sibling.name, recordEvents);
}

interface Due {
  /** Id of the next entry; undefined before the first. */
  id: number | undefined;
}

function* guarded(
  sibling: Sibling,
  file: string,
  events: (source: ByteSource, file: string) => Generator<SalvageEvent, void, undefined>,
): Generator<SalvageEvent, void, undefined> {
  try {
    const source = sibling.open();
    try {
      yield* events(source, file);
    } finally {
      source.close();
    }
  } catch (error) {
    if (!(error instanceof CliError) && !(error instanceof CodecError)) throw error;
    yield lost(file, 0, 0, error.code, error.message);
  }
}

function* segmentEvents(
  source: ByteSource,
  file: string,
  segmentId: number,
  due: Due,
): Generator<SalvageEvent, void, undefined> {
  const { sizeBytes } = source;
  let view: ByteSource | undefined = source;
  /** Offset in the file of what the view has at 0. */
  let shift = 0;
  let isBehindDamage = false;
  let hole: Lost | undefined;
  let version: DurabilityWalVersion | undefined;
  for (let holes = 0; view !== undefined; holes++) {
    const walk = durabilityEntries(view, { segmentId });
    let step = walk.next();
    for (; step.done !== true; step = walk.next()) {
      const { entryId, payload } = step.value;
      if (due.id !== undefined && entryId < due.id) continue;
      const missing = due.id !== undefined && entryId > due.id ? { firstId: due.id, lastId: entryId - 1 } : undefined;
      if (missing !== undefined) {
        const place = hole ?? lost(null, 0, 0, "INSPECT_SEGMENT_MISSING", "no file holds these entries");
        yield { ...place, ...missing };
      } else if (hole !== undefined) yield hole;
      hole = undefined;
      due.id = entryId + 1;
      yield { kind: "entry", id: entryId, payload, isBehindDamage };
      isBehindDamage = false;
    }
    if (hole !== undefined) yield hole;
    const { end, header } = step.value;
    version ??= header?.version;
    due.id ??= header?.startEntryId;
    if (end.kind === "clean" || end.kind === "zeros") return;
    const offset = end.endOffset + shift;
    // A header that is none says nothing about the entries behind it.
    const resumeAt: number | undefined =
      laterOffset(end, shift, header === undefined && shift === 0) ??
      (end.kind === "corrupt" && offset > 0 ? searchFrom(source, offset + 1, segmentId) : undefined);
    const code = end.kind === "torn" ? "WAL_TORN" : end.code;
    const reason = end.kind === "torn" ? `no sound entry (${end.reason})` : end.message;
    hole = lost(file, offset, (resumeAt ?? sizeBytes) - offset, code, reason);
    isBehindDamage = true;
    const resumed: ResumedView | undefined =
      resumeAt === undefined || holes >= maxHoles ? undefined : resumeView(source, resumeAt, segmentId, version, due);
    if (resumed === undefined) {
      yield lost(file, offset, sizeBytes - offset, code, reason);
      return;
    }
    view = resumed.view;
    shift = resumed.shift;
  }
}

function laterOffset(
  end: { readonly kind: string; readonly endOffset: number; readonly laterOffset?: number | undefined },
  shift: number,
  isHeaderless: boolean,
): number | undefined {
  if (end.laterOffset !== undefined) return end.laterOffset + shift;
  return isHeaderless ? segmentHeaderBytes : undefined;
}

/** Where the next sound entry is, behind one that is sound and out of turn. */
function searchFrom(source: ByteSource, at: number, segmentId: number): number | undefined {
  if (source.sizeBytes - at < entryHeaderBytes) return undefined;
  const header = encodeDurabilitySegmentHeader({ version: 3, startEntryId: 1, segmentId });
  const step = durabilityEntries(behind(header, source, at), { segmentId }).next();
  if (step.done !== true) return at;
  const { end } = step.value;
  return end.kind === "corrupt" && end.laterOffset !== undefined ? end.laterOffset + at - header.length : undefined;
}

interface ResumedView {
  readonly view: ByteSource;
  readonly shift: number;
}

/** The rest of a segment behind a header of its own, when an entry that can stand there begins it. */
function resumeView(
  source: ByteSource,
  at: number,
  segmentId: number,
  version: DurabilityWalVersion | undefined,
  due: Due,
): ResumedView | undefined {
  if (source.sizeBytes - at < entryHeaderBytes) return undefined;
  const bytes = new Uint8Array(12);
  readExactly(source, bytes, at);
  const startEntryId = peekUint64(new DataView(bytes.buffer), 4);
  if (startEntryId < 1) return undefined;
  // Version 2 has the id under no checksum: it must be one that can stand there.
  const most = source.sizeBytes / entryHeaderBytes;
  if (due.id !== undefined && (startEntryId < due.id || startEntryId - due.id > most)) return undefined;
  for (const each of version === 2 ? ([2, 3] as const) : ([3, 2] as const)) {
    const header = encodeDurabilitySegmentHeader({ version: each, startEntryId, segmentId });
    const view = behind(header, source, at);
    const first = durabilityEntries(view, { segmentId }).next();
    if (first.done !== true) return { view, shift: at - header.length };
  }
  return undefined;
}

function* recordEvents(source: ByteSource, file: string): Generator<SalvageEvent, void, undefined> {
  const header = encodeRecordLogHeader();
  let view: ByteSource = source;
  let shift = 0;
  let isBehindDamage = false;
  for (let holes = 0; ; holes++) {
    const walk = durabilityRecords(view);
    let step = walk.next();
    let count = 0;
    for (; step.done !== true; step = walk.next(), count++) {
      yield { kind: "entry", id: undefined, payload: step.value.payload, isBehindDamage };
      isBehindDamage = false;
    }
    const { end } = step.value;
    if (end.kind === "clean" || end.kind === "zeros") return;
    const offset = end.endOffset + shift;
    const isHeaderless = end.endOffset === 0;
    const resumeAt = laterOffset(end, shift, isHeaderless && shift === 0);
    const isStuck = count === 0 && shift !== 0;
    const rest = resumeAt === undefined || isStuck || holes >= maxHoles ? undefined : resumeAt;
    const code = end.kind === "torn" ? "WAL_TORN" : end.code;
    const reason = end.kind === "torn" ? `no sound record (${end.reason})` : end.message;
    yield lost(file, offset, (rest ?? source.sizeBytes) - offset, code, reason);
    if (rest === undefined) return;
    const at = isHeaderless && shift === 0 ? recordLogHeaderBytes : rest;
    view = behind(header, source, at);
    shift = at - header.length;
    isBehindDamage = true;
  }
}

/** The bytes of `source` from `at` on, behind others. */
function behind(header: Uint8Array, source: ByteSource, at: number): ByteSource {
  return {
    sizeBytes: header.length + source.sizeBytes - at,
    readAt(target, offset) {
      const own = header.subarray(offset, offset + target.length);
      target.set(own);
      if (own.length === target.length) return own.length;
      return own.length + source.readAt(target.subarray(own.length), offset + own.length - header.length + at);
    },
  };
}

function lost(file: string | null, offset: number, length: number, code: string, reason: string): Lost {
  return { kind: "lost", file, offset, length, firstId: null, lastId: null, code, reason };
}
