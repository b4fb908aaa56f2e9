import { peekUint64, writeUint64 } from "@holdfast/segment-codec";
import { HASH_BYTES, ID_BYTES, SDX3_ROW_BYTES, rowAt } from "./sdx3-layout.js";

/** What a batpak footer says about one event. Bytes in a decoded row belong to the caller. */
export interface Sdx3Row {
  /** 16 bytes, big-endian as in the frame; the footer has them the other way around. */
  readonly eventId: Uint8Array;
  /** 16 bytes, big-endian as in the frame. */
  readonly correlationId: Uint8Array;
  /** Undefined for none, which the footer stores as 16 zeros. */
  readonly causationId: Uint8Array | undefined;
  /** What the event is about. */
  readonly entity: string;
  /** What it belongs to. */
  readonly scope: string;
  /** What the event is: 16 bits. */
  readonly kind: number;
  /** Milliseconds, 64 bits without sign. */
  readonly wallMs: bigint;
  /** Number of the event in its entity and lane, from 0. */
  readonly clock: number;
  /** Which of the streams of its entity. */
  readonly lane: number;
  /** How deep in a chain of causes. */
  readonly depth: number;
  /** Hash of the event before it in its stream, 32 bytes. */
  readonly previousHash: Uint8Array;
  /** Hash of the event, 32 bytes. */
  readonly eventHash: Uint8Array;
  /** Where the frame begins in the file. */
  readonly frameOffset: number;
  /** With the 8 bytes of the frame's header. */
  readonly frameLength: number;
  /** Number of the event in its store, 64 bits without sign: the one thing that no frame says. */
  readonly globalSequence: bigint;
}

/** The numbers that stand for names in a row. */
export interface RowNames {
  readonly entity: number;
  readonly scope: number;
}

/** Writes `row` at `at`; the caller has checked its fields and made room. */
export function writeRow(bytes: Uint8Array, view: DataView, at: number, row: Sdx3Row, names: RowNames): void {
  bytes.fill(0, at, at + SDX3_ROW_BYTES);
  writeReversed(bytes, at + rowAt.eventId, row.eventId);
  view.setUint32(at + rowAt.entity, names.entity, true);
  view.setUint32(at + rowAt.scope, names.scope, true);
  view.setUint16(at + rowAt.kind, row.kind, true);
  view.setBigUint64(at + rowAt.wallMs, row.wallMs, true);
  view.setUint32(at + rowAt.clock, row.clock, true);
  view.setUint32(at + rowAt.lane, row.lane, true);
  view.setUint32(at + rowAt.depth, row.depth, true);
  bytes.set(row.previousHash, at + rowAt.previousHash);
  bytes.set(row.eventHash, at + rowAt.eventHash);
  writeUint64(view, at + rowAt.frameOffset, row.frameOffset);
  view.setUint32(at + rowAt.frameLength, row.frameLength, true);
  view.setBigUint64(at + rowAt.globalSequence, row.globalSequence, true);
  writeReversed(bytes, at + rowAt.correlationId, row.correlationId);
  if (row.causationId !== undefined) writeReversed(bytes, at + rowAt.causationId, row.causationId);
}

/** Reads the row at `at`, whose numbers the caller has checked. */
export function readRow(bytes: Uint8Array, view: DataView, at: number, names: readonly string[]): Sdx3Row {
  const causationId = readReversed(bytes, at + rowAt.causationId);
  return {
    eventId: readReversed(bytes, at + rowAt.eventId),
    correlationId: readReversed(bytes, at + rowAt.correlationId),
    causationId: causationId.every((byte) => byte === 0) ? undefined : causationId,
    entity: names[view.getUint32(at + rowAt.entity, true)] ?? "",
    scope: names[view.getUint32(at + rowAt.scope, true)] ?? "",
    kind: view.getUint16(at + rowAt.kind, true),
    wallMs: view.getBigUint64(at + rowAt.wallMs, true),
    clock: view.getUint32(at + rowAt.clock, true),
    lane: view.getUint32(at + rowAt.lane, true),
    depth: view.getUint32(at + rowAt.depth, true),
    previousHash: bytes.slice(at + rowAt.previousHash, at + rowAt.previousHash + HASH_BYTES),
    eventHash: bytes.slice(at + rowAt.eventHash, at + rowAt.eventHash + HASH_BYTES),
    frameOffset: peekUint64(view, at + rowAt.frameOffset),
    frameLength: view.getUint32(at + rowAt.frameLength, true),
    globalSequence: view.getBigUint64(at + rowAt.globalSequence, true),
  };
}

function writeReversed(target: Uint8Array, at: number, id: Uint8Array): void {
  for (let index = 0; index < ID_BYTES; index++) target[at + index] = id[ID_BYTES - 1 - index] ?? 0;
}

function readReversed(source: Uint8Array, at: number): Uint8Array {
  return source.slice(at, at + ID_BYTES).reverse();
}
