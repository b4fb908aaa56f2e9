// Every check of the FBAT profile, and every rule that makes the writer's bytes the reference's.
import { codecArea, tests } from "./area.mjs";

export const fbatMutations = codecArea(
  "fbat",
  [tests.fbatSpelling, tests.fbatDamage, tests.fbatLaws, tests.fbatGolden, tests.fbatWalk],
  [
    // --- fbat-frame.ts, fbat-header.ts ---
    {
      what: "a frame's checksum is not looked at",
      file: "fbat-frame.ts",
      find: "return actual === expected ?",
      put: "return actual >= 0 ?",
    },
    {
      what: "a frame may be of any length",
      file: "fbat-frame.ts",
      find: 'if (payloadBytes > FBAT_MAX_PAYLOAD_BYTES) return { kind: "too-long", payloadBytes };',
    },
    {
      what: "a frame may run past the end",
      file: "fbat-frame.ts",
      find: 'if (endOffset > end) return { kind: "short-payload", endOffset };',
    },
    {
      what: "any magic is a batpak segment",
      file: "fbat-header.ts",
      find: "if (magic !== FBAT_MAGIC) {",
      put: "if (magic < 0) {",
    },
    {
      what: "a header may be of any length",
      file: "fbat-header.ts",
      find: "if (headerBytes > FBAT_MAX_HEADER_BYTES) {",
      put: "if (headerBytes < 0) {",
    },
    {
      what: "any version is read",
      file: "fbat-header.ts",
      find: "if (version !== FBAT_VERSION) {",
      put: "if (version < 0) {",
    },
    {
      what: "header flags are ignored",
      file: "fbat-header.ts",
      find: 'reader.uint(0, "flags");',
      put: 'reader.uint(255, "flags");',
    },
    {
      what: "bytes behind the header's map are ignored",
      file: "fbat-header.ts",
      find: 'if (!reader.done) throw malformed("header", reader.at);',
    },
    // --- envelope-reader.ts, fbat-event.ts ---
    {
      what: "keys may come in any spelling",
      file: "envelope-reader.ts",
      find: "if (bytes[start + index] !== spelled[index]) throw malformed(field, start);",
    },
    {
      what: "integers may be longer than they need",
      file: "envelope-reader.ts",
      find: "if (value < least) throw malformed(field, start);",
    },
    {
      what: "integers may be larger than their field",
      file: "envelope-reader.ts",
      find: "if (value > most) throw malformed(field, start);",
    },
    {
      what: "long integers may be longer than they need",
      file: "envelope-reader.ts",
      find: "if (value >= 0x1_0000_0000n && (!signed || value < 1n << 63n)) return value;",
      put: "return value;",
    },
    {
      what: "negative integers may be longer than they need",
      file: "envelope-reader.ts",
      find: "if (value < most) return value;",
      put: "if (value < 0n) return value;",
    },
    {
      what: "an id may have another spelling",
      file: "envelope-reader.ts",
      find: "if (this.#bytes[start] !== 0xc4 || this.#bytes[start + 1] !== 16) throw malformed(field, start);",
    },
    {
      what: "a byte below 128 may be spelled in two",
      file: "envelope-reader.ts",
      find: "if (byte < 0x80) throw malformed(field, at - 2);",
    },
    {
      what: "a byte from 128 may be spelled with any tag",
      file: "envelope-reader.ts",
      find: "if (byte !== 0xcc) throw malformed(field, at - 1);",
    },
    {
      what: "hashes may be of any length",
      file: "envelope-reader.ts",
      find: "(exactly !== -1 && count !== exactly) ||",
    },
    {
      what: "a map may have any number of fields",
      file: "envelope-reader.ts",
      find: "if (count < least || count > most) throw malformed(field, this.at);",
    },
    {
      what: "bytes behind the envelope are ignored",
      file: "fbat-event.ts",
      find: 'if (!reader.done) throw malformed("frame", reader.at);',
    },
    {
      what: "extensions may come in any order",
      file: "fbat-event.ts",
      find: 'if (before !== undefined && compareBytes(before, bytes) >= 0) throw malformed("receipt_extensions", at);',
    },
    {
      what: "extensions are written as they come",
      file: "fbat-event.ts",
      find: "sorted.sort((one, other) => compareBytes(one.bytes, other.bytes));",
    },
    // --- fbat-scan.ts, fbat-probe.ts ---
    {
      what: "an empty frame is a frame",
      file: "fbat-walk.ts",
      find: 'if (outcome.kind !== "frame" || outcome.payloadStart === outcome.endOffset) {',
      put: 'if (outcome.kind !== "frame") {',
    },
    {
      what: "sound frames behind damage are not looked for",
      file: "fbat-walk.ts",
      find: "if (next !== -1) {",
      put: "if (next < -1) {",
    },
    {
      what: "damage before a sound footer is a torn tail",
      file: "fbat-walk.ts",
      find: "if (trusted) {",
      put: "if (trusted && limit < 0) {",
    },
    { what: "every segment may be torn", file: "fbat-walk.ts", find: "if (newest) {", put: "if (newest || !newest) {" },
    { what: "a footer may point before the frames", file: "fbat-walk.ts", find: "|| limit < header.framesStart" },
    {
      what: "an untrusted footer ends the frames",
      file: "fbat-walk.ts",
      find: "const trusted = footer?.trusted === true;",
      put: "const trusted = footer !== undefined && (footer.trusted || !footer.trusted);",
    },
    {
      what: "a batch may have no items",
      file: "fbat-batch.ts",
      find: "if (payloadSize >= 1 && payloadSize <= FBAT_MAX_BATCH_ITEMS) return;",
      put: "if (payloadSize <= FBAT_MAX_BATCH_ITEMS) return;",
    },
    {
      what: "a batch commits with items missing",
      file: "fbat-batch.ts",
      find: "this.#staged.length > 0 && this.#remaining === 0",
      put: "this.#staged.length > 0",
    },
    {
      what: "items count without a commit marker",
      file: "fbat-batch.ts",
      find: "this.#settle(false);",
      put: "this.#settle(true);",
    },
    {
      what: "a batch goes on behind its commit marker",
      file: "fbat-batch.ts",
      find: "this.#staged = [];",
      in: "#settle(",
    },
    {
      what: "an item too many commits the batch",
      file: "fbat-batch.ts",
      find: "if (this.#remaining === 0) this.discard();",
      put: "if (this.#remaining === 0) return;",
    },
    {
      what: "an event may lack its chain",
      file: "fbat-batch.ts",
      find: "if (event.chain === undefined) {",
      put: "if (event.chain === null) {",
    },
    {
      what: "an event may have any name",
      file: "fbat-batch.ts",
      find: "if (isFbatName(event[field])) continue;",
      put: "if (field !== undefined) continue;",
    },
    {
      what: "the search believes every checksum",
      file: "fbat-probe.ts",
      find: "if (crc === view.getUint32(at - start + 4)) return at;",
      put: "return at;",
    },
    {
      what: "the search keeps fewer checksums than the longest frame needs",
      file: "fbat-probe.ts",
      find: "new Int32Array(Math.floor(longest / STRIDE_BYTES) + 1)",
      put: "new Int32Array(Math.floor(longest / STRIDE_BYTES))",
    },
    {
      what: "the search takes the window for the place of a far claim",
      file: "fbat-probe.ts",
      find: "? this.#here : this.#far",
      put: "? this.#here : this.#here",
    },
    {
      what: "a length is read for before it is known to fit",
      file: "fbat-walk.ts",
      find: "if (payloadBytes <= FBAT_MAX_PAYLOAD_BYTES && size <= left) local",
      put: "local",
    },
    {
      what: "an error's offset is one in the window",
      file: "fbat-walk.ts",
      find: "window.start + error.context.offset",
      put: "error.context.offset",
    },
    {
      what: "the product loses its lowest coefficient",
      file: "fbat-probe.ts",
      find: "let left = one;",
      put: "let left = one >>> 0;",
    },
    {
      what: "the search forgets the top byte of a length",
      file: "fbat-probe.ts",
      find: "return n >= 0x100_0000 ? times(power, powers[0x300 + (n >>> 24)]!) : power;",
      put: "return power;",
    },
    // --- fbat-streams.ts, fbat-chain.ts, fbat-names.ts ---
    {
      what: "chains run through all lanes",
      file: "fbat-streams.ts",
      find: "return `${lane} ${entity}`;",
      put: "return entity;",
    },
    {
      what: "the clock of a stream may go back",
      file: "fbat-streams.ts",
      find: "stream !== undefined && stream.wallMs > now ? stream.wallMs : now",
      put: "now",
    },
    {
      what: "a clock begins at 1",
      file: "fbat-streams.ts",
      find: "stream?.nextClock ?? 0",
      put: "stream?.nextClock ?? 1",
    },
    {
      what: "zero causation is stored",
      file: "fbat-streams.ts",
      find: "isZero(causationId) ? undefined : causationId",
      put: "causationId",
    },
    {
      what: "a failed batch has moved its streams",
      file: "fbat-streams.ts",
      find: "for (const [key, state] of undo) this.#streams.set(key, state);",
      put: "for (const [key, state] of new Map(this.#streams)) undo.set(key, state);",
    },
    {
      what: "a batch item's flags are dropped in silence",
      file: "fbat-streams.ts",
      find: 'if ((item.flags ?? 0) !== 0) throw new RangeError("flags of a batch item must be 0: the format stores none");',
    },
    {
      what: "content hashes are not checked",
      file: "fbat-chain.ts",
      find: 'if (!sound) findings.push({ kind: "content-mismatch", index });',
    },
    {
      what: "links are not checked",
      file: "fbat-chain.ts",
      find: 'if (!equal(chain.previousHash, expected)) findings.push({ kind: "broken-link", index });',
    },
    {
      what: "chains of 0.8 run by lane",
      file: "fbat-chain.ts",
      find: "event.payloadVersion === undefined ? entity : `${event.lane} ${entity}`",
      put: "`${event.lane} ${entity}`",
    },
    {
      what: "the receipt's id is big-endian",
      file: "fbat-chain.ts",
      find: "Uint8Array.from(event.eventId).reverse()",
      put: "Uint8Array.from(event.eventId)",
    },
    {
      what: "a name may look like a path",
      file: "fbat-names.ts",
      find: 'if (name.includes("/") || name.includes("..")) return `${what} looks like a path`;',
    },
  ],
);
