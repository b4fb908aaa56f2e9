// Every check of the reader of SDX4, everything that makes a look-up find what is there and nothing else, and what makes its
// encoder's bytes the format's.
import { sidxArea, tests } from "./area.mjs";

const layout = [tests.sdx4Golden, tests.sdx4Arguments, tests.sdx4Laws];

export const sdx4Mutations = sidxArea(
  "sdx4",
  [tests.sdx4Refusals, tests.sdx4Blocks, tests.sdx4Golden, tests.sdx4Arguments, tests.sdx4Damage, tests.sdx4Segment],
  [
    // --- sdx4-root.ts ---
    {
      what: "a file shorter than a trailer is looked at",
      file: "sdx4-root.ts",
      find: "if (trailerOffset < 0) return undefined;",
    },
    {
      what: "any file ends in a footer",
      file: "sdx4-root.ts",
      find: "if (magic !== at.MAGIC) return refuseLater(magic, trailerOffset + at.TRAILER_MAGIC);",
      put: "refuseLater(magic, trailerOffset + at.TRAILER_MAGIC);",
    },
    {
      what: "counts are not held against the size of the file",
      file: "sdx4-root.ts",
      find: "if (leastBytes > sizeBytes) {",
      put: "if (length > sizeBytes) {",
    },
    {
      what: "the root's checksum is not looked at",
      file: "sdx4-root.ts",
      find: "if (actual !== expected) {",
      put: "if (actual !== expected && sizeBytes < 0) {",
    },
    {
      what: "the root's checksum leaves out the trailer",
      file: "sdx4-root.ts",
      find: "crc32(bytes, 0, length + at.TRAILER_ROOT_CRC)",
      put: "crc32(bytes, 0, length)",
    },
    {
      what: "covered bytes above 2^53-1 are accepted",
      file: "sdx4-root.ts",
      find: 'if (trailer.coveredBytes < 0) throw malformed("trailer", trailerOffset, "coveredBytes");',
    },
    {
      what: "there may be more strings than entries can name",
      file: "sdx4-root.ts",
      find: "stringCount <= 2 * entryCount &&",
    },
    {
      what: "entries may do without strings",
      file: "sdx4-root.ts",
      find: "&& stringCount >= Math.min(entryCount, 1)",
    },
    {
      what: "a later format is no footer",
      file: "sdx4-root.ts",
      find: "if (!isLater) return undefined;",
      put: "if (magic > 0) return undefined;",
    },
    { what: "an earlier format is a later one", file: "sdx4-root.ts", find: "magic > at.MAGIC &&" },
    { what: "whatever begins with SDX is a later format", file: "sdx4-root.ts", find: "&& magic <= at.LAST_MAGIC" },
    {
      what: "whatever ends in a digit is a later format",
      file: "sdx4-root.ts",
      find: "&& (magic - at.MAGIC) % at.NEXT_MAGIC === 0",
    },
    // --- sdx4-sections.ts ---
    {
      what: "the least that entries take leaves out their ids",
      file: "sdx4-sections.ts",
      find: "leastItemBytes: at.ID_BYTES,",
      put: "leastItemBytes: 0,",
    },
    {
      what: "the least that entries take is what they take at most",
      file: "sdx4-sections.ts",
      find: "itemCount * shape.leastItemBytes",
      put: "itemCount * shape.mostItemBytes",
    },
    { what: "a block may have any length in bytes", file: "sdx4-sections.ts", find: "length % 8 === 0 &&" },
    { what: "a block may be shorter than its items", file: "sdx4-sections.ts", find: "&& length >= least" },
    {
      what: "a block may be as long as it likes",
      file: "sdx4-sections.ts",
      find: "&& length <= at.padded(headerBytes + items * mostItemBytes)",
    },
    {
      what: "the last block holds as many items as the others",
      file: "sdx4-sections.ts",
      find: "return Math.min(itemsPerBlock, itemCount - block * itemsPerBlock);",
      put: "return Math.min(itemsPerBlock, itemCount + block);",
    },
    {
      what: "neighbouring blocks may share a sequence",
      file: "sdx4-sections.ts",
      find: "zoneStep: 1,",
      put: "zoneStep: 0,",
    },
    // --- sdx4-directory.ts ---
    {
      what: "lengths of blocks are not looked at",
      file: "sdx4-directory.ts",
      find: 'if (!fits(section, block, length)) throw malformed("record", offset + record, "length");',
    },
    {
      what: "blocks may be in any order",
      file: "sdx4-directory.ts",
      find: "isFirst ? last + section.zoneStep : 0;",
      put: "0;",
    },
    { what: "a zone may be above 2^53-1", file: "sdx4-directory.ts", find: "least < floor ||" },
    { what: "a zone may be upside down", file: "sdx4-directory.ts", find: "|| most < least" },
    {
      what: "blocks are held against the least of the one before",
      file: "sdx4-directory.ts",
      find: "if (isFirst) last = most;",
      put: "if (isFirst) last = least;",
    },
    {
      what: "blocks may begin before the file",
      file: "sdx4-directory.ts",
      find: "if (total > offset) {",
      put: "if (total < 0) {",
    },
    {
      what: "blocks are looked for at the beginning of the file",
      file: "sdx4-directory.ts",
      find: "offsets[block]! += offset - total;",
      put: "offsets[block]! += 0;",
      tests: [tests.sdx4Laws, tests.sdx4Segment],
    },
    // --- sdx4-blocks.ts ---
    {
      what: "the checksum of a block is not looked at",
      file: "sdx4-blocks.ts",
      find: "if (actual === place.crc) return bytes;",
      put: "if (actual >= 0) return bytes;",
    },
    {
      what: "what is in memory already is read again",
      file: "sdx4-blocks.ts",
      find: "if (local >= 0) return this.#tail.subarray(local, local + length);",
      tests: [tests.sdx4Arguments],
    },
    {
      what: "the tail is all of the file",
      file: "sdx4-blocks.ts",
      find: "Math.min(source.sizeBytes, tailBytes)",
      put: "source.sizeBytes + 0 * tailBytes",
      tests: [tests.sdx4Arguments],
    },
    // --- sdx4-columns.ts: reading ---
    {
      what: "a width may be anything",
      file: "sdx4-columns.ts",
      find: 'if (!known) throw malformed(what, offset, "width");',
    },
    { what: "a distance may have eight bytes", file: "sdx4-columns.ts", find: "width <= MAX_WIDTH", put: "width <= 8" },
    {
      what: "event ids may be left out",
      file: "sdx4-columns.ts",
      find: "(width === 0 && column > numericCount)",
      put: "width === 0",
    },
    {
      what: "a byte column may not be left out",
      file: "sdx4-columns.ts",
      find: "|| (width === 0 && column > numericCount)",
    },
    {
      what: "widths may account for another length",
      file: "sdx4-columns.ts",
      find: 'if (padded(end) !== bytes.length) throw malformed(what, offset, "length");',
    },
    {
      what: "padding behind the widths may hold anything",
      file: "sdx4-columns.ts",
      find: "checkZeros(bytes, numericCount + byteWidths.length, padded(numericCount + byteWidths.length), what, offset);",
    },
    {
      what: "padding behind a block may hold anything",
      file: "sdx4-columns.ts",
      find: "checkZeros(bytes, end, bytes.length, what, offset);",
    },
    { what: "a base may be above 2^53-1", file: "sdx4-columns.ts", find: "base < 0 ||" },
    { what: "an encoding that nobody writes is accepted", file: "sdx4-columns.ts", find: "|| most < 0" },
    { what: "a number may be above its limit", file: "sdx4-columns.ts", find: "|| most > limit" },
    { what: "the least number may be another than the zone's", file: "sdx4-columns.ts", find: "zone[0] !== base ||" },
    {
      what: "the greatest number may be another than the zone's",
      file: "sdx4-columns.ts",
      find: "|| zone[1] !== most",
    },
    { what: "the base may be below the smallest number", file: "sdx4-columns.ts", find: "least === 0 &&" },
    { what: "a width may be larger than it has to be", file: "sdx4-columns.ts", find: "&& widthOf(span) === width" },
    {
      what: "high bytes of a distance are left out",
      file: "sdx4-columns.ts",
      find: "if (width > 4) distance = distance * TWO_TO_32 + view.getUint32(end - width, true);",
    },
    {
      what: "padding is not looked at anywhere",
      file: "sdx4-columns.ts",
      find: 'if (bytes[at] !== 0) throw malformed(what, offset, "padding");',
      put: "{ what.at(offset); }",
    },
    // --- sdx4-columns.ts: writing ---
    {
      what: "the high half of a distance is not written",
      file: "sdx4-columns.ts",
      find: "if (width > 4) view.setUint32(at + 4, distance / TWO_TO_32, true);",
      tests: [tests.sdx4Blocks, tests.sdx4Laws],
    },
    {
      what: "a zone's greatest number is its least",
      file: "sdx4-columns.ts",
      find: "if (value > most) most = value;",
    },
    // --- sdx4-rows.ts ---
    {
      what: "sequences may be in any order",
      file: "sdx4-rows.ts",
      find: 'if (name === "sequence") this.#ascend(numbers);',
    },
    { what: "a sequence may be there twice", file: "sdx4-rows.ts", find: "sequence <= last", put: "sequence < last" },
    {
      what: "frames are not looked at",
      file: "sdx4-rows.ts",
      find: 'if (name === "frameOffset") this.#stayInside(numbers, this.column("frameLength"));',
    },
    { what: "frames may go back", file: "sdx4-rows.ts", find: "offset < last ||" },
    {
      what: "a frame may end behind the covered bytes",
      file: "sdx4-rows.ts",
      find: "|| end > this.#bounds.coveredBytes",
    },
    {
      what: "a string may be one behind the last",
      file: "sdx4-rows.ts",
      find: "this.#bounds.stringCount - 1",
      put: "this.#bounds.stringCount",
    },
    ...["frameLength", "batchIndex", "lane", "depth"].map((name) => ({
      what: `a ${name} may have more than 32 bits`,
      file: "sdx4-rows.ts",
      find: `${name}: at.MAX_UINT32,`,
    })),
    ...["kind", "flags"].map((name) => ({
      what: `${name} may have more than 16 bits`,
      file: "sdx4-rows.ts",
      find: `${name}: at.MAX_UINT16,`,
    })),
    {
      what: "a correlation that is left out is none",
      file: "sdx4-rows.ts",
      find: 'return name === "correlationId" ? this.#block.view(0) : undefined;',
      put: "return undefined;",
    },
    {
      what: "a cause that is left out is the event itself",
      file: "sdx4-rows.ts",
      find: 'return name === "correlationId" ? this.#block.view(0) : undefined;',
      put: "return this.#block.view(0);",
    },
    {
      what: "a column that is none passes",
      file: "sdx4-rows.ts",
      find: "if (index !== -1) return index;",
      put: "if (index < 99) return index;",
    },
    // --- sdx4-index.ts ---
    {
      what: "a key may have more than 32 bits",
      file: "sdx4-index.ts",
      find: "at.MAX_UINT32",
      put: "Number.MAX_SAFE_INTEGER",
    },
    {
      what: "a block of an index may have keys outside its zone",
      file: "sdx4-index.ts",
      find: 'at.MAX_UINT32, "key", zone)',
      put: 'at.MAX_UINT32, "key", zone[0] < 0 ? zone : undefined)',
    },
    { what: "a place may be one behind the last", file: "sdx4-index.ts", find: "placeCount - 1", put: "placeCount" },
    { what: "keys may go back", file: "sdx4-index.ts", find: "step < 0 ||" },
    {
      what: "places under one key may go back",
      file: "sdx4-index.ts",
      find: "|| (step === 0 && places[pair]! <= places[pair - 1]!)",
    },
    {
      what: "a place may be there twice",
      file: "sdx4-index.ts",
      find: "places[pair]! <= places[pair - 1]!",
      put: "places[pair]! < places[pair - 1]!",
    },
    {
      what: "a search stops one too early",
      file: "sdx4-index.ts",
      find: "low = middle + 1;",
      put: "low = middle + 2;",
      tests: layout,
    },
    // --- sdx4-strings.ts ---
    {
      what: "a string may be longer than any",
      file: "sdx4-strings.ts",
      find: 'if (length > at.MAX_STRING_BYTES) throw malformed("strings", offset, "string length");',
    },
    {
      what: "strings need not take their whole block",
      file: "sdx4-strings.ts",
      find: 'if (at.padded(end) !== bytes.length) throw malformed("strings", offset, "length");',
    },
    {
      what: "padding behind strings may hold anything",
      file: "sdx4-strings.ts",
      find: 'checkZeros(bytes, end, bytes.length, "strings", offset);',
    },
    { what: "bytes that are not UTF-8 are text", file: "sdx4-strings.ts", find: "fatal: true", put: "fatal: false" },
    {
      what: "a mark at the beginning of a string is lost",
      file: "sdx4-strings.ts",
      find: "ignoreBOM: true",
      put: "ignoreBOM: false",
    },
    {
      what: "any string can be stored, however long",
      file: "sdx4-strings.ts",
      find: "if (bytes.length > at.MAX_STRING_BYTES) {",
      put: "if (bytes.length > 9 * at.MAX_STRING_BYTES) {",
    },
    {
      what: "half a surrogate pair is stored as another string",
      file: "sdx4-strings.ts",
      find: "if (decoder.decode(bytes) !== text) throw new RangeError(`${name} must not hold half a surrogate pair`);",
    },
    {
      what: "a string that is there gets a place of its own",
      file: "sdx4-strings.ts",
      find: "if (known !== undefined) return known;",
      put: "if (known === -1) return known;",
    },
    // --- sdx4-footer.ts ---
    {
      what: "the footer of another segment is accepted",
      file: "sdx4-footer.ts",
      find: 'if (trailer.segmentCrc !== segment.crc) throw foreign("segmentCrc", segment.crc, trailer.segmentCrc);',
    },
    {
      what: "a footer over other frames is accepted",
      file: "sdx4-footer.ts",
      find: 'if (trailer.coveredBytes !== framesEnd) throw foreign("coveredBytes", framesEnd, trailer.coveredBytes);',
    },
    {
      what: "a misspelled option of opening passes",
      file: "sdx4-footer.ts",
      find: 'checkKeys(options, ["segment", "tailBytes"], "openSdx4");',
    },
    {
      what: "a tail may be of any size",
      file: "sdx4-footer.ts",
      find: 'checkWhole(tailBytes, "tailBytes", at.TRAILER_BYTES, at.MAX_UINT32);',
    },
    {
      what: "a source may be of any size",
      file: "sdx4-footer.ts",
      find: 'if (!(source instanceof Uint8Array)) checkWhole(source.sizeBytes, "sizeBytes", 0, Number.MAX_SAFE_INTEGER);',
    },
    {
      what: "whoever has the key has the event id",
      file: "sdx4-footer.ts",
      find: "if (eventId.every((byte, index) => found?.[start + index] === byte)) return ordinal;",
      put: "if (start >= 0 && found !== undefined) return ordinal;",
    },
    {
      what: "only the first entry under a key is looked at",
      file: "sdx4-footer.ts",
      find: "for (let ordinal = places.next(); ordinal !== -1; ordinal = places.next()) { const rows",
      put: "for (let ordinal = places.next(); ordinal !== -1; ordinal = -1) { const rows",
      tests: [tests.sdx4Blocks],
    },
    {
      what: "whoever has the key is the string",
      file: "sdx4-footer.ts",
      find: "if (this.text(place) === text) return place;",
      put: "return place;",
    },
    {
      what: "a sequence that is not there is the next one",
      file: "sdx4-footer.ts",
      find: "return sequences[row] === sequence ? rows.firstOrdinal + row : -1;",
      put: "return rows.firstOrdinal + row;",
      tests: [tests.sdx4Laws, tests.sdx4Segment],
    },
    {
      what: "an event id of any length is looked for",
      file: "sdx4-footer.ts",
      find: 'checkBytes(eventId, "eventId", at.ID_BYTES);',
    },
    {
      what: "a sequence may be anything",
      file: "sdx4-footer.ts",
      find: 'checkWhole(sequence, "sequence", 0, Number.MAX_SAFE_INTEGER);',
    },
    {
      what: "an ordinal may be anything",
      file: "sdx4-footer.ts",
      find: 'checkWhole(ordinal, "ordinal", 0, this.entryCount - 1);',
    },
    {
      what: "a place of a string may be anything",
      file: "sdx4-footer.ts",
      find: 'checkWhole(place, "place", 0, this.trailer.stringCount - 1);',
    },
    {
      what: "a misspelled filter selects everything",
      file: "sdx4-footer.ts",
      find: 'checkKeys(filter, [...numericFilters, "entity", "scope"], "select");',
    },
    {
      what: "a filter may be any number",
      file: "sdx4-footer.ts",
      find: "if (value !== undefined) checkWhole(value, name, 0, Number.MAX_SAFE_INTEGER);",
    },
    {
      what: "a range of sequences holds its end",
      file: "sdx4-footer.ts",
      find: "[fromSequence, beforeSequence - 1]",
      put: "[fromSequence, beforeSequence]",
    },
    {
      what: "a range of timestamps holds its end",
      file: "sdx4-footer.ts",
      find: "[fromTimestampUs, beforeTimestampUs - 1]",
      put: "[fromTimestampUs, beforeTimestampUs]",
    },
    {
      what: "hashes of zeros are hashes",
      file: "sdx4-footer.ts",
      find: 'hash: present(bytes("hash", at.HASH_BYTES)),',
      put: 'hash: bytes("hash", at.HASH_BYTES),',
    },
    {
      what: "a cause of zeros is a cause",
      file: "sdx4-footer.ts",
      find: 'causationId: present(bytes("causationId", at.ID_BYTES)),',
      put: 'causationId: bytes("causationId", at.ID_BYTES),',
    },
    // --- sdx4-tables.ts ---
    {
      what: "rows that were read stand for all others",
      file: "sdx4-tables.ts",
      find: "if (this.#rows?.firstOrdinal === firstOrdinal) return this.#rows;",
      put: "if (this.#rows !== undefined) return this.#rows;",
    },
    {
      what: "rows are read again for every question",
      file: "sdx4-tables.ts",
      find: "if (this.#rows?.firstOrdinal === firstOrdinal) return this.#rows;",
    },
    {
      what: "a block of an index that was read stands for all others",
      file: "sdx4-tables.ts",
      find: "if (known?.block === block) return known.pairs;",
      put: "if (known !== undefined) return known.pairs;",
      tests: [tests.sdx4Laws, tests.sdx4Arguments],
    },
    {
      what: "strings are bounded by the entries",
      file: "sdx4-tables.ts",
      find: 'placeCount: name === "stringKeys" ? trailer.stringCount : trailer.entryCount,',
      put: "placeCount: trailer.entryCount,",
      tests: [tests.sdx4Golden, tests.sdx4Laws],
    },
    {
      what: "a check of everything leaves out blocks",
      file: "sdx4-tables.ts",
      find: "block < section.blockCount; block++",
      put: "block < section.blockCount; block += 2",
      tests: [tests.sdx4Damage],
    },
    {
      what: "a check of everything checks nothing",
      file: "sdx4-tables.ts",
      find: "this.#reader.viewBlock(directory.place(section, block), name);",
    },
    // --- sdx4-places.ts ---
    {
      what: "a key between two blocks is looked for in the second",
      file: "sdx4-places.ts",
      find: "if (directory.zone(section, this.#block)[0] > this.#key) return -1;",
      tests: [tests.sdx4Arguments],
    },
    {
      what: "the places of the next key follow",
      file: "sdx4-places.ts",
      find: "if (keys[pair] !== this.#key) return -1;",
    },
    {
      what: "a key that goes on in the next block ends with the first",
      file: "sdx4-places.ts",
      find: "this.#pair = -1; } return -1;",
      put: "return -1; } return -1;",
      tests: [tests.sdx4Laws],
    },
    // --- sdx4-selection.ts ---
    {
      what: "the index of entities is believed",
      file: "sdx4-selection.ts",
      find: 'if (entity !== undefined) open.push(["entity", [entity, entity]]);',
    },
    {
      what: "blocks are read whatever their zones say",
      file: "sdx4-selection.ts",
      find: "if (most < range[0] || least > range[1]) return undefined;",
    },
    {
      what: "a zone that begins in the range is inside",
      file: "sdx4-selection.ts",
      find: "least >= range[0] && most <= range[1]",
      put: "least >= range[0]",
    },
    {
      what: "a zone that ends in the range is inside",
      file: "sdx4-selection.ts",
      find: "least >= range[0] && most <= range[1]",
      put: "most <= range[1]",
    },
    {
      what: "a block that is inside is read all the same",
      file: "sdx4-selection.ts",
      find: "if (open.length === 0) return [];",
      tests: [tests.sdx4Arguments],
    },
    {
      what: "values below the range match",
      file: "sdx4-selection.ts",
      find: "value < least ||",
    },
    { what: "values above the range match", file: "sdx4-selection.ts", find: "|| value > most" },
    {
      what: "the columns of the first block serve for all",
      file: "sdx4-selection.ts",
      find: "if (block !== this.#block) {",
      put: "if (this.#block === -1) {",
    },
    // --- sdx4-builder.ts ---
    ...["frameLength", "batchIndex", "revision", "lane", "depth", "kind", "timestampUs", "flags"].map((name) => ({
      what: `a ${name} that does not fit is stored`,
      file: "sdx4-builder.ts",
      find: `checkWhole(entry.${name}, "${name}", 0, ${
        {
          revision: "Number.MAX_SAFE_INTEGER",
          timestampUs: "Number.MAX_SAFE_INTEGER",
          kind: "at.MAX_UINT16",
          flags: "at.MAX_UINT16",
        }[name] ?? "at.MAX_UINT32"
      });`,
    })),
    ...["hash", "correlationId", "causationId"].map((name) => ({
      what: `a ${name} of any length is stored`,
      file: "sdx4-builder.ts",
      find: `if (${name} !== undefined) checkBytes(${name}, "${name}", at.${name === "hash" ? "HASH" : "ID"}_BYTES);`,
    })),
    {
      what: "an event id of any length is stored",
      file: "sdx4-builder.ts",
      find: 'checkBytes(eventId, "eventId", at.ID_BYTES);',
    },
    {
      what: "sequences may go back while they are added",
      file: "sdx4-builder.ts",
      find: "first ? 0 : this.#lastSequence + 1",
      put: "0",
    },
    {
      what: "no sequence may be 0",
      file: "sdx4-builder.ts",
      find: "first ? 0 : this.#lastSequence + 1",
      put: "this.#lastSequence + 1",
    },
    {
      what: "frames may go back while they are added",
      file: "sdx4-builder.ts",
      find: 'checkWhole(frameOffset, "frameOffset", this.#lastOffset,',
      put: 'checkWhole(frameOffset, "frameOffset", 0,',
    },
    {
      what: "a frame may end above 2^53-1",
      file: "sdx4-builder.ts",
      find: 'checkWhole(frameOffset + frameLength, "the end of the frame", 0, Number.MAX_SAFE_INTEGER);',
    },
    {
      what: "the covered bytes may end before the last frame",
      file: "sdx4-builder.ts",
      find: '"coveredBytes", this.#framesEnd,',
      put: '"coveredBytes", 0,',
    },
    {
      what: "a string of an entry that is refused is kept",
      file: "sdx4-builder.ts",
      find: 'const scopeBytes = scope === undefined ? encodeString(entry.scope, "scope") : zeroBytes; entity = this.#strings.put(entry.entity, entityBytes);',
      put: 'entity = this.#strings.put(entry.entity, entityBytes); const scopeBytes = scope === undefined ? encodeString(entry.scope, "scope") : zeroBytes;',
    },
    {
      what: "a misspelled option of the builder passes",
      file: "sdx4-builder.ts",
      find: 'checkKeys(options, ["maxBytes"], "Sdx4Builder");',
    },
    {
      what: "a footer may have any length",
      file: "sdx4-builder.ts",
      find: 'checkWhole(maxBytes, "maxBytes", at.TRAILER_BYTES, at.MAX_UINT32);',
    },
    {
      what: "a misspelled option of encoding passes",
      file: "sdx4-builder.ts",
      find: 'checkKeys(coverage, coverageKeys, "encode");',
    },
    ...["segmentCrc", "chain", "reserveBytes"].map((name) => ({
      what: `${name} may be anything`,
      file: "sdx4-builder.ts",
      find: `checkWhole(${name}, "${name}", 0, at.MAX_UINT32);`,
    })),
    {
      what: "event ids of a block that is not full have no keys",
      file: "sdx4-builder.ts",
      find: "const rows = this.#rows.count === 0 ? this.#blocks : [...this.#blocks, this.#encodeRows()];",
      put: "const rows = this.#rows.count === 0 ? this.#blocks : [...this.#blocks, this.#rows.encode()];",
    },
    // --- sdx4-encoder.ts ---
    {
      what: "a footer may be longer than it may be",
      file: "sdx4-encoder.ts",
      find: "if (sizeBytes > maxBytes) {",
      put: "if (sizeBytes < 0) {",
    },
    // --- sdx4-row-collector.ts ---
    {
      what: "a hash stays for the entries of the next block",
      file: "sdx4-row-collector.ts",
      find: "this.#hashes.fill(0);",
    },
    {
      what: "a cause stays for the entries of the next block",
      file: "sdx4-row-collector.ts",
      find: "this.#causations.fill(0);",
    },
    {
      what: "the next block is said to have hashes",
      file: "sdx4-row-collector.ts",
      find: "this.#hashed = false; this.#correlated",
      put: "this.#correlated",
    },
    {
      what: "the next block is said to have correlations of its own",
      file: "sdx4-row-collector.ts",
      find: "this.#correlated = false; this.#caused",
      put: "this.#caused",
    },
    {
      what: "the next block is said to have causes",
      file: "sdx4-row-collector.ts",
      find: "this.#caused = false; this.#hashes",
      put: "this.#hashes",
    },
    {
      what: "correlations before the first one that differs are lost",
      file: "sdx4-row-collector.ts",
      find: "this.#correlations.set(this.eventIds.subarray(0, row * at.ID_BYTES));",
    },
    // --- sdx4-key-order.ts ---
    {
      what: "keys are sorted by their first digit only",
      file: "sdx4-key-order.ts",
      find: "shift < keyBits; shift += digitBits",
      put: "shift < keyBits; shift += 32",
      tests: layout,
    },
  ],
);
