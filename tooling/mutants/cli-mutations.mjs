// The checks and the bookkeeping of `holdfast dump` and `holdfast verify`. A mistake here prints an event that does not count, takes
// damage for sound, or tells a script that all is well.
import { area, tests } from "./area.mjs";

const inspect = (name, usual, entries) =>
  area(
    name,
    usual,
    entries.map((entry) => ({ ...entry, file: `inspect/${entry.file}` })),
    "apps/cli",
  );

export const cliMutations = [
  ...inspect(
    "cli-batches",
    [tests.cliWalk],
    [
      {
        what: "an item too many leaves the batch open",
        file: "fbat-batches.ts",
        find: 'if (this.#remaining === 0) this.#state = "alone"; // one item too many: no batch that anybody committed else',
        put: "if (this.#remaining !== 0)",
      },
      {
        what: "a commit marker counts however many items came",
        file: "fbat-batches.ts",
        find: "return left === 0;",
        put: "return true;",
      },
      {
        what: "items beyond the count are looked over",
        file: "fbat-batches.ts",
        find: "if (left === 0) return false;",
      },
      {
        what: "a second begin marker does not end the first",
        file: "fbat-batches.ts",
        find: "|| read.event.kind === fbatKinds.batchBegin",
      },
      {
        what: "a batch stays open behind its commit marker",
        file: "fbat-batches.ts",
        find: 'this.#state = "alone"; return committed;',
        put: "return committed;",
      },
      {
        what: "items behind damage stand alone",
        file: "fbat-batches.ts",
        find: 'this.#state = "unknown";',
        put: 'this.#state = "alone";',
      },
      {
        what: "damage in the header may hide no marker",
        file: "fbat-file.ts",
        find: "if (lost) batches.passDamage();",
      },
      {
        what: "a damaged header hides a marker",
        file: "fbat-file.ts",
        find: "endOffset > maxHeadBytes);",
        put: "true);",
      },
    ],
  ),
  ...inspect(
    "cli-frames",
    [tests.cliWalk, tests.cliDamage],
    [
      {
        what: "a claimed length is read before it is known to fit",
        file: "fbat-frame-reader.ts",
        find: 'if (size > limit - offset) return { kind: "stop", reason: "short-payload" };',
      },
      {
        what: "eight zeros are a frame",
        file: "fbat-frame-reader.ts",
        find: 'if (outcome.endOffset === outcome.payloadStart) return { kind: "stop", reason: "empty-frame" };',
      },
      {
        what: "an event needs no hash chain",
        file: "fbat-frame-reader.ts",
        find: 'if (event.chain === undefined) return refuse("CODEC_MALFORMED_ENVELOPE", "an event without a hash chain");',
      },
      {
        what: "any name is one",
        file: "fbat-frame-reader.ts",
        find: "if (!isFbatName(event[field]))",
        put: "if (false)",
      },
      { what: "a batch of nothing is one", file: "fbat-frame-reader.ts", find: "items > 0 &&" },
      {
        what: "a window keeps the room of a large frame",
        file: "fbat-frame-reader.ts",
        find: "this.#window.length > this.#windowBytes && size <= this.#windowBytes",
        put: "false",
      },
      {
        what: "a window is believed to hold more than it does",
        file: "fbat-frame-reader.ts",
        find: "&& offset + size <= this.#base + this.#filled",
      },
    ],
  ),
  ...inspect(
    "cli-fbat",
    [tests.cliDamage, tests.cliDump, tests.cliTree, tests.cliWalk],
    [
      {
        what: "a header under another name is sound",
        file: "fbat-file.ts",
        find: "number !== undefined && number !== segmentId",
        put: "false",
      },
      {
        what: "the hash of a payload is not looked at",
        file: "fbat-file.ts",
        find: "if (!isContentSound(event)) yield contentDamage(at, endOffset);",
      },
      {
        what: "the event's own hash is not looked at",
        file: "fbat-file.ts",
        find: "&& hash.equals(chain.eventHash)",
      },
      {
        what: "the header's copy of the hash is not looked at",
        file: "fbat-file.ts",
        find: "hash.equals(contentHash) &&",
      },
      {
        what: "any segment may end in a torn tail",
        file: "fbat-name.ts",
        find: "return number >= highest;",
        put: "return true;",
      },
      {
        what: "rows of frames behind a damaged header that are gone refute the footer",
        file: "fbat-file.ts",
        find: "footer.passDamage(0, endOffset);",
      },
      {
        what: "an older segment may have been cut short at its creation",
        file: "fbat-file.ts",
        find: "cut && isNewestFbat(name, folder)",
        put: "cut",
      },
      {
        what: "frames behind a damaged header are not looked for",
        file: "fbat-file.ts",
        find: "yield* frameLines(file, footer, endOffset, endOffset > maxHeadBytes);",
      },
      {
        what: "a batch goes on behind a malformed frame",
        file: "fbat-file.ts",
        find: 'if (read.kind === "malformed") { batches.passDamage();',
        put: 'if (read.kind === "malformed") {',
      },
      {
        what: "a batch goes on behind a damaged frame",
        in: "function* frameLines(",
        file: "fbat-file.ts",
        find: 'if (read.kind === "stop") { batches.passDamage();',
        put: 'if (read.kind === "stop") {',
      },
      {
        what: "what was never looked through is a torn tail",
        file: "fbat-file.ts",
        find: "newest && !vouched && stop.searched",
        put: "newest && !vouched",
      },
      {
        what: "a tail before a sound footer is torn",
        file: "fbat-file.ts",
        find: "newest && !vouched && stop.searched",
        put: "newest && stop.searched",
      },
      {
        what: "a segment is known by its magic alone",
        file: "fbat-file.ts",
        find: 'if (name.endsWith(".fbat")) return true;',
      },
      {
        what: "every file that begins with four letters is a segment",
        file: "fbat-file.ts",
        find: "Number(magic) + Number(small) + Number(keyed) > 1",
        put: "magic || Number(small) + Number(keyed) > 1",
      },
    ],
  ),
  ...inspect(
    "cli-footer",
    [tests.cliFooter, tests.cliDamage, tests.cliDump],
    [
      {
        what: "an event without a row is passed over",
        file: "fbat-footer.ts",
        find: 'if (role === "event" && committed) this.#refute(`the event at ${offset} has no row`);',
      },
      {
        what: "a row of another event is a row",
        file: "fbat-footer.ts",
        find: "if (field !== undefined) this.#refute(`row ${this.#entry} has another ${field} than the frame at ${offset}`); else if",
        put: "if",
      },
      {
        what: "rows without a checksum commit events",
        file: "fbat-footer.ts",
        find: "return committed || (field === undefined && this.vouched);",
        put: "return committed || field === undefined;",
      },
      {
        what: "rows under a checksum commit nothing",
        file: "fbat-footer.ts",
        find: "return committed || (field === undefined && this.vouched);",
        put: "return committed;",
      },
      {
        what: "rows of no frame are passed over",
        file: "fbat-footer.ts",
        find: "if (this.#row.frameOffset < offset) this.#refute(`row ${this.#entry} is of no frame`);",
      },
      {
        what: "damage to frames speaks against their rows",
        file: "fbat-footer.ts",
        find: "this.#skip(offset, endOffset); }",
        put: "this.#skip(endOffset, endOffset); }",
      },
      {
        what: "rows that a refuted footer without a checksum claims are printed",
        file: "fbat-footer.ts",
        find: "if (this.vouched || refutation === undefined) yield* this.#entryLines();",
        put: "yield* this.#entryLines();",
      },
      {
        what: "a footer above the bound is torn",
        file: "fbat-footer.ts",
        find: 'if (this.#tooLargeAt === framesEnd) return "unreadable";',
      },
    ],
  ),
  ...inspect(
    "cli-segment",
    [tests.cliSegment, tests.cliSealed, tests.cliTree],
    [
      {
        what: "headers beside a segment are not asked",
        file: "segment-file.ts",
        find: "{ successors: headersOf(file.folder) }",
        put: "{}",
      },
      {
        what: "a damaged magic is another format's",
        file: "segment-file.ts",
        find: "|| isNearlyBegun(head) || withMagic(head) !== undefined",
      },
      {
        what: "a damaged magic is sound",
        file: "segment-file.ts",
        find: "if (repaired !== undefined) {",
        put: "if (false) {",
      },
      { what: "a footer's blocks are not checked", file: "segment-footer.ts", find: "this.#footer?.checkAll();" },
      { what: "a footer of any segment is this one's", file: "segment-footer.ts", find: "{ segment }", put: "{}" },
      {
        what: "an entry may be of a frame of another length",
        file: "segment-footer.ts",
        find: "&& length === endOffset - offset",
      },
      {
        what: "an entry may be of a record that its frame does not have",
        file: "segment-footer.ts",
        find: "&& index < span",
      },
      {
        what: "a record may have two entries",
        file: "segment-footer.ts",
        find: "if (index <= lastIndex)",
        put: "if (index < lastIndex)",
      },
      {
        what: "entries of a batch come in any order",
        file: "segment-footer.ts",
        find: "if (index <= lastIndex)",
        put: "if (index === lastIndex)",
      },
      { what: "a record needs no entry", file: "segment-footer.ts", find: "listed && count !== span", put: "false" },
      {
        what: "one entry is enough for a batch",
        file: "segment-footer.ts",
        find: "listed && count !== span",
        put: "listed && count === 0",
      },
      {
        what: "records of an owner's kind need entries",
        file: "segment-footer.ts",
        find: "listed && count !== span",
        put: "count !== span",
      },
      {
        what: "a footer of any chain is that of these frames",
        file: "segment-footer.ts",
        find: "footer !== undefined && footer.trailer.chain !== this.#chain",
        put: "false",
      },
      {
        what: "a segment without frames has no chain",
        file: "segment-footer.ts",
        find: "this.#chain = segment.previousChain;",
        put: "this.#chain = 0;",
      },
      {
        what: "entries behind the last frame are passed over",
        file: "segment-footer.ts",
        find: "footer !== undefined && this.#ordinal < footer.entryCount",
        put: "false",
      },
    ],
  ),
  ...inspect(
    "cli-order",
    [tests.cliOrder],
    [
      { what: "an event may be there twice", file: "fbat-order.ts", find: "this.#ids.has(id)", put: "false" },
      {
        what: "a clock may stand still",
        file: "fbat-order.ts",
        find: "clock <= last.clock",
        put: "clock < last.clock",
      },
      { what: "a clock may go back", file: "fbat-order.ts", find: "clock <= last.clock", put: "clock === last.clock" },
      { what: "lanes share a clock", file: "fbat-order.ts", find: "`${lane} ${entity}`", put: "entity" },
      { what: "entities share a clock", file: "fbat-order.ts", find: "`${lane} ${entity}`", put: "`${lane}`" },
      {
        what: "ids are kept without a bound",
        file: "fbat-order.ts",
        find: "if (this.#ids.size < maxKept) this.#ids.add(id);",
        put: "this.#ids.add(id);",
      },
      {
        what: "streams are kept without a bound",
        file: "fbat-order.ts",
        find: "if (last !== undefined || this.#streams.size < maxKept) this",
        put: "this",
      },
      {
        what: "links are not looked at",
        file: "fbat-order.ts",
        find: "textOf(chain.previousHash) === before",
        put: "true",
      },
      {
        what: "the first event may link to another",
        file: "fbat-order.ts",
        find: "clock === 0 ? noHash : ",
        put: "",
      },
      {
        what: "a gap of the clock is none",
        file: "fbat-order.ts",
        find: "last?.clock === clock - 1 ? last.hash : undefined",
        put: "last?.hash",
      },
      {
        what: "items that never committed have a place in the order",
        file: "fbat-file.ts",
        find: 'counts && frame.role === "event"',
        put: 'frame.role === "event"',
      },
      {
        what: "markers have a place in the order",
        file: "fbat-file.ts",
        find: 'counts && frame.role === "event"',
        put: "counts",
      },
      {
        what: "two files may have one number",
        file: "fbat-file.ts",
        find: "if (rival !== undefined) {",
        put: "if (false) {",
      },
    ],
  ),
  ...inspect(
    "cli-lost-beginning",
    [tests.cliLost, tests.cliFooterFile, tests.cliSealed, tests.cliDamage],
    [
      {
        what: "a file is not known by its end",
        file: "file-lines.ts",
        find: "format === undefined ? footerMagicOf(source) : undefined",
        put: "undefined",
      },
      {
        what: "a file is not known by its neighbours",
        file: "file-lines.ts",
        find: "else if (family !== undefined) yield* family.format.lines(file);",
      },
      {
        what: "a file is not known by what it holds",
        file: "file-lines.ts",
        find: "else if (isFbatBehindZeros(source, head)) yield* fbatFormat.lines(file);",
      },
      {
        what: "zeros are a segment like any other",
        file: "file-lines.ts",
        find: "family !== undefined && holdsOnlyZeros(source)",
        put: "false",
      },
      {
        what: "zeros before a later segment are torn",
        file: "file-lines.ts",
        find: "isBehind(name, family)",
        put: "true",
      },
      { what: "zeros are seen by their beginning", file: "zeros.ts", find: "return false;", put: "return offset > 0;" },
      {
        what: "files are alike whatever they are called",
        file: "file-family.ts",
        find: 'name.replace(/[0-9a-f]{8,}|[0-9]+/giu, "#")',
        put: '"#"',
      },
      {
        what: "long numbers are decimal",
        file: "file-family.ts",
        find: "[0-9a-f]{8,}|",
      },
      {
        what: "the first segment that was begun is the last",
        file: "file-family.ts",
        find: "lastBegun: sibling.name",
        put: "lastBegun: family?.lastBegun ?? sibling.name",
      },
      {
        what: "any file begins like a segment",
        file: "segment-file.ts",
        find: 'isHeader: (head) => inspectSegmentHeader(head).kind === "segment"',
        put: "isHeader: () => true",
      },
      {
        what: "an archive of segments is one",
        file: "fbat-file.ts",
        find: "if (head.some((byte) => byte !== 0)) return false;",
      },
      {
        what: "a nearly sound magic is none",
        file: "segment-file.ts",
        find: "return differing <= 2;",
        put: "return false;",
      },
      {
        what: "a few bytes among segments are the beginning of one",
        file: "segment-file.ts",
        find: 'case "short": if (isBegun(head)) {',
        put: 'case "short": if (true) {',
      },
      {
        what: "zeros of batpak are damage, also at the end",
        file: "fbat-file.ts",
        find: "|| holdsOnlyZeros(source)",
      },
      {
        what: "a later version of batpak is damage",
        file: "fbat-file.ts",
        find: 'if (code === "CODEC_UNSUPPORTED_VERSION") return "unreadable";',
      },
      {
        what: "a later footer of batpak is damage",
        file: "fbat-footer.ts",
        find: 'this.#verdict = "unreadable";',
        put: 'this.#verdict = "corrupt";',
      },
      {
        what: "a later footer is damage",
        file: "segment-footer.ts",
        find: 'code === "SIDX_UNSUPPORTED_VERSION" ? "unreadable" : "corrupt"',
        put: '"corrupt"',
      },
      {
        what: "the blocks of a lone footer are not checked",
        file: "segment-footer.ts",
        find: "footer = openSdx4(source); footer?.checkAll();",
        put: "footer = openSdx4(source);",
      },
      {
        what: "what stands before a lone footer is sound",
        file: "segment-footer.ts",
        find: "if (startOffset > 0) yield",
        put: "if (false) yield",
      },
      {
        what: "a footer by itself is part of a segment",
        file: "footer-file.ts",
        find: "!Number.isSafeInteger(sizeBytes)",
        put: "sizeBytes > 0",
      },
      {
        what: "a footer of 0.8 by itself is none",
        file: "footer-file.ts",
        find: '&& outcome.kind !== "sdx2"',
      },
      {
        what: "a footer that is a file has no format",
        file: "regions.ts",
        find: "|| isFile) format",
        put: ") format",
      },
      {
        what: "claims under no checksum are sound",
        file: "footer-file.ts",
        find: "{ ...line.fields, sound: covered }",
        put: "{ ...line.fields, sound: true }",
      },
    ],
  ),
  ...inspect(
    "cli-lines",
    [tests.cliExplained, tests.cliRegions, tests.cliJson, tests.cliText, tests.cliTree],
    [
      {
        what: "bytes between lines are sound",
        file: "explained.ts",
        find: "if (line.offset > end) yield gap(end, line.offset);",
      },
      {
        what: "bytes behind the last line are sound",
        file: "explained.ts",
        find: "if (end < sizeBytes) yield gap(end, sizeBytes);",
      },
      {
        what: "a line about damaged bytes makes them sound",
        file: "regions.ts",
        find: "else if (lineEnd > end)",
        put: "else if (lineEnd >= end)",
      },
      { what: "control characters go to the terminal", file: "safe-text.ts", find: ".replace(unsafe, escaped)" },
      {
        what: "a symlink called like a segment is passed over",
        file: "host-tree.ts",
        find: "!isOurName(name, folder)",
        put: "true",
      },
      {
        what: "a pipe on standard input is not there",
        file: "host-tree.ts",
        find: "if (isSpecial(argument)) throw",
        put: "if (false) throw",
      },
      {
        what: "a symlink that was named is called by what it leads to",
        file: "host-tree.ts",
        find: "const file = basename(argument);",
        put: "const file = name;",
      },
      { what: "a pipe is waited for", file: "host-file.ts", find: "(constants.O_NONBLOCK ?? 0)", put: "0" },
      { what: "a device is read", file: "host-file.ts", find: "if (!stats.isFile())", put: "if (false)" },
      {
        what: "what could not be read is less than damage",
        file: "finding.ts",
        find: "if (this.#unreadable) return 2; return this.#damaged ? 1 : 0;",
        put: "if (this.#damaged) return 1; return this.#unreadable ? 2 : 0;",
      },
      {
        what: "a file of another format that was named is fine",
        file: "finding.ts",
        find: '|| (kind === "foreign" && named)',
      },
      {
        what: "numbers in names count as text",
        file: "name-order.ts",
        find: "if (left !== undefined && right !== undefined && left !== right) return left < right ? -1 : 1;",
      },
    ],
  ),
];
