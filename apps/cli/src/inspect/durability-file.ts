import { readUint64, type ByteSource } from "@holdfast/segment-codec";
import {
  decodeDurabilityCheckpoint,
  durabilityEntries,
  durabilityRecords,
  type DurabilityEnd,
  type DurabilitySegmentWalk,
} from "@holdfast/wal/durability";
import { WalError } from "@holdfast/wal";
import { DurabilityDirectory } from "./durability-directory.js";
import { durabilityDigits, durabilitySegmentId } from "./durability-name.js";
import type { FileFormat, InspectedFile } from "./file-format.js";
import { damage, type Line } from "./line.js";

/** Files of the crate durability: docs/formats/durability.md. */

const segmentHeaderBytes = 24;
const entryHeaderBytes = 16;
const recordHeaderBytes = 8;
const checkpointHeaderBytes = 28;

/** Segments of its WAL, in a directory with the others. */
export const durabilitySegmentFormat: FileFormat = {
  recognise: (head, name) => begins(head, "VWAL", [2, 3]) || durabilityDigits(name) !== undefined,

  isHeader: (head) => head.length >= segmentHeaderBytes && isExactly(head, "VWAL", [2, 3]),

  *lines(file) {
    const { name, source, folder, head } = file;
    const named = durabilitySegmentId(name);
    const segmentId = named ?? claimedId(head, 16);
    if (named === undefined && durabilityDigits(name) !== undefined) {
      const reason = "a name that no writer of the log gives, and that its readers take for a segment";
      yield damage("corrupt", { offset: 0, endOffset: 0 }, "INSPECT_MISNAMED", reason);
    }
    if (segmentId === undefined) {
      const reason = "the header has no number of a segment, and neither has the name";
      yield damage("corrupt", all(source), "WAL_CORRUPT", reason);
      return;
    }
    const log = named === undefined ? undefined : DurabilityDirectory.of(folder);
    if (log?.lacksPredecessor(segmentId) === true) {
      const reason = `segment ${segmentId - 1} is missing before it`;
      yield damage("corrupt", { offset: 0, endOffset: 0 }, "INSPECT_SEGMENT_MISSING", reason);
    }
    const last = log?.isLast(segmentId) ?? true;
    const nextEntryId = log?.dueAt(segmentId);
    const walk = yield* entryLines(file, { segmentId, last, nextEntryId });
    const { header, entryCount, end } = walk;
    const isEndKnown = header !== undefined && end.kind !== "corrupt";
    log?.note(segmentId, isEndKnown ? header.startEntryId + entryCount : undefined);
    if (end.kind === "zeros" && !last) {
      yield { kind: "padding", offset: end.endOffset, length: end.zeroBytes, fields: {} };
    } else yield* endLines(end, source);
  },
};

interface Place {
  readonly segmentId: number;
  readonly last: boolean;
  readonly nextEntryId: number | undefined;
}

/** The header, when there is one, and the entries; what it returns says how they end. */
function* entryLines(file: InspectedFile, place: Place): Generator<Line, DurabilitySegmentWalk, undefined> {
  const { source, head } = file;
  const walk = durabilityEntries(source, place);
  let step = walk.next();
  if (step.done === true) {
    const { header, end } = step.value;
    if (header === undefined) return step.value;
    if (end.kind === "corrupt" && end.endOffset === 0) {
      // It does not go on where the segment before it ends; what it holds is told all the same.
      yield damage("corrupt", { offset: 0, endOffset: segmentHeaderBytes }, end.code, end.message);
      return yield* entryLines(file, { ...place, nextEntryId: undefined });
    }
    yield headerLine(head);
    return step.value;
  }
  yield headerLine(head);
  for (; step.done !== true; step = walk.next()) {
    const { offset, entryId, payload } = step.value;
    const fields = { id: BigInt(entryId), payload };
    yield { kind: "entry", offset, length: entryHeaderBytes + payload.length, fields };
  }
  return step.value;
}

function headerLine(head: Uint8Array): Line {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const [firstEntryId, segment] = [view.getBigUint64(8, true), view.getBigUint64(16, true)];
  const fields = { format: "VWAL", version: view.getUint32(4, true), segment, firstEntryId };
  return { kind: "segment-header", offset: 0, length: segmentHeaderBytes, fields };
}

/** Its record logs: one file of any name. */
export const durabilityRecordLogFormat: FileFormat = {
  recognise: (head) => begins(head, "VRLG", [1]),

  isHeader: (head) => isExactly(head, "VRLG", [1]),

  *lines({ source, head }) {
    const walk = durabilityRecords(source);
    let step = walk.next();
    const isBegun = step.done !== true || step.value.end.endOffset >= recordHeaderBytes;
    if (isBegun && isExactly(head, "VRLG", [1])) {
      yield { kind: "segment-header", offset: 0, length: recordHeaderBytes, fields: { format: "VRLG", version: 1 } };
    }
    for (; step.done !== true; step = walk.next()) {
      const { offset, payload } = step.value;
      yield { kind: "record", offset, length: recordHeaderBytes + payload.length, fields: { payload } };
    }
    yield* endLines(step.value.end, source);
  },
};

/** Its checkpoints: one file of any name. */
export const durabilityCheckpointFormat: FileFormat = {
  recognise: (head) => begins(head, "VCKP", [1, 2]),

  isHeader: (head) => head.length >= checkpointHeaderBytes && isExactly(head, "VCKP", [1, 2]),

  *lines({ source, head }) {
    const version = head.length >= 8 ? versionOf(head) : 0;
    const common = { format: "VCKP", version };
    const place = { offset: 0, length: source.sizeBytes };
    try {
      const { lastAppliedId, payload } = decodeDurabilityCheckpoint(source);
      const fields = { ...common, lastAppliedId: BigInt(lastAppliedId), payload, sound: true };
      yield { kind: "checkpoint", ...place, fields };
    } catch (error) {
      if (!(error instanceof WalError)) throw error;
      const verdict = error.code === "WAL_UNSUPPORTED" ? "unreadable" : "corrupt";
      yield damage(verdict, all(source), error.code, error.message);
      if (head.length < checkpointHeaderBytes || verdict === "unreadable") return;
      const claimed = new DataView(head.buffer, head.byteOffset).getBigUint64(8, true);
      yield { kind: "checkpoint", ...place, fields: { ...common, lastAppliedId: claimed, sound: false } };
    }
  },
};

function* endLines(end: DurabilityEnd, { sizeBytes }: ByteSource): Generator<Line, void, undefined> {
  const rest = { offset: end.endOffset, endOffset: sizeBytes };
  switch (end.kind) {
    case "clean":
      return;
    case "zeros":
      yield damage(
        "torn",
        rest,
        "WAL_TORN",
        "zeros up to the end: space that was set aside, or what never reached the disk",
      );
      return;
    case "torn": {
      const reason = `${end.reason}, and no sound frame follows: what a crash leaves, or damage to the last frame`;
      yield damage("torn", rest, "WAL_TORN", reason);
      return;
    }
    case "corrupt":
      yield damage(end.code === "WAL_UNSUPPORTED" ? "unreadable" : "corrupt", rest, end.code, end.message);
  }
}

function all({ sizeBytes }: ByteSource): { readonly offset: number; readonly endOffset: number } {
  return { offset: 0, endOffset: sizeBytes };
}

/** Begins with the magic, or with a part of it that is the whole file, or with one of a known version in which a byte or two bits are damaged. */
function begins(head: Uint8Array, magic: string, versions: readonly number[]): boolean {
  const expected = Buffer.from(magic, "latin1");
  if (head.length < 2) return false;
  if (expected.subarray(0, head.length).equals(head.subarray(0, 4))) return true;
  if (head.length < 8 || !versions.includes(versionOf(head))) return false;
  let [bytesDiffering, bitsDiffering] = [0, 0];
  for (const [index, byte] of expected.entries()) {
    let bits = byte ^ (head[index] ?? 0);
    if (bits !== 0) bytesDiffering++;
    for (; bits !== 0; bits &= bits - 1) bitsDiffering++;
  }
  return bytesDiffering <= 1 || bitsDiffering <= 2;
}

function isExactly(head: Uint8Array, magic: string, versions: readonly number[]): boolean {
  if (head.length < 8 || !versions.includes(versionOf(head))) return false;
  return Buffer.from(magic, "latin1").equals(head.subarray(0, 4));
}

function versionOf(head: Uint8Array): number {
  return new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(4, true);
}

function claimedId(head: Uint8Array, at: number): number | undefined {
  if (head.length < at + 8) return undefined;
  try {
    const id = readUint64(new DataView(head.buffer, head.byteOffset, head.byteLength), at);
    return id < 1 ? undefined : id;
  } catch {
    return undefined; // above 2^53-1
  }
}
