// Every check and every field of format 2: who decodes, who encodes, who judges. A mistake here takes a frame that nobody wrote
// for sound, or calls a crash's tail corruption, or the other way round.
import { codecArea, tests } from "./area.mjs";

export const codecMutations = codecArea(
  "codec",
  [tests.codecDecidable, tests.codecFlips, tests.codecRefusals, tests.codecLaws, tests.codecGolden],
  [
    // --- frame-cursor.ts ---
    {
      what: "the header's checksum is not looked at",
      file: "frame-cursor.ts",
      find: 'if (headerCrc !== view.getInt32(local + at.FRAME_CRC, true)) return this.#halt("bad-header");',
    },
    {
      what: "the header's checksum does not depend on the segment",
      file: "frame-cursor.ts",
      find: "this.#frameSeed = segment.frameSeed | 0;",
      put: "this.#frameSeed = 0;",
    },
    { what: "kind 0 is a frame", file: "frame-cursor.ts", find: "kind === 0 ||" },
    { what: "a lag of 0 is accepted", file: "frame-cursor.ts", find: "lag === 0 ||" },
    { what: "a lag beyond the first LSN is accepted", file: "frame-cursor.ts", find: "lag > lsn ||" },
    {
      what: "a span beyond the last LSN is accepted",
      file: "frame-cursor.ts",
      find: "|| lsn + span > Number.MAX_SAFE_INTEGER",
    },
    {
      what: "any LSN is the one that is due",
      file: "frame-cursor.ts",
      find: 'if (lsn !== this.nextLsn) return this.#halt("out-of-sequence");',
    },
    {
      what: "the reader's bound on a payload is not looked at",
      file: "frame-cursor.ts",
      find: "if (payloadBytes > this.#maxPayloadBytes) throw this.#tooLong(offset, payloadBytes);",
    },
    {
      what: "a payload may run past the end",
      file: "frame-cursor.ts",
      find: 'if (size > left) return this.#halt("short-payload");',
    },
    {
      what: "the chain is not looked at",
      file: "frame-cursor.ts",
      find: 'if (chain !== view.getInt32(local + at.FRAME_CHAIN, true)) return this.#halt("bad-chain");',
    },
    {
      what: "every frame chains from the segment header",
      file: "frame-cursor.ts",
      find: "this.#chain = chain; this.#seed = chain;",
      put: "this.#chain = chain;",
    },
    {
      what: "the first frame chains from nothing",
      file: "frame-cursor.ts",
      find: "from.offset === at.SEGMENT_HEADER_BYTES ? segment.crc | 0 : from.chain | 0",
      put: "from.offset === at.SEGMENT_HEADER_BYTES ? 0 : from.chain | 0",
    },
    {
      what: "padding may hold anything",
      file: "frame-cursor.ts",
      find: 'if (this.bytes[pad] !== 0) return this.#halt("malformed");',
    },
    {
      what: "what is durable is the frame's own LSN",
      file: "frame-cursor.ts",
      find: "this.durableLsn = lsn - lag;",
      put: "this.durableLsn = lsn;",
    },
    {
      what: "a frame takes one LSN",
      file: "frame-cursor.ts",
      find: "this.nextLsn = lsn + span;",
      put: "this.nextLsn = lsn + 1;",
    },
    {
      what: "a cursor goes on after it stopped",
      file: "frame-cursor.ts",
      find: "if (this.stop !== undefined) return false;",
      put: "if (this.stop !== undefined) this.endOffset += 8;",
    },
    {
      what: "a header without a segment's chain hands on its own checksum",
      file: "frame-cursor.ts",
      find: "this.#chain = (from?.chain ?? segment.previousChain) | 0;",
      put: "this.#chain = (from?.chain ?? segment.crc) | 0;",
    },
    // --- byte-window.ts ---
    {
      what: "a window forgets what it has when it moves",
      file: "byte-window.ts",
      find: "if (kept > 0) bytes.set(old.subarray(from, from + kept));",
    },
    {
      what: "a window ends where the range does not",
      file: "byte-window.ts",
      find: "|| offset + length > this.end",
    },
    {
      what: "a window claims what it has not read",
      file: "byte-window.ts",
      in: "#move(",
      find: "this.end = offset + kept;",
      put: "this.end = end;",
    },
    {
      what: "bytes that are kept in the window come from its beginning",
      file: "byte-window.ts",
      find: "old.subarray(from, from + kept)",
      put: "old.subarray(0, kept)",
    },
    {
      what: "a range behind the window is taken for the window's end",
      file: "byte-window.ts",
      find: "offset >= this.start && offset < this.end ?",
      put: "offset >= this.start ?",
    },
    // --- frame-encoder.ts ---
    {
      what: "padding keeps what the buffer held",
      file: "frame-encoder.ts",
      find: "for (let pad = offset + at.FRAME_HEADER_BYTES + payloadBytes; pad < end; pad++) target[pad] = 0;",
    },
    {
      what: "a lag that does not fit is cut to its low bits",
      file: "frame-encoder.ts",
      find: "Math.min(lsn - this.#durableLsn, at.MAX_UINT32)",
      put: "lsn - this.#durableLsn",
    },
    { what: "frames are not chained", file: "frame-encoder.ts", find: "this.#seed = chain;" },
    { what: "a frame takes no LSN", file: "frame-encoder.ts", find: "this.nextLsn = lsn + meta.span;" },
    {
      what: "what is durable may go back",
      file: "frame-encoder.ts",
      find: 'checkWhole(lsn, "durableLsn", this.#durableLsn, this.nextLsn - 1);',
      put: 'checkWhole(lsn, "durableLsn", 0, this.nextLsn - 1);',
    },
    {
      what: "what was never encoded may be durable",
      file: "frame-encoder.ts",
      find: 'checkWhole(lsn, "durableLsn", this.#durableLsn, this.nextLsn - 1);',
      put: 'checkWhole(lsn, "durableLsn", this.#durableLsn, this.nextLsn);',
    },
    {
      what: "kind 0 is written",
      file: "frame-encoder.ts",
      find: 'checkWhole(meta.kind, "kind", 1,',
      put: 'checkWhole(meta.kind, "kind", 0,',
    },
    {
      what: "flags are cut to 16 bits",
      file: "frame-encoder.ts",
      find: 'checkWhole(meta.flags, "flags", 0, at.MAX_UINT16);',
    },
    {
      what: "a span is cut to 32 bits",
      file: "frame-encoder.ts",
      find: 'checkWhole(meta.span, "span", 0, at.MAX_UINT32);',
    },
    {
      what: "LSNs go on above 2^53",
      file: "frame-encoder.ts",
      find: "if (this.nextLsn + meta.span > Number.MAX_SAFE_INTEGER) {",
      put: "if (this.nextLsn > Number.MAX_SAFE_INTEGER) {",
    },
    {
      what: "a view of another buffer is written to",
      file: "frame-encoder.ts",
      find: "if (target !== this.#target) {",
      put: "if (this.#target.length === 0) {",
      tests: [tests.codecRefusals, tests.payload, tests.codecLaws],
    },
    // --- segment-header.ts ---
    {
      what: "the segment header's checksum is not looked at",
      file: "segment-header.ts",
      find: 'if (actual !== expected) return { kind: "damaged", expected, actual };',
    },
    {
      what: "another magic is a segment",
      file: "segment-header.ts",
      find: 'if (magic !== at.SEGMENT_MAGIC) return isZero(view) ? { kind: "zeros" } : { kind: "foreign", magic };',
    },
    {
      what: "zeros are a stranger",
      file: "segment-header.ts",
      find: 'isZero(view) ? { kind: "zeros" } :',
    },
    {
      what: "any version is read",
      file: "segment-header.ts",
      find: 'if (version !== at.FORMAT_VERSION) return { kind: "unsupported", field: "version", value: version };',
    },
    {
      what: "any checksum is taken for CRC-32",
      file: "segment-header.ts",
      find: "if (checksum !== checksumAlgorithms.crc32)",
      put: "if (checksum > 255)",
    },
    {
      what: "an unknown hash is none",
      file: "segment-header.ts",
      find: "if (hashNamed(hash) === undefined)",
      put: "if (hash > 255)",
    },
    {
      what: "content 0 is read",
      file: "segment-header.ts",
      find: 'if (view.getUint8(at.SEGMENT_CONTENT) === 0) return "content";',
    },
    {
      what: "segment 0 is read",
      file: "segment-header.ts",
      find: 'if (peekUint64(view, at.SEGMENT_ID) < 1) return "segmentId";',
      put: 'if (peekUint64(view, at.SEGMENT_ID) < 0) return "segmentId";',
    },
    {
      what: "base LSN 0 is read",
      file: "segment-header.ts",
      find: 'if (baseLsn < 1) return "baseLsn";',
      put: 'if (baseLsn < 0) return "baseLsn";',
    },
    { what: "a header states itself as durable", file: "segment-header.ts", find: "|| durableLsn >= baseLsn" },
    {
      what: "frames are bound to the log only",
      file: "segment-header.ts",
      find: "offset + at.IDENTITY_START, offset + at.IDENTITY_END",
      put: "offset + at.SEGMENT_LOG_ID, offset + at.SEGMENT_ID",
    },
    {
      what: "frames are not bound to the log",
      file: "segment-header.ts",
      find: "offset + at.IDENTITY_START, offset + at.IDENTITY_END",
      put: "offset + at.SEGMENT_ID, offset + at.IDENTITY_END",
    },
    {
      what: "frames are not bound to the nonce",
      file: "segment-header.ts",
      find: "offset + at.IDENTITY_START, offset + at.IDENTITY_END",
      put: "offset + at.SEGMENT_LOG_ID, offset + at.IDENTITY_END",
    },
    {
      what: "a misspelled field passes",
      file: "segment-header.ts",
      find: 'checkKeys(identity, identityKeys, "segment header");',
    },
    // --- frame-scan.ts and later-frames.ts ---
    {
      what: "nothing is ever corrupt",
      file: "frame-scan.ts",
      find: "if (durableLsn >= nextLsn) {",
      put: "if (durableLsn > nextLsn + 1e9) {",
    },
    {
      what: "the last accepted LSN counts as missing",
      file: "frame-scan.ts",
      find: "if (durableLsn >= nextLsn) {",
      put: "if (durableLsn >= nextLsn - 1) {",
    },
    {
      what: "what frames state as durable is not believed",
      file: "frame-scan.ts",
      find: "const durableLsn = Math.max(proof, later.durableLsn);",
      put: "const durableLsn = proof;",
    },
    {
      what: "what other headers state as durable is not believed",
      file: "frame-scan.ts",
      find: "Math.max(most, header.durableLsn), durableLsn)",
      put: "Math.max(most, 0), durableLsn)",
    },
    {
      what: "headers of other logs are believed",
      file: "frame-scan.ts",
      find: "&& sameLog(header.logId, segment.logId)",
    },
    {
      what: "headers of earlier segments are believed",
      file: "frame-scan.ts",
      find: "header.segmentId > segment.segmentId &&",
    },
    {
      what: "a segment that goes on here is not seen",
      file: "frame-scan.ts",
      find: "if (successor !== undefined) {",
      put: "if (successor !== undefined && limit < 0) {",
    },
    {
      what: "a zero tail has the name of any damage",
      file: "frame-scan.ts",
      find: 'const reason = later.zeros ? "zeros" : stop;',
      put: 'const reason: FrameStop | "zeros" = stop;',
    },
    {
      what: "what no encoder writes is a torn tail",
      file: "frame-scan.ts",
      find: 'if (reason === "malformed") {',
      put: 'if (reason === "malformed" && limit < 0) {',
    },
    {
      what: "any eighth byte is a header",
      file: "later-frames.ts",
      find: "if (crc !== view.getInt32(crcAt, true)) continue;",
    },
    {
      what: "an accepted LSN is found again",
      file: "later-frames.ts",
      find: "lsn < nextLsn ||",
    },
    { what: "an absurd LSN is believed", file: "later-frames.ts", find: "|| lsn - nextLsn >= LSN_WINDOW" },
    {
      what: "the last LSN within 2^32 is not believed",
      file: "later-frames.ts",
      find: "lsn - nextLsn >= LSN_WINDOW",
      put: "lsn - nextLsn >= LSN_WINDOW - 1",
    },
    {
      what: "a header across two windows is not seen",
      file: "later-frames.ts",
      find: "base += local;",
      put: "base += filled;",
    },
    {
      what: "zeros are seen in the first window only",
      file: "later-frames.ts",
      find: "zeros = zeros && allZero(window, filled);",
      put: "zeros = allZero(window, Math.min(filled, 64));",
    },
    {
      what: "later frames state their own LSN as durable",
      file: "later-frames.ts",
      find: "Math.max(durableLsn, lsn - lag)",
      put: "Math.max(durableLsn, lsn)",
    },
    // --- segment-succession.ts ---
    {
      what: "an earlier segment goes on",
      file: "segment-succession.ts",
      find: "header.segmentId > boundary.segmentId &&",
    },
    {
      what: "a segment goes on at any LSN",
      file: "segment-succession.ts",
      find: "header.baseLsn === boundary.nextLsn &&",
    },
    {
      what: "a segment goes on from any chain",
      file: "segment-succession.ts",
      find: "header.previousChain === boundary.chain &&",
    },
    {
      what: "a segment of any log goes on",
      file: "segment-succession.ts",
      find: "&& sameLog(header.logId, boundary.logId)",
    },
    {
      what: "the earlier epoch decides",
      file: "segment-succession.ts",
      find: "one.epoch > other.epoch ? one : other",
      put: "one.epoch < other.epoch ? one : other",
    },
    {
      what: "epochs decide nothing",
      file: "segment-succession.ts",
      find: "if (one.epoch !== other.epoch) return one.epoch > other.epoch ? one : other;",
    },
    // --- byte-source.ts, checksum.ts, crc32-tables.ts, uint64.ts ---
    {
      what: "a short read passes for a whole one",
      file: "byte-source.ts",
      find: "if (got === target.length) return;",
      put: "if (got >= 0) return;",
    },
    {
      what: "a range outside the bytes has a checksum",
      file: "checksum.ts",
      find: "|| end > bytes.length",
      tests: [tests.codecChecksum],
    },
    {
      what: "long ranges begin anew",
      file: "checksum.ts",
      find: "whole(bytes.subarray(start, end), seed >>> 0)",
      put: "whole(bytes.subarray(start, end), 0)",
      tests: [tests.codecChecksum],
    },
    {
      what: "one table of the sixteen is another",
      file: "crc32-tables.ts",
      find: "t[0x700 + bytes[at + 8]!]!",
      put: "t[0x800 + bytes[at + 8]!]!",
      tests: [tests.codecChecksum],
    },
    {
      what: "a u64 above 2^53 is rounded",
      file: "uint64.ts",
      find: "if (high > MAX_HIGH) throw outOfRange(view.getBigUint64(offset, true), offset);",
      tests: [tests.codecUint64],
    },
    {
      what: "a number that is no u64 is written",
      file: "uint64.ts",
      find: 'checkWhole(value, "a u64", 0, Number.MAX_SAFE_INTEGER);',
      tests: [tests.codecUint64],
    },
  ],
);
