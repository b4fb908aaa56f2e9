import { hex } from "./batpak.js";

/** One row of an index file that the reference keeps beside its segments, spelled as text. */
export interface IndexRow {
  readonly eventId: string;
  readonly correlationId: string;
  readonly causationId: string | undefined;
  readonly entity: string;
  readonly scope: string;
  readonly kind: number;
  readonly wallMs: bigint;
  readonly clock: number;
  readonly lane: number;
  readonly depth: number;
  readonly previousHash: string;
  readonly eventHash: string;
  readonly segment: bigint;
  readonly frameOffset: number;
  readonly frameLength: number;
  readonly globalSequence: bigint;
}

const PREFIX_BYTES = 12; // magic, version, checksum
const TAIL_BYTES = 60;
const ROW_BYTES = 218;

/** `index.fbati`, version 5: a row of a footer with the segment put in, and where its extensions lie. */
export function readIndexFbati(bytes: Uint8Array): readonly IndexRow[] {
  const view = new DataView(bytes.buffer);
  const tail = (at: number): number => Number(view.getBigUint64(PREFIX_BYTES + at, true));
  const [stringBytes, summaryBytes, extensionBytes] = [tail(36), tail(44), tail(52)];
  const count = tail(28);
  const names = unpack(bytes.subarray(PREFIX_BYTES + TAIL_BYTES, PREFIX_BYTES + TAIL_BYTES + stringBytes)) as string[]; // a table of strings
  const start = PREFIX_BYTES + TAIL_BYTES + stringBytes + summaryBytes + extensionBytes;
  if (start + count * ROW_BYTES !== bytes.length) throw new Error("this is no index.fbati of version 5");
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * ROW_BYTES;
    const id = (offset: number): string => hex(bytes.slice(at + offset, at + offset + 16).reverse());
    const hash = (offset: number): string => hex(bytes.subarray(at + offset, at + offset + 32));
    const u32 = (offset: number): number => view.getUint32(at + offset, true);
    const u64 = (offset: number): bigint => view.getBigUint64(at + offset, true);
    return {
      eventId: id(0),
      entity: names[u32(16)] ?? "",
      scope: names[u32(20)] ?? "",
      kind: view.getUint16(at + 24, true),
      wallMs: u64(26),
      clock: u32(34),
      lane: u32(38),
      depth: u32(42),
      previousHash: hash(46),
      eventHash: hash(78),
      segment: u64(110),
      frameOffset: Number(u64(118)),
      frameLength: u32(126),
      globalSequence: u64(130),
      correlationId: id(138),
      causationId: noneIfZero(id(154)),
    };
  });
}

/** `index.ckpt`, version 6: a map whose `entries` are maps. */
export function readIndexCkpt(bytes: Uint8Array): readonly IndexRow[] {
  const whole = unpack(bytes.subarray(PREFIX_BYTES)) as Packed;
  const names = whole["interner_strings"] as string[];
  return (whole["entries"] as Packed[]).map((entry) => ({
    eventId: hex(entry["event_id"] as Uint8Array),
    correlationId: hex(entry["correlation_id"] as Uint8Array),
    causationId: entry["causation_id"] === null ? undefined : noneIfZero(hex(entry["causation_id"] as Uint8Array)),
    entity: names[Number(entry["entity_id"])] ?? "",
    scope: names[Number(entry["scope_id"])] ?? "",
    kind: Number(entry["kind"]),
    wallMs: BigInt(entry["wall_ms"] as number),
    clock: Number(entry["clock"]),
    lane: Number(entry["dag_lane"]),
    depth: Number(entry["dag_depth"]),
    previousHash: hex(Uint8Array.from(entry["prev_hash"] as number[])),
    eventHash: hex(Uint8Array.from(entry["event_hash"] as number[])),
    segment: BigInt(entry["segment_id"] as number),
    frameOffset: Number(entry["offset"]),
    frameLength: Number(entry["length"]),
    globalSequence: BigInt(entry["global_sequence"] as number),
  }));
}

/** Maps of the reference by their field names; a cast names the type that the format gives a field. */
type Packed = Readonly<Record<string, unknown>>;

function noneIfZero(id: string): string | undefined {
  return /^0*$/.test(id) ? undefined : id;
}

/** The part of MessagePack that the reference writes. */
function unpack(bytes: Uint8Array): unknown {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const uint = (width: number): number => {
    let value = 0;
    for (let left = width; left > 0; left--) value = value * 256 + view.getUint8(at++);
    return value;
  };
  const raw = (size: number): Uint8Array => bytes.slice(at, (at += size));
  const text = (size: number): string => Buffer.from(raw(size)).toString("utf8");
  const list = (size: number): unknown[] => Array.from({ length: size }, () => value());
  const map = (size: number): Packed =>
    Object.fromEntries(Array.from({ length: size }, () => [String(value()), value()]));
  const value = (): unknown => {
    const tag = uint(1);
    if (tag < 0x80) return tag;
    if (tag < 0x90) return map(tag - 0x80);
    if (tag < 0xa0) return list(tag - 0x90);
    if (tag < 0xc0) return text(tag - 0xa0);
    if (tag >= 0xe0) return tag - 0x100;
    if (tag === 0xc0) return null;
    if (tag === 0xc2 || tag === 0xc3) return tag === 0xc3;
    if (tag === 0xc4) return raw(uint(1));
    if (tag >= 0xcc && tag <= 0xcf) return uint(1 << (tag - 0xcc));
    if (tag >= 0xd9 && tag <= 0xdb) return text(uint(1 << (tag - 0xd9)));
    if (tag === 0xdc || tag === 0xdd) return list(uint(tag === 0xdc ? 2 : 4));
    if (tag === 0xde || tag === 0xdf) return map(uint(tag === 0xde ? 2 : 4));
    throw new Error(`tag ${tag} at ${at}`);
  };
  return value();
}
