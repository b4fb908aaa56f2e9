// Every check of the durability profiles, every rule that makes their bytes the reference's, and every barrier of the appender.
import { area, tests } from "./area.mjs";

const { durabilityGolden, durabilityDamage, durabilityLaw, durabilityLaws, durabilityVectors } = tests;
const { durabilityFaults, durabilityCrash, durabilityBadInput } = tests;
const reading = [durabilityLaw, durabilityDamage, durabilityGolden, durabilityLaws, durabilityBadInput];
const writing = [durabilityVectors, durabilityLaw, durabilityGolden, durabilityFaults];
const appending = [durabilityFaults, durabilityCrash];

const file = (name, entries) => entries.map((entry) => ({ ...entry, file: `durability-${name}.ts` }));
const list = (usual, entries) => area("durability", usual, entries, "packages/wal");

export const durabilityMutations = [
  ...list(writing, [
    ...file("layout", [
      { what: "a record may be of any length", find: "record: 2 ** 26,", put: "record: 2 ** 27," },
      { what: "an entry may be of any length", find: "entry: 2 ** 24,", put: "entry: 2 ** 25," },
      { what: "a checkpoint may be of any length", find: "checkpoint: 2 ** 28,", put: "checkpoint: 2 ** 29," },
      { what: "version 3 covers no header", find: "coversHeader: true", put: "coversHeader: false" },
      {
        what: "version 2 covers the header",
        find: 'noun: "entry of version 2", coversHeader: false',
        put: 'noun: "entry of version 2", coversHeader: true',
      },
    ]),
    ...file("frame", [
      {
        what: "what nobody reads back is written",
        find: "if (payload.length <= longestBytes) return;",
        put: "return;",
      },
      { what: "anything is a payload", find: 'checkBytes(payload, "payload");' },
      { what: "a segment of any version is begun", find: "checkVersion(header.version, [2, 3]);" },
      {
        what: "an entry of any version is written",
        in: "export function encodeDurabilityEntry",
        find: "checkVersion(version, [2, 3]);",
      },
      { what: "entry 0 is written", find: 'checkId(entryId, "entryId", 1);' },
      { what: "a segment begins with entry 0", find: 'checkId(header.startEntryId, "startEntryId", 1);' },
      { what: "a segment has number 0", find: 'checkId(header.segmentId, "segmentId", 1);' },
      { what: "a length leaves the header out", find: "countedBytes + payload.length", put: "payload.length" },
    ]),
    ...file("checkpoint", [
      { what: "a checkpoint of any version is written", find: "checkVersion(version, [1, 2]);" },
      { what: "a checkpoint has any id", find: 'checkId(lastAppliedId, "lastAppliedId", 0);' },
      { what: "a checkpoint holds anything", find: 'checkBytes(payload, "payload");' },
      {
        what: "a checkpoint is written that nobody reads",
        find: "if (payload.length > durabilityLimits.checkpoint) {",
        put: "if (payload.length < 0) {",
      },
      {
        what: "version 2 leaves the header out",
        find: "return version === 1 ? 0 : crc32(header, 0, 24);",
        put: "return 0;",
      },
      {
        what: "version 1 covers the header",
        find: "return version === 1 ? 0 : crc32(header, 0, 24);",
        put: "return crc32(header, 0, 24);",
      },
    ]),
    ...file("encoder", [
      {
        what: "a tail stays, and what follows is lost",
        find: "if (tail > 0) this.cut = { file, sizeBytes: end.endOffset };",
        put: "this.cut = undefined;",
      },
      { what: "zeros stay", find: ': end.kind === "zeros" ? end.zeroBytes : 0', put: ": 0" },
      { what: "a file without a tail is cut", find: "if (tail > 0)", put: "if (tail >= 0)" },
      {
        what: "entries of version 3 follow those of 2 in one segment",
        find: "if (this.#offset > 0 && after.version !== version) this.#rotate();",
      },
      {
        what: "a segment that was never begun is left behind",
        find: "this.#offset > 0 && after.version !== version",
        put: "after.version !== version",
      },
      {
        what: "version 2 follows 3",
        find: 'if (after.version === 3 && version === 2) refuseOption("version", "must be 3: the log is of version 3");',
      },
      {
        what: "a log goes on behind damage",
        find: 'if (end.kind === "corrupt") {',
        put: 'if (end.kind === "corrupt" && end.endOffset < 0) {',
      },
      {
        what: "ids begin anew where a header is lost",
        find: "if (after.nextEntryId === undefined && options.firstEntryId === undefined) {",
        put: "if (options.firstEntryId === 0) {",
      },
      {
        what: "a first id that is not the next is ignored",
        find: "if (options.firstEntryId !== undefined && this.#nextEntryId !== firstEntryId) {",
        put: "if (options.firstEntryId === 0) {",
      },
      { what: "ids begin anew behind a log", find: "after?.nextEntryId ?? firstEntryId", put: "firstEntryId" },
      { what: "segments begin anew behind a log", find: "after?.segmentId ?? 1", put: "1" },
      { what: "a segment grows without end", find: "if (full && this.#offset > WAL_HEADER_BYTES) this.#rotate();" },
      {
        what: "an empty segment is left for one that is no larger",
        find: "if (full && this.#offset > WAL_HEADER_BYTES)",
        put: "if (full)",
      },
      {
        what: "a segment that is exactly full has one entry less",
        find: "frame.length > this.#segmentBytes",
        put: "frame.length >= this.#segmentBytes",
      },
      { what: "ids go on above 2^53-1", find: "if (entryId > Number.MAX_SAFE_INTEGER)", put: "if (entryId < 0)" },
      {
        what: "a misspelled option of the encoder passes",
        find: 'checkKnown(options, ["version", "segmentBytes", "after", "firstEntryId"]);',
      },
      { what: "any version is laid out", find: "checkVersion(options.version, [2, 3]);" },
      {
        what: "a segment of no size",
        find: 'checkWhole(segmentBytes, "segmentBytes", WAL_HEADER_BYTES + 16, 2 ** 40);',
      },
      { what: "a log begins with entry 0", find: 'checkId(firstEntryId, "firstEntryId", 1);' },
    ]),
  ]),
  ...list(reading, [
    ...file("checkpoint", [
      {
        what: "a checkpoint that is cut in its header",
        find: "if (from.sizeBytes < header.length) {",
        put: "if (from.sizeBytes < 0) {",
      },
      {
        what: "any magic is a checkpoint",
        find: "if (view.getUint32(0, true) !== CHECKPOINT_MAGIC) {",
        put: "if (view.getUint32(0, true) < 0) {",
      },
      {
        what: "any version of a checkpoint is read",
        find: "if (version !== 1 && version !== 2) {",
        put: "if (version < 0) {",
      },
      {
        what: "a payload's length is believed",
        find: "if (payloadBytes < 0 || payloadBytes > durabilityLimits.checkpoint) {",
        put: "if (payloadBytes > 2 ** 60) {",
      },
      {
        what: "bytes behind a checkpoint are ignored",
        find: "if (sizeBytes !== from.sizeBytes) {",
        put: "if (sizeBytes > from.sizeBytes) {",
      },
      {
        what: "a payload that is cut is read",
        find: "if (sizeBytes !== from.sizeBytes) {",
        put: "if (sizeBytes < from.sizeBytes) {",
      },
      { what: "a checkpoint's checksum is not looked at", find: "if (actual !== expected)", put: "if (actual < 0)" },
      { what: "an id above 2^53-1 is -1", find: "if (lastAppliedId < 0) {", put: "if (lastAppliedId < -1) {" },
    ]),
    ...file("cursor", [
      {
        what: "a frame's checksum is not looked at",
        find: "if (frameChecksum(this.#grammar, bytes, local, localEnd) !== view.getUint32(local + crcAt, true)) {",
        put: "if (frameChecksum(this.#grammar, bytes, local, localEnd) < 0) {",
      },
      { what: "a frame may run past the end", find: 'if (endOffset > limit) return this.#stopAt("short-payload");' },
      {
        what: "a length below the header is a frame",
        find: 'if (payloadBytes < 0) return this.#stopAt("bad-length");',
      },
      {
        what: "a length above the limit is read",
        find: "if (payloadBytes > this.#maxPayloadBytes) {",
        put: "if (payloadBytes > 2 ** 33) {",
      },
      {
        what: "an entry above the limit is a torn tail",
        find: "endOffset <= limit && this.#holdsAcross(at, endOffset)",
        put: "endOffset < 0",
      },
      {
        what: "every entry above the limit is sound",
        find: "endOffset <= limit && this.#holdsAcross(at, endOffset)",
        put: "endOffset <= limit",
      },
      {
        what: "an entry above the limit may run past the end",
        find: "endOffset <= limit && this.#holdsAcross(at, endOffset)",
        put: "this.#holdsAcross(at, Math.min(endOffset, limit))",
      },
      { what: "a header that is cut is read", find: 'if (left < headerBytes) return this.#stopAt("short-header");' },
      {
        what: "zeros are frames or damage",
        find: 'if (this.#zeroRun(at) === limit) return this.#stopAt("zeros");',
        put: "this.#zeroRun(at);",
      },
      {
        what: "zeros are never records",
        find: "=== 0 && !this.#zerosAreRecords",
        put: "=== 0",
      },
      {
        what: "the window is not moved back behind a run of zeros",
        find: 'return this.#stopAt("zeros"); local = this.#window.at(at, Math.min(left, headerBytes));',
        put: 'return this.#stopAt("zeros");',
      },
      {
        what: "a run of zeros is looked through again for each record",
        find: "if (at < this.#zerosUntil) return this.#zerosUntil;",
      },
      { what: "zeros end with the window", find: "if (index < end - start) break;", put: "break;" },
    ]),
    ...file("search", [
      {
        what: "the search believes every checksum",
        find: "if (crc === view.getUint32(local + grammar.crcAt, true)) return",
        put: "return",
      },
      {
        what: "the search finds nothing",
        find: "if (crc === view.getUint32(local + grammar.crcAt, true)) return { offset: at, grammar };",
        put: "if (crc < 0) return { offset: at, grammar };",
      },
      {
        what: "the search forgets what version 3 covers",
        find: "sums.crc(payloadStart, payloadEnd, checksumSeed(grammar, bytes, local))",
        put: "sums.crc(payloadStart, payloadEnd)",
      },
      { what: "an empty record is evidence", find: "if (length === 0) continue;" },
      {
        what: "an empty entry of version 2 is evidence with any id",
        find: "if (!mayStandThere(entryId, nextEntryId, at - from)) continue;",
      },
      {
        what: "an empty entry of version 2 is never evidence",
        find: "if (!mayStandThere(entryId, nextEntryId, at - from)) continue;",
        put: "continue;",
      },
      {
        what: "an empty entry of version 3 needs the right id",
        find: "payloadBytes === 0 && !grammar.coversHeader && grammar.idAt",
        put: "payloadBytes === 0 && grammar.idAt",
      },
      { what: "an empty entry of before is evidence", find: "entryId >= nextEntryId && " },
      { what: "an empty entry of far behind is evidence", find: "&& entryId - nextEntryId <= distance / 16" },
      { what: "a claim past the end is looked at", find: "if (payloadEnd > end) continue;" },
      {
        what: "the search leaves out where it begins",
        find: "for (let at = from; at <= last;) {",
        put: "for (let at = from + 1; at <= last;) {",
      },
      {
        what: "the search leaves out the last place",
        find: "const last = end - headerBytes;",
        put: "const last = end - headerBytes - 1;",
      },
    ]),
    ...file("end", [
      {
        what: "damage before a sound frame is torn",
        find: 'if (later === undefined) return { kind: "torn"',
        put: 'if (sizeBytes >= 0) return { kind: "torn"',
      },
      {
        what: "the search believes no more than the option reads",
        find: "Math.max(maxPayloadBytes, grammars[0]?.longestBytes ?? 0)",
        put: "maxPayloadBytes",
      },
      { what: "an entry above the limit is damage", find: 'code: "WAL_RECORD_TOO_LARGE"', put: 'code: "WAL_CORRUPT"' },
    ]),
    ...file("header", [
      {
        what: "any magic will do",
        find: "if (!matches && begun.some((byte) => byte !== 0)) {",
        put: "if (begun.length > 4) {",
      },
      { what: "a field in the middle may be missing", find: "if (missing && !zero) broken = true;" },
      {
        what: "a field that is zero is there",
        find: "if (zero || field.length < size)",
        put: "if (field.length < size)",
      },
      { what: "a field that is cut is there", find: "if (zero || field.length < size)", put: "if (zero)" },
      {
        what: "any version will do",
        find: "if (version === 0 || versions.includes(version)) return undefined;",
        put: "if (version >= 0) return undefined;",
      },
    ]),
    ...file("record-log", [
      {
        what: "zeros before damage are records",
        find: "if (cursor.payload.length === 0 && !zerosAreRecords) {",
        put: "if (cursor.payload.length < 0) {",
      },
      {
        what: "zeros are not records though they are said to be",
        find: "cursor.payload.length === 0 && !zerosAreRecords",
        put: "cursor.payload.length === 0",
      },
      {
        what: "empty records are lost",
        find: "recordCount++; yield { offset: at, payload: empty };",
      },
      { what: "empty records come twice", find: "doubtful = undefined;" },
      {
        what: "the end lies behind what is in doubt",
        find: "const endOffset = doubtful ?? offset;",
        put: "const endOffset = offset;",
      },
      {
        what: "a header that is no header passes",
        find: "if (refused !== undefined) return { recordCount: 0, doubtfulRecords: 0, end: refused };",
      },
      {
        what: "records before a header that was never written are a tail",
        find: "end: judgeStop(source, stop) }",
        put: 'end: { kind: "torn", endOffset: 0, tornBytes: sizeBytes, reason: "unwritten-header" } }',
      },
      {
        what: "a misspelled option of the record log passes",
        find: 'checkKnown(options, ["onRecord", "zerosAreRecords", "maxPayloadBytes"]);',
      },
      { what: "zerosAreRecords may be anything", find: 'checkBoolean(zerosAreRecords, "zerosAreRecords");' },
      { what: "onRecord may be anything", find: 'if (onRecord !== undefined) checkFunction(onRecord, "onRecord");' },
      {
        what: "a record log's limit may be anything",
        find: 'checkWhole(maxPayloadBytes, "maxPayloadBytes", 0, 2 ** 30);',
      },
    ]),
    ...file("segment", [
      {
        what: "the header's number is not that of the name",
        find: "if (found !== segmentId) {",
        put: "if (found < -1) {",
      },
      { what: "a first id above 2^53-1 is -1", find: "if (startEntryId < 0) {", put: "if (startEntryId < -1) {" },
      {
        what: "a segment begins anywhere",
        find: "if (nextEntryId !== undefined && startEntryId !== nextEntryId) {",
        put: "if (nextEntryId === -1) {",
      },
      { what: "ids may jump", find: "if (cursor.entryId !== due) {", put: "if (cursor.entryId < due) {" },
      { what: "ids may come again", find: "if (cursor.entryId !== due) {", put: "if (cursor.entryId > due) {" },
      { what: "ids above 2^53-1 are looked for", find: "if (due > Number.MAX_SAFE_INTEGER) {", put: "if (due < 0) {" },
      {
        what: "entries of the other version are no evidence",
        find: "const grammars = [entryGrammars[version], entryGrammars[other]];",
        put: "const grammars = [entryGrammars[version]];",
      },
      {
        what: "a lost header hides entries of version 3",
        find: "const grammars = [entryGrammars[2], entryGrammars[3]];",
        put: "const grammars = [entryGrammars[2]];",
      },
      {
        what: "a lost header hides entries of version 2",
        find: "const grammars = [entryGrammars[2], entryGrammars[3]];",
        put: "const grammars = [entryGrammars[3]];",
      },
      {
        what: "every segment may be torn",
        find: 'if (last || end.kind !== "torn") return end;',
        put: 'if (last || end.kind !== "torn" || end.endOffset >= 0) return end;',
      },
      {
        what: "version 3 is read as 2",
        find: "const version = fields.u32(4) === 2 ? 2 : 3;",
        put: "const version = 2;",
      },
      {
        what: "a misspelled option of a segment passes",
        find: 'checkKnown(options, ["segmentId", "nextEntryId", "last", "maxPayloadBytes", "onEntry"]);',
      },
      { what: "a segment's number may be anything", find: 'checkId(segmentId, "segmentId", 1);' },
      {
        what: "nextEntryId may be anything",
        find: 'if (nextEntryId !== undefined) checkId(nextEntryId, "nextEntryId", 1);',
      },
      { what: "last may be anything", find: 'checkBoolean(last, "last");' },
      {
        what: "a segment's limit may be anything",
        find: 'checkWhole(maxPayloadBytes, "maxPayloadBytes", 0, 2 ** 30);',
      },
      { what: "onEntry may be anything", find: 'if (onEntry !== undefined) checkFunction(onEntry, "onEntry");' },
    ]),
    ...file("directory", [
      {
        what: "alias names are ignored",
        find: "const segmentName = /^wal_(\\+?\\d+)\\.log$/;",
        put: "const segmentName = /^wal_([1-9]\\d*)\\.log$/;",
      },
      { what: "alias names are segments", find: "|| segmentId < 1 || String(segmentId) !== digits" },
      { what: "segment 0 is one", find: "|| segmentId < 1 ||", put: "||" },
      {
        what: "numbers above 2^53-1 are rounded",
        find: "!Number.isSafeInteger(segmentId) || segmentId < 1 || String(segmentId) !== digits",
        put: "segmentId < 1 || (String(segmentId) !== digits && segmentId < 2 ** 53)",
      },
      { what: "a number above 2^64-1 is an alias", find: '|| BigInt(digits.replace("+", "")) > LARGEST_U64' },
      { what: "a directory is a segment", find: 'if (kind !== "file") throw', put: 'if (kind === "other") throw' },
      { what: "segments come by name", find: "segments.sort((one, other) => one.segmentId - other.segmentId);" },
      {
        what: "a lost directory is an error of the file system",
        find: 'if (isFsError(error, "FS_NOT_FOUND")) return { kind: "absent" };',
      },
      {
        what: "any failure is a lost directory",
        find: 'if (isFsError(error, "FS_NOT_FOUND")) return',
        put: "if (error !== undefined) return",
        tests: [durabilityFaults],
      },
      { what: "a lock is not seen", find: "entries.some(({ name }) => name === LOCK_NAME)", put: "entries.length < 0" },
      {
        what: "a directory without a segment has some",
        find: 'if (segments.length === 0) return { kind: "empty", locked };',
      },
    ]),
    ...file("log", [
      {
        what: "a lost log is an empty one",
        find: 'if (survey.kind !== "segments") {',
        put: 'if (survey.kind !== "segments") { return { segmentCount: 0, entryCount: 0, firstEntryId: 1, nextEntryId: 1, version: undefined, file: "", segmentId: 1, end: { kind: "clean", endOffset: 0 }, unreadFiles: [], locked: false };',
      },
      {
        what: "headers at fault are met after what comes before",
        find: 'if (known.fault !== undefined && mode !== "salvage") throw errorOf(segments[known.count], known.fault);',
      },
      {
        what: "entries that are gone are not missed",
        find: "if (options.from !== undefined && known.firstEntryId !== undefined && from < known.firstEntryId) {",
        put: "if (from < 0) {",
      },
      { what: "entries before from are handed out", find: "if (entryId >= from) yield", put: "yield" },
      {
        what: "segments need not continue",
        find: "nextEntryId: found.nextEntryId, last",
        put: "nextEntryId: undefined, last",
      },
      {
        what: "every segment is the last",
        find: "const last = segmentCount === segments.length;",
        put: "const last = true;",
      },
      {
        what: "a file stays open",
        find: "} finally { source.close(); } if (end.kind",
        put: "} finally { segmentCount += 0; } if (end.kind",
      },
      { what: "reading goes on behind damage", find: 'if (end.kind === "corrupt") break;' },
      {
        what: "damage passes",
        find: '(end.kind === "corrupt" ? mode !== "salvage" : mode === "strict")',
        put: '(end.kind === "corrupt" ? mode === "strict" : mode === "strict")',
      },
      {
        what: "a torn tail passes as a clean end",
        find: '(end.kind === "corrupt" ? mode !== "salvage" : mode === "strict")',
        put: 'end.kind === "corrupt" && mode !== "salvage"',
      },
      {
        what: "salvage refuses damage",
        find: '(end.kind === "corrupt" ? mode !== "salvage" : mode === "strict")',
        put: '(end.kind === "corrupt" || mode === "strict")',
      },
      {
        what: "recover refuses a torn tail",
        find: '(end.kind === "corrupt" ? mode !== "salvage" : mode === "strict")',
        put: '(end.kind === "corrupt" ? mode !== "salvage" : mode !== "salvage")',
      },
      {
        what: "a segment that is not begun says which id comes next",
        find: "if (header === undefined || end.endOffset === 0) return;",
        put: "if (header === undefined) return;",
      },
      { what: "numbers may have a gap", find: "if (segmentId !== due) {", put: "if (segmentId < 0) {" },
      {
        what: "only the first entry's segment need be begun",
        find: "else if (count < segments.length - 1) {",
        put: "else if (count < 0) {",
      },
      { what: "the last segment must be begun", find: "count < segments.length - 1", put: "count < segments.length" },
      { what: "payloads are lent by the generator", find: "cursor.payload.slice()", put: "cursor.payload" },
      { what: "a misspelled option of a log passes", find: 'checkKnown(rest, ["directory", "from"]);' },
      {
        what: "any directory will do",
        find: 'if (typeof directory?.list !== "function") refuseOption("directory", "must be a Directory of @holdfast/fs-seam");',
      },
      {
        what: "any mode will do",
        find: 'if (!["strict", "recover", "salvage"].includes(mode)) {',
        put: "if (mode.length < 0) {",
      },
      { what: "from may be anything", find: 'checkId(from, "from", 1);' },
      { what: "a log's limit may be anything", find: 'checkWhole(maxPayloadBytes, "maxPayloadBytes", 0, 2 ** 30);' },
    ]),
    ...file("options", [
      {
        what: "options need not be an object",
        find: 'if (typeof options !== "object" || options === null) {',
        put: 'if (typeof options === "bigint") {',
      },
    ]),
  ]),
  ...list(appending, [
    ...file("append", [
      { what: "a wrong option leaves a directory behind", find: "resolveLayout(layout);" },
      {
        what: "a misspelled option of the appender passes",
        find: 'checkKnown(options, ["directory", "version", "payloads", "segmentBytes", "firstEntryId"]);',
        tests: [durabilityFaults],
      },
      {
        what: "the appender takes any directory",
        find: 'if (typeof directory?.list !== "function") refuseOption("directory", "must be a Directory of @holdfast/fs-seam");',
      },
      {
        what: "the name of the directory is not synced",
        find: "await makeDirectoriesDurably(directory, WAL_DIRECTORY);",
        put: "directory.makeDirectories(WAL_DIRECTORY);",
      },
      { what: "no lock is taken", find: "takeLock(directory);" },
      { what: "a lock that is there is taken over", find: 'create: "exclusive"', put: 'create: "if-missing"' },
      { what: "the lock stays", find: "directory.removeIfPresent(LOCK); return appended;", put: "return appended;" },
      {
        what: "the lock stays after a failure",
        in: "try {\n      directory.removeIfPresent(LOCK);",
        find: "directory.removeIfPresent(LOCK);",
      },
      {
        what: "an emptied log begins with 1",
        find: "if (!begins && layout.firstEntryId === undefined) {",
        put: "if (layout.firstEntryId === 0) {",
      },
      {
        what: "what was there before is not synced",
        find: "for (const { file } of survey.segments) await syncFile(directory, file);",
      },
      {
        what: "the tail stays",
        find: "const cut = await cutTail(directory, encoder, after);",
        put: "const cut = undefined;",
      },
      {
        what: "names that were there are not synced",
        find: "await directory.syncNames(WAL_DIRECTORY); const entryCount",
        put: "const entryCount",
      },
      {
        what: "what is cut off is not kept",
        find: 'if (keptAs !== undefined) await copyFile(directory, file, keptAs, { method: "copy", rung: "data" });',
      },
      {
        what: "zeros are kept",
        find: 'end.kind === "zeros" ? undefined : freeName',
        put: 'end.kind === "clean" ? undefined : freeName',
      },
      {
        what: "an older tail is overwritten",
        find: "if (!directory.exists(candidate)) return candidate;",
        put: "return candidate;",
      },
      {
        what: "a cut is not synced",
        find: 'handle.truncate(sizeBytes); await handle.sync("data");',
        put: "handle.truncate(sizeBytes);",
      },
      {
        what: "a segment that another follows is not synced",
        find: "await file?.sync(); file?.close(); file = new",
        put: "file?.close(); file = new",
      },
      {
        what: "a segment stays open",
        find: "await file?.sync(); file?.close(); file = new",
        put: "await file?.sync(); file = new",
      },
      {
        what: "a header is not there before its entries",
        find: "if (piece.offset === 0) await begin(directory, file, piece);",
        put: "if (piece.offset === 0) file.append(piece.bytes.subarray(0, WAL_HEADER_BYTES));",
      },
      {
        what: "a header is not synced before its entries",
        find: "await file.sync(); await directory.syncNames(WAL_DIRECTORY);",
        put: "await directory.syncNames(WAL_DIRECTORY);",
      },
      {
        what: "the name of a segment is not synced",
        find: "await file.sync(); await directory.syncNames(WAL_DIRECTORY);",
        put: "await file.sync();",
      },
      {
        what: "the last segment is not synced",
        find: "await file?.sync(); return entryCount;",
        put: "return entryCount;",
      },
      {
        what: "the last segment stays open",
        find: "} finally { file?.close(); }",
        put: "} finally { entryCount += 0; }",
      },
      {
        what: "a full buffer is written over",
        find: "if (this.#buffered + bytes.length > this.#buffer.length) this.#write();",
      },
      {
        what: "an entry above the buffer is lost",
        find: "this.#handle.writeAt(bytes, this.#offset); this.#offset += bytes.length;",
        put: "this.#offset += bytes.length;",
      },
      { what: "a sync leaves the buffer out", in: "async sync(): Promise<void> {", find: "this.#write();" },
      { what: "a sync syncs nothing", in: "async sync(): Promise<void> {", find: 'await this.#handle.sync("data");' },
    ]),
  ]),
];
