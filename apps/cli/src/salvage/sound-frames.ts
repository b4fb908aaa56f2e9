import {
  ByteWindow,
  FRAME_HEADER_BYTES,
  FrameCursor,
  crc32,
  readExactly,
  type ByteSource,
  type FramePosition,
  type FrameStop,
  type SegmentHeader,
} from "@holdfast/segment-codec";

/**
 * Every frame of one segment that verifies, behind damage too. A frame is taken for sound when its header's checksum holds, which only
 * this segment can have written, and its chain continues the chain that is stored in the frame before it. So a frame right behind
 * damage counts when the damage has left the four bytes of the chain before it, and otherwise the next one does.
 */

/** Bytes between two sound frames, or behind the last one. */
export interface Hole {
  readonly kind: "hole";
  readonly offset: number;
  readonly endOffset: number;
  readonly reason: FrameStop;
  readonly zeros: boolean;
}

/** A sound frame: the cursor stands on it, and its payload is lent until the next one is asked for. */
export interface SoundFrame {
  readonly kind: "frame";
  readonly cursor: FrameCursor;
}

export interface FrameRange {
  /** Where the first frame should be; undefined when nobody knows, and the search begins at the offset. */
  readonly start: FramePosition | undefined;
  readonly offset: number;
  readonly endOffset: number;
  /** Frames from this LSN on do not count: a later segment has taken over. */
  readonly untilLsn: number;
  /** LSN below which no frame behind damage counts. */
  readonly fromLsn: number;
}

const windowBytes = 0x1_0000;
const alignment = 8;
const twoTo32 = 0x1_0000_0000;
/** How often the bytes of a file may be read to no purpose, before the rest of it is given up: forged headers must not cost more. */
const maxVainReads = 8;

/**
 * @throws what the source throws.
 */
export function* soundFrames(
  source: ByteSource,
  segment: SegmentHeader,
  { start, offset, endOffset, untilLsn, fromLsn }: FrameRange,
): Generator<SoundFrame | Hole, void, undefined> {
  const search = new FrameSearch(source, segment, endOffset, untilLsn);
  let from = start;
  let holeAt = offset;
  let due = start?.nextLsn ?? fromLsn;
  let reason: FrameStop = "bad-header";
  for (;;) {
    if (from !== undefined) {
      const cursor = new FrameCursor(source, segment, { from, endOffset });
      while (cursor.next()) {
        if (cursor.lsn >= untilLsn) return;
        yield { kind: "frame", cursor };
      }
      if (cursor.stop === "end" || cursor.nextLsn >= untilLsn) return;
      ({ endOffset: holeAt, nextLsn: due } = cursor);
      reason = cursor.stop ?? reason;
    }
    from = search.next(holeAt, due);
    const end = from?.offset ?? endOffset;
    const zeros = isZero(source, holeAt, end);
    if (end > holeAt) yield { kind: "hole", offset: holeAt, endOffset: end, reason, zeros };
    if (from === undefined) return;
  }
}

/** LSN of the first frame whose header is sound, verified or not; undefined without one. */
export function firstFrameLsn(source: ByteSource, segment: SegmentHeader, offset: number): number | undefined {
  const search = new FrameSearch(source, segment, source.sizeBytes, Number.MAX_SAFE_INTEGER);
  for (const { lsn } of search.candidates(offset, 1)) return lsn;
  return undefined;
}

interface Candidate {
  readonly offset: number;
  readonly lsn: number;
  /** What it stores as its own chain: the next frame continues it. */
  readonly chain: number;
}

/** The search for the next frame that can be verified. */
class FrameSearch {
  readonly #source: ByteSource;
  readonly #segment: SegmentHeader;
  readonly #endOffset: number;
  readonly #untilLsn: number;
  #vainBytes = 0;

  constructor(source: ByteSource, segment: SegmentHeader, endOffset: number, untilLsn: number) {
    this.#source = source;
    this.#segment = segment;
    this.#endOffset = endOffset;
    this.#untilLsn = untilLsn;
  }

  next(offset: number, nextLsn: number): FramePosition | undefined {
    // The frame that should begin here may have lost everything but its chain.
    let chain = this.#chainAt(offset);
    for (const found of this.candidates(offset, nextLsn)) {
      if (this.#vainBytes > maxVainReads * this.#source.sizeBytes) return undefined;
      const position = { offset: found.offset, nextLsn: found.lsn, chain };
      if (found.offset > offset && this.#verifies(position)) return position;
      ({ chain } = found);
    }
    return undefined;
  }

  #verifies(from: FramePosition): boolean {
    const cursor = new FrameCursor(this.#source, this.#segment, {
      from,
      endOffset: this.#endOffset,
      windowBytes: 4096,
    });
    const verifies = cursor.next();
    if (!verifies) this.#vainBytes += windowBytes + this.#claimedBytes(from.offset);
    return verifies;
  }

  #claimedBytes(offset: number): number {
    const bytes = new Uint8Array(alignment);
    readExactly(this.#source, bytes, offset);
    const claimed = new DataView(bytes.buffer).getUint32(4, true);
    return claimed <= this.#endOffset - offset ? claimed : 0; // what does not fit was not read
  }

  #chainAt(offset: number): number {
    if (this.#endOffset - offset < 4) return 0;
    const bytes = new Uint8Array(4);
    readExactly(this.#source, bytes, offset);
    return new DataView(bytes.buffer).getUint32(0, true);
  }

  /** Places where the header of a frame is sound, in order. */
  *candidates(offset: number, nextLsn: number): Generator<Candidate> {
    const window = new ByteWindow(this.#source, windowBytes, this.#endOffset);
    const last = this.#endOffset - FRAME_HEADER_BYTES;
    for (let at = Math.ceil(offset / alignment) * alignment; at <= last;) {
      window.at(at, FRAME_HEADER_BYTES);
      const { bytes, start } = window;
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const lastHere = Math.min(last, window.end - FRAME_HEADER_BYTES);
      for (; at <= lastHere; at += alignment) {
        const local = at - start;
        if (view.getUint16(local + 8, true) === 0 || view.getUint32(local + 24, true) === 0) continue;
        const lsn = view.getUint32(local + 20, true) * twoTo32 + view.getUint32(local + 16, true);
        if (lsn < nextLsn || lsn - nextLsn >= twoTo32 || lsn > this.#untilLsn) continue;
        if (crc32(bytes, local + 4, local + 28, this.#segment.frameSeed) !== view.getUint32(local + 28, true)) continue;
        yield { offset: at, lsn, chain: view.getUint32(local, true) };
      }
    }
  }
}

function isZero(source: ByteSource, offset: number, endOffset: number): boolean {
  const window = new Uint8Array(Math.min(windowBytes, endOffset - offset));
  for (let at = offset; at < endOffset; at += window.length) {
    const part = window.subarray(0, Math.min(window.length, endOffset - at));
    readExactly(source, part, at);
    if (part.some((byte) => byte !== 0)) return false;
  }
  return true;
}
