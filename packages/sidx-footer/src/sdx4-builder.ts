import { MAX_PAYLOAD_BYTES, crc32 } from "@holdfast/segment-codec";
import { checkBytes, checkKeys, checkWhole } from "./option-check.js";
import { encodeFooter, type EncodedBlock } from "./sdx4-encoder.js";
import { encodeIndex } from "./sdx4-index.js";
import * as at from "./sdx4-layout.js";
import { RowCollector } from "./sdx4-row-collector.js";
import type { Sdx4Entry } from "./sdx4-row.js";
import type { SectionName } from "./sdx4-sections.js";
import { StringCollector, encodeString } from "./sdx4-strings.js";

/** How large a footer may become. */
export interface Sdx4BuilderOptions {
  /** Longer footers are refused. Bytes, default 256 MiB: the longest payload of a frame. */
  readonly maxBytes?: number;
}

/** What a footer says about the frames that its entries point at. */
export interface Sdx4Coverage {
  /** The entries cover the file up to here: where the frame of the footer will begin. */
  readonly coveredBytes: number;
  /** `crc` of the segment's header. */
  readonly segmentCrc: number;
  /** Chain of the last covered frame: what the encoder's `chain` is before the footer is appended. */
  readonly chain: number;
  /** Zeros to leave before the footer, for the header of its frame. Bytes, default 0. */
  readonly reserveBytes?: number;
}

const zeroBytes = new Uint8Array();

const coverageKeys: readonly (keyof Sdx4Coverage)[] = ["coveredBytes", "segmentCrc", "chain", "reserveBytes"];

/**
 * Gathers entries while frames are written and encodes the footer when the segment is sealed. A block of rows is encoded as
 * soon as it is full, so memory is that of the footer, of 8 bytes an entry for its indexes, and of the strings.
 */
export class Sdx4Builder {
  #rows = new RowCollector();
  #blocks: EncodedBlock[] = [];
  #strings = new StringCollector();
  #eventKeys = new Uint32Array(at.ROWS_PER_BLOCK);
  #entities = new Uint32Array(at.ROWS_PER_BLOCK);
  #entryCount = 0;
  #lastSequence = 0;
  #lastOffset = 0;
  #framesEnd = 0;
  #maxBytes: number;

  constructor(options: Sdx4BuilderOptions = {}) {
    checkKeys(options, ["maxBytes"], "Sdx4Builder");
    const { maxBytes = MAX_PAYLOAD_BYTES } = options;
    checkWhole(maxBytes, "maxBytes", at.TRAILER_BYTES, at.MAX_UINT32);
    this.#maxBytes = maxBytes;
  }

  /** Entries that were added. */
  get entryCount(): number {
    return this.#entryCount;
  }

  /**
   * Adds an entry behind all others.
   *
   * @param entry - copied.
   * @throws `TypeError` or `RangeError` that names the field when one is wrong, when the sequence is not above the last one or the
   * frame lies before the last one; the builder is as it was then.
   */
  add(entry: Sdx4Entry): void {
    checkEntry(entry);
    const { sequence, frameOffset, frameLength } = entry;
    const first = this.#entryCount === 0;
    checkWhole(sequence, "sequence", first ? 0 : this.#lastSequence + 1, Number.MAX_SAFE_INTEGER);
    checkWhole(frameOffset, "frameOffset", this.#lastOffset, Number.MAX_SAFE_INTEGER);
    checkWhole(frameOffset + frameLength, "the end of the frame", 0, Number.MAX_SAFE_INTEGER);
    let entity = this.#strings.find(entry.entity);
    let scope = this.#strings.find(entry.scope);
    if (entity === undefined || scope === undefined) {
      // Both are sound before either is stored.
      const entityBytes = entity === undefined ? encodeString(entry.entity, "entity") : zeroBytes;
      const scopeBytes = scope === undefined ? encodeString(entry.scope, "scope") : zeroBytes;
      entity = this.#strings.put(entry.entity, entityBytes);
      scope = this.#strings.put(entry.scope, scopeBytes);
    }
    if (this.#rows.isFull) {
      this.#blocks.push(this.#encodeRows());
      this.#rows.clear();
    }
    if (this.#entryCount === this.#eventKeys.length) {
      this.#eventKeys = doubled(this.#eventKeys);
      this.#entities = doubled(this.#entities);
    }
    this.#rows.add(entry, entity, scope);
    this.#entities[this.#entryCount] = entity;
    this.#entryCount += 1;
    this.#lastSequence = sequence;
    this.#lastOffset = frameOffset;
    this.#framesEnd = Math.max(this.#framesEnd, frameOffset + frameLength);
  }

  /** Encodes the entries of the block that is being filled, and writes down their keys. */
  #encodeRows(): EncodedBlock {
    const { eventIds, count } = this.#rows;
    const first = this.#entryCount - count;
    for (let row = 0; row < count; row++) {
      this.#eventKeys[first + row] = crc32(eventIds, row * at.ID_BYTES, (row + 1) * at.ID_BYTES);
    }
    return this.#rows.encode();
  }

  /**
   * Encodes the footer of what was added so far, a multiple of 8 bytes; more may be added afterwards.
   *
   * @returns bytes of the caller's: `reserveBytes` zeros and the footer.
   * @throws {@link SidxError} `SIDX_TOO_LARGE` when it is longer than `maxBytes`; `RangeError` when `coveredBytes` ends before
   * the last frame does.
   */
  encode(coverage: Sdx4Coverage): Uint8Array {
    checkKeys(coverage, coverageKeys, "encode");
    const { coveredBytes, segmentCrc, chain, reserveBytes = 0 } = coverage;
    checkWhole(coveredBytes, "coveredBytes", this.#framesEnd, Number.MAX_SAFE_INTEGER);
    checkWhole(segmentCrc, "segmentCrc", 0, at.MAX_UINT32);
    checkWhole(chain, "chain", 0, at.MAX_UINT32);
    checkWhole(reserveBytes, "reserveBytes", 0, at.MAX_UINT32);
    const [entryCount, stringCount] = [this.#entryCount, this.#strings.count];
    const rows = this.#rows.count === 0 ? this.#blocks : [...this.#blocks, this.#encodeRows()]; // before their index
    const sections: Readonly<Record<SectionName, readonly EncodedBlock[]>> = {
      rows,
      eventIds: encodeIndex(this.#eventKeys, entryCount),
      entities: encodeIndex(this.#entities, entryCount),
      strings: this.#strings.encode(),
      stringKeys: encodeIndex(this.#strings.keys(), stringCount),
    };
    const trailer = { coveredBytes, segmentCrc, chain, entryCount, stringCount };
    return encodeFooter(sections, trailer, { reserveBytes, maxBytes: this.#maxBytes });
  }
}

function checkEntry(entry: Sdx4Entry): void {
  checkWhole(entry.frameLength, "frameLength", 0, at.MAX_UINT32);
  checkWhole(entry.batchIndex, "batchIndex", 0, at.MAX_UINT32);
  checkWhole(entry.revision, "revision", 0, Number.MAX_SAFE_INTEGER);
  checkWhole(entry.lane, "lane", 0, at.MAX_UINT32);
  checkWhole(entry.depth, "depth", 0, at.MAX_UINT32);
  checkWhole(entry.kind, "kind", 0, at.MAX_UINT16);
  checkWhole(entry.timestampUs, "timestampUs", 0, Number.MAX_SAFE_INTEGER);
  checkWhole(entry.flags, "flags", 0, at.MAX_UINT16);
  const { eventId, hash, correlationId, causationId } = entry;
  checkBytes(eventId, "eventId", at.ID_BYTES);
  if (hash !== undefined) checkBytes(hash, "hash", at.HASH_BYTES);
  if (correlationId !== undefined) checkBytes(correlationId, "correlationId", at.ID_BYTES);
  if (causationId !== undefined) checkBytes(causationId, "causationId", at.ID_BYTES);
}

function doubled(words: Uint32Array): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(words.length * 2);
  larger.set(words);
  return larger;
}
