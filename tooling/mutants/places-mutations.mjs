// What a store stands on: places of records, reading one by its place, footers of sealed segments, the hash of a log.
import { codecArea, tests, walArea } from "./area.mjs";

const placesMutationsOfTheLog = walArea(
  "places",
  [tests.walPlaces, tests.walPlaceLaws],
  [
    // --- frame-search.ts ---
    {
      what: "a read that ends early is looked at",
      file: "frame-search.ts",
      find: 'if (count < this.needBytes) throw this.#damage("the file ends there");',
    },
    {
      what: "a frame on the way may have any LSN",
      file: "frame-search.ts",
      find: "if (this.#dueLsn !== undefined && view.lsn !== this.#dueLsn) throw this.#damage(`it holds LSN ${view.lsn}`);",
    },
    {
      what: "a frame behind the record is walked over",
      file: "frame-search.ts",
      find: "if (view.lsn > this.#lsn) throw this.#outOfRange();",
    },
    {
      what: "a record is chained to nothing",
      file: "frame-search.ts",
      find: "if (this.#seed === undefined) throw this.#outOfRange();",
      put: "this.#seed ??= 0;",
    },
    {
      what: "a record may be as long as it likes",
      file: "frame-search.ts",
      find: "if (view.payloadBytes > this.#maxRecordBytes) throw this.#tooLarge();",
    },
    {
      what: "a frame is checked by its header alone",
      file: "frame-search.ts",
      find: 'if (!view.isWhole(bytes, this.#seed)) throw this.#damage("its checksum fails");',
    },
    {
      what: "a header on the way is not checked",
      file: "frame-search.ts",
      find: 'if (!view.load(bytes, local, header)) throw this.#damage("no frame of this segment begins there");',
      put: "view.load(bytes, local, header);",
    },
    {
      what: "the first frame continues the segment before",
      file: "frame-search.ts",
      find: "isFirst ? segment.header.crc : undefined",
      put: "isFirst ? segment.header.previousChain : undefined",
    },
    {
      what: "the first frame may begin anywhere",
      file: "frame-search.ts",
      find: "isFirst ? segment.baseLsn : undefined",
      put: "undefined",
    },
    {
      what: "a record behind the end of a sealed segment is looked for",
      file: "frame-search.ts",
      find: "if (segment.isSealed && lsn > segment.lastLsn) {",
      put: "if (lsn < 0) {",
    },
    {
      what: "an offset may be any number",
      file: "frame-search.ts",
      find: "if (!Number.isSafeInteger(fromOffset) || fromOffset < SEGMENT_HEADER_BYTES || fromOffset % 8 !== 0) {",
      put: "if (fromOffset < 0) {",
    },
    {
      what: "the record of a batch is its neighbour",
      file: "frame-search.ts",
      find: "let left = this.#lsn - lsn; left > 0 &&",
      put: "let left = this.#lsn - lsn; left > 1 &&",
    },
    {
      what: "the end of the frame is that of the record",
      file: "frame-search.ts",
      find: "this.endOffset = this.offset + this.#view.bytes;",
      put: "this.endOffset = this.offset + this.#view.payloadBytes;",
    },
    // --- segment-handles.ts ---
    { what: "files stay open", file: "segment-handles.ts", find: "this.#drop(oldest);", put: "break;" },
    {
      what: "the segment that was used last is closed first",
      file: "segment-handles.ts",
      find: "this.#opened.delete(segmentId);",
    },
    {
      what: "a file that is closed for room is not closed",
      file: "segment-handles.ts",
      find: "if (opened.pending === 0) opened.handle.close();",
    },
    {
      what: "a read that waits loses its file",
      file: "segment-handles.ts",
      find: "if (opened.pending === 0) opened.handle.close();",
      put: "opened.handle.close();",
    },
    {
      what: "a file is kept open behind the last read that waited",
      file: "segment-handles.ts",
      find: "if (opened.isDropped && opened.pending === 0) opened.handle.close();",
    },
    {
      what: "a file is closed behind the first read that waited",
      file: "segment-handles.ts",
      find: "if (opened.isDropped && opened.pending === 0) opened.handle.close();",
      put: "if (opened.isDropped) opened.handle.close();",
    },
    {
      what: "a segment that is gone is a missing file",
      file: "segment-handles.ts",
      find: 'throw isFsError(error, "FS_NOT_FOUND") ? gone(segmentId, error) : error;',
      put: "throw error;",
    },
    // --- place-reader.ts ---
    {
      what: "what waits in the buffer is not written",
      file: "place-reader.ts",
      find: "if (log.writtenLsn !== undefined && lsn > log.writtenLsn) log.write?.();",
    },
    {
      what: "every read writes the buffer",
      file: "place-reader.ts",
      find: "if (log.writtenLsn !== undefined && lsn > log.writtenLsn) log.write?.();",
      put: "log.write?.();",
    },
    {
      what: "a reader that is closed reads",
      file: "place-reader.ts",
      find: 'if (this.#isClosed) throw new WalError("WAL_CLOSED", "the reader of places is closed");',
    },
    {
      what: "an LSN may be any number",
      file: "place-reader.ts",
      find: "if (!Number.isSafeInteger(lsn) || lsn < 1 || lsn > log.lastLsn) {",
      put: "if (lsn < 0) {",
    },
    {
      what: "a promise form hands out its buffer",
      file: "place-reader.ts",
      find: "let bytes = new Uint8Array(this.#window.length);",
      put: "let bytes = this.#window;",
    },
    {
      what: "a longer frame is read into a buffer that is too short",
      file: "place-reader.ts",
      find: "if (bytes <= this.#window.length) return this.#window;",
      put: "if (bytes > 0) return this.#window;",
    },
    // --- record-walk.ts, record-cursor.ts, segment-list.ts, log-writer.ts ---
    {
      what: "a walk begins at the segment, not behind the boundary",
      file: "record-walk.ts",
      find: "{ segment, position: behind }",
      put: "{ segment }",
    },
    {
      what: "a walk goes on behind the last of its segments",
      file: "record-walk.ts",
      find: "const lastLsn = Math.min(to, last.lastLsn);",
      put: "const lastLsn = to;",
    },
    {
      what: "a walk may begin before its boundary",
      file: "record-walk.ts",
      find: "if (from < behind.nextLsn) refuse(",
      put: "if (from < 0) refuse(",
    },
    {
      what: "a segment ends where the log does",
      file: "segment-list.ts",
      find: "next === undefined ? end.lastLsn : next.header.baseLsn - 1",
      put: "end.lastLsn",
    },
    {
      what: "a segment ends with the chain of the log",
      file: "segment-list.ts",
      find: "next === undefined ? end.chain : next.header.previousChain",
      put: "end.chain",
      tests: [tests.walFooter],
    },
    {
      what: "no segment is sealed",
      file: "segment-list.ts",
      find: "isSealed: next !== undefined,",
      put: "isSealed: false,",
    },
    {
      what: "the place of an append is that of the buffer",
      file: "log-writer.ts",
      in: "append(payload: Uint8Array): number {",
      find: "this.place.offset = this.#active.writtenBytes + this.#filled;",
      put: "this.place.offset = this.#filled;",
    },
    {
      what: "the place of a batch is that of the append before",
      file: "log-writer.ts",
      in: "appendBatch(records: readonly Uint8Array[]): number {",
      find: "this.place.offset = this.#active.writtenBytes + this.#filled;",
    },
    { what: "places stay in the first segment", file: "log-writer.ts", find: "this.place.segmentId = segmentId;" },
    {
      what: "a segment that is closed has no size",
      file: "log-writer.ts",
      find: "open.segment.sizeBytes = open.writtenBytes;",
    },
  ],
);

const footerMutations = walArea(
  "sealing",
  [tests.walFooter, tests.walFooterCrash, tests.walCalls, tests.walBarriers],
  [
    {
      what: "a footer is written before what it covers",
      file: "segment-footers.ts",
      find: "handle.writeAt(bytes, writtenBytes);",
      put: "handle.writeAt(bytes, writtenBytes - 8);",
    },
    {
      what: "a barrier does not cover the footer",
      file: "segment-footers.ts",
      find: "open.writtenBytes += bytes.length;",
    },
    {
      what: "zeros stay behind a footer",
      file: "segment-footers.ts",
      find: "if (open.allocatedBytes > open.writtenBytes) handle.truncate(open.writtenBytes);",
    },
    {
      what: "a part of a footer stays on a full disk",
      file: "segment-footers.ts",
      find: "handle.truncate(writtenBytes); // a part of it may be there",
    },
    {
      what: "a full disk ends the log for want of a footer",
      file: "segment-footers.ts",
      find: 'if (!isFsError(error, "FS_NO_SPACE") && !isFsError(error, "FS_QUOTA_EXCEEDED")) throw error;',
      put: "throw error;",
    },
    {
      what: "a disk that fails under a footer goes unnoticed",
      file: "segment-footers.ts",
      find: 'if (!isFsError(error, "FS_NO_SPACE") && !isFsError(error, "FS_QUOTA_EXCEEDED")) throw error;',
    },
    {
      what: "a maker that throws ends the append",
      file: "segment-footers.ts",
      find: "return this.#leaveOut(error); // the caller's own, and no word about the log",
      put: "throw error;",
    },
    {
      what: "a footer may be longer than a record",
      file: "segment-footers.ts",
      find: "if (payloadBytes > maxBytes) throw new RangeError(`a footer of ${payloadBytes} bytes is above maxRecordBytes`);",
    },
    {
      what: "a footer is told of one record more",
      file: "segment-footers.ts",
      find: "const lastLsn = encoder.nextLsn - 1;",
      put: "const lastLsn = encoder.nextLsn;",
    },
    {
      what: "a footer is a record",
      file: "segment-footers.ts",
      find: "{ kind: frameKinds.footer, flags: 0, span: 0 }",
      put: "{ kind: frameKinds.record, flags: 0, span: 1 }",
    },
    { what: "a rotation writes no footer", file: "log-writer.ts", find: "this.writeFooter(full, encoder);" },
    {
      what: "the footer of a full segment goes to the next one",
      file: "log-writer.ts",
      find: "this.writeFooter(full, encoder);",
      put: "this.writeFooter();",
    },
    {
      what: "a segment is sealed before its footer is made",
      file: "log-writer.ts",
      find: "this.writeFooter(full, encoder); full.sealed = true;",
      put: "full.sealed = true; this.writeFooter(full, encoder);",
    },
    {
      what: "a close leaves its footer to the system",
      file: "wal.ts",
      find: 'if (this.writer.writeFooter()) await active.handle.sync("data");',
      put: "if (this.writer.writeFooter()) await Promise.resolve();",
    },
    {
      what: "a close writes a watermark and no footer",
      file: "wal.ts",
      find: 'if (this.writer.writeFooter()) await active.handle.sync("data");',
      put: 'if (false as boolean) await active.handle.sync("data");',
    },
    { what: "a log takes any hash", file: "recovery.ts", find: "refuseOther(first, options);" },
    {
      what: "an open forgets the hash of the log",
      file: "recovery.ts",
      find: "hash: last.header.hash,",
      put: 'hash: "none",',
    },
    {
      what: "a new log has no hash",
      file: "recovery.ts",
      find: 'const { directory, mode, content, firstLsn, hash = "none" } = options;',
      put: 'const { directory, mode, content, firstLsn } = options; const hash = "none";',
    },
  ],
);

const frameViewMutations = codecArea(
  "frame view",
  [tests.codecFrameView],
  [
    {
      what: "a header is not checked",
      file: "frame-view.ts",
      find: "if (crc !== view.getInt32(offset + at.FRAME_CRC, true)) return false;",
    },
    {
      what: "a frame is not checked",
      file: "frame-view.ts",
      find: "if (crc32Unchecked(bytes, offset + at.FRAME_CRC, end, seed | 0) !== (this.chain | 0)) return false;",
    },
    {
      what: "padding may be anything",
      file: "frame-view.ts",
      find: "for (let pad = offset + at.FRAME_HEADER_BYTES + payloadBytes; pad < end; pad++) if (bytes[pad] !== 0) return false;",
    },
    {
      what: "a frame may end behind the bytes",
      file: "frame-view.ts",
      find: "if (end > bytes.length) throw new RangeError(`bytes end at ${bytes.length}, the frame at ${end}`);",
    },
    {
      what: "a header may lie anywhere",
      file: "frame-view.ts",
      find: 'checkWhole(offset, "offset", 0, bytes.length - at.FRAME_HEADER_BYTES);',
    },
  ],
);

export const placesMutations = [...placesMutationsOfTheLog, ...footerMutations, ...frameViewMutations];
