import {
  FRAME_HEADER_BYTES,
  inspectSegmentHeader,
  SEGMENT_HEADER_BYTES,
  type ByteSource,
  type SegmentHeader,
} from "@holdfast/segment-codec";
import { FrameView } from "@holdfast/segment-codec/frame-view";
import { corrupt, LsmError, type LsmErrorContext } from "../lsm-error.js";
import { plainBytes } from "../plain-bytes.js";
import { TABLE_CONTENT, TABLE_VERSION, TRAILER_FRAME_BYTES, tableFrameKinds, trailerAt } from "./table-layout.js";

/** Which table is expected, and how to speak of it. */
export interface TableIdentity {
  /** 16 bytes. */
  readonly databaseId: Uint8Array;
  /** Number of the table. */
  readonly tableNumber: number;
  /** Size of the file as the manifest has it. */
  readonly bytes?: number;
  /** Chain of the last frame as the manifest has it. */
  readonly chain?: number;
  /** Name of the file, for errors. */
  readonly file?: string;
}

/** Where a frame lies, and the chain before it, which is what it is checked against. */
export interface FramePlace {
  readonly offset: number;
  readonly bytes: number;
  readonly chainBefore: number;
}

/**
 * The frame of a table: header and trailer, and any frame whose place is known. Nothing is believed before its checksum is right, and nothing is
 * read or allocated before its place is known to be inside the file.
 */
export class TableFile {
  readonly source: ByteSource;
  readonly header: SegmentHeader;
  readonly properties: FramePlace;
  readonly index: FramePlace;
  readonly filter: FramePlace | undefined;
  /** Chain of the last frame. */
  readonly chain: number;
  readonly sizeBytes: number;
  readonly #view = new FrameView();
  readonly #name: Pick<LsmErrorContext, "file" | "tableNumber">;

  /**
   * Reads header and trailer.
   *
   * @throws {@link LsmError} `LSM_NOT_A_TABLE`, `LSM_WRONG_TABLE`, `LSM_CORRUPT`, `LSM_UNSUPPORTED`; what the source throws is passed on.
   */
  constructor(source: ByteSource, expected: TableIdentity) {
    this.source = source;
    this.sizeBytes = source.sizeBytes;
    this.#name = { file: expected.file, tableNumber: expected.tableNumber };
    if (expected.bytes !== undefined && this.sizeBytes !== expected.bytes) {
      throw this.corrupt(`has ${this.sizeBytes} bytes, not ${expected.bytes}`, 0, {
        expected: expected.bytes,
        actual: this.sizeBytes,
      });
    }
    this.header = this.#readHeader(expected);
    const offset = this.sizeBytes - TRAILER_FRAME_BYTES;
    if (offset < SEGMENT_HEADER_BYTES) throw this.corrupt("ends before its trailer", this.sizeBytes);
    const { payload, chain } = this.#readTrailer(offset);
    this.chain = chain;
    if (expected.chain !== undefined && chain !== expected.chain) {
      throw new LsmError("LSM_WRONG_TABLE", "the file is not the one that the manifest names", {
        ...this.#name,
        ...{ field: "chain", expected: expected.chain, actual: chain },
      });
    }
    const version = payload.getUint16(trailerAt.version, true);
    if (version !== TABLE_VERSION) {
      const context = { ...this.#name, offset, field: "version", expected: TABLE_VERSION, actual: version };
      throw new LsmError("LSM_UNSUPPORTED", `table format version ${version} is not known`, context);
    }
    const filter = this.#placeIn(payload, trailerAt.filter, offset);
    const index = this.#placeIn(payload, trailerAt.index, offset);
    const properties = this.#placeIn(payload, trailerAt.properties, offset);
    if (index === undefined || properties === undefined || payload.getUint16(trailerAt.zero, true) !== 0) {
      throw this.corrupt("has a trailer that no writer writes", offset);
    }
    // One behind the other, and the last ends where the trailer begins: no byte is left over.
    const isWhole =
      properties.offset + properties.bytes === offset &&
      index.offset + index.bytes === properties.offset &&
      (filter === undefined || filter.offset + filter.bytes === index.offset);
    if (!isWhole) throw this.corrupt("has sections that do not follow one another", offset);
    this.properties = properties;
    this.index = index;
    this.filter = filter;
  }

  /** Where data blocks have to end. */
  get dataEnd(): number {
    return (this.filter ?? this.index).offset;
  }

  /** What this table is called in errors. */
  get name(): Pick<LsmErrorContext, "file" | "tableNumber"> {
    return this.#name;
  }

  /** The payload of a frame without compression, in memory of its own. */
  readSection(place: FramePlace, kind: number): Uint8Array {
    const bytes = this.read(place.offset, place.bytes);
    const view = this.viewFrame(bytes, place, kind);
    if (view === undefined) throw this.corrupt("has a damaged section", place.offset);
    if (view.flags !== 0 || view.span !== 0) {
      throw this.corrupt("has a section with flags that no writer sets", place.offset);
    }
    return bytes.subarray(FRAME_HEADER_BYTES, FRAME_HEADER_BYTES + view.payloadBytes);
  }

  /** The frame that was read from `place` into `bytes`, lent until the next call; undefined unless it is sound and of this kind. */
  viewFrame(bytes: Uint8Array, place: FramePlace, kind: number): FrameView | undefined {
    const view = this.#view;
    if (place.bytes < FRAME_HEADER_BYTES) return undefined; // nobody has said yet that a place is as large as a frame
    const isExpected = view.load(bytes, 0, this.header) && view.bytes === place.bytes && view.kind === kind;
    return isExpected && view.isWhole(bytes, place.chainBefore) ? view : undefined;
  }

  /** Reads a range that is inside the file into `target`, or into memory of its own. */
  read(offset: number, length: number, target: Uint8Array = plainBytes(length)): Uint8Array {
    const got = this.source.readAt(target, offset);
    if (got !== length) throw this.corrupt(`gave ${got} of ${length} bytes`, offset, { expected: length, actual: got });
    return target;
  }

  corrupt(problem: string, offset: number, context: LsmErrorContext = {}): LsmError {
    return corrupt(`a table ${problem}`, { ...this.#name, offset, ...context });
  }

  #readHeader(expected: TableIdentity): SegmentHeader {
    const outcome = inspectSegmentHeader(this.read(0, Math.min(this.sizeBytes, SEGMENT_HEADER_BYTES)));
    const context = { ...this.#name, offset: 0 };
    switch (outcome.kind) {
      case "segment":
        break;
      case "damaged":
      case "malformed":
        throw this.corrupt(`has a ${outcome.kind} header`, 0);
      case "unsupported": {
        const { field, value } = outcome;
        throw new LsmError("LSM_UNSUPPORTED", `${field} ${value} of a header is not known`, {
          ...context,
          field,
          actual: value,
        });
      }
      case "short":
      case "zeros":
      case "foreign":
        throw new LsmError("LSM_NOT_A_TABLE", `the file does not begin as a table does: ${outcome.kind}`, context);
    }
    const { header } = outcome;
    const { content, segmentId, logId } = header;
    if (content !== TABLE_CONTENT) {
      const found = { ...context, field: "content", expected: TABLE_CONTENT, actual: content };
      throw new LsmError("LSM_NOT_A_TABLE", `the segment holds something else: content ${content}`, found);
    }
    if (segmentId !== expected.tableNumber) {
      const found = { ...context, field: "tableNumber", expected: expected.tableNumber, actual: segmentId };
      throw new LsmError("LSM_WRONG_TABLE", `the file is table ${segmentId}`, found);
    }
    if (Buffer.compare(logId, expected.databaseId) !== 0) {
      const ids = { expected: hex(expected.databaseId), actual: hex(logId) };
      throw new LsmError("LSM_WRONG_TABLE", "the table is of another database", {
        ...context,
        field: "databaseId",
        ...ids,
      });
    }
    return header;
  }

  #readTrailer(offset: number): { readonly payload: DataView; readonly chain: number } {
    const bytes = this.read(offset, TRAILER_FRAME_BYTES);
    const payload = new DataView(
      bytes.buffer,
      bytes.byteOffset + TRAILER_FRAME_BYTES - trailerAt.bytes,
      trailerAt.bytes,
    );
    // The frame before it is not known yet, so it states the chain itself; the sections below hold it to that.
    const chainBefore = payload.getUint32(trailerAt.chainBefore, true);
    const place = { offset, bytes: TRAILER_FRAME_BYTES, chainBefore };
    const view = this.viewFrame(bytes, place, tableFrameKinds.trailer);
    if (view === undefined) throw this.corrupt("has a damaged trailer", offset);
    const { chain, payloadBytes, flags, span } = view;
    if (payloadBytes !== trailerAt.bytes || flags !== 0 || span !== 0) {
      throw this.corrupt("has a trailer that no writer writes", offset);
    }
    return { payload, chain };
  }

  #placeIn(trailer: DataView, at: number, end: number): FramePlace | undefined {
    const offset = trailer.getUint32(at, true);
    const high = trailer.getUint32(at + 4, true);
    const bytes = trailer.getUint32(at + 8, true);
    const chainBefore = trailer.getUint32(at + 12, true);
    if (offset === 0 && high === 0 && bytes === 0 && chainBefore === 0) return undefined;
    // That it ends where the next one begins, and so inside the file, is for the caller to see.
    if (high !== 0 || offset < SEGMENT_HEADER_BYTES) {
      throw this.corrupt("has a section outside of it", end);
    }
    return { offset, bytes, chainBefore };
  }
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
