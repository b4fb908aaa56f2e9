// The adapter to abstract-level: whose bytes they are, what is read ahead, how long a write lasts, and what a failure is called.
import { lsmArea, tests } from "./area.mjs";

const iterators = [tests.lsmLevelIterators];
const contract = [tests.lsmLevelContract];

export const lsmLevelMutations = lsmArea("lsm level", contract, [
  {
    what: "bytes of a caller are kept as bounds and targets",
    file: "encoded-data.ts",
    find: 'typeof data === "string" ? Buffer.from(data) : Buffer.from(data);',
    put: 'typeof data === "string" ? Buffer.from(data) : data;',
    tests: iterators,
  },
  {
    what: "the scratch takes any code unit for a byte",
    file: "encoded-data.ts",
    find: "if (unit > 0x7f) return false;",
  },
  {
    what: "text may be longer than the scratch",
    file: "encoded-data.ts",
    find: "if (data.length * 3 > SCRATCH_BYTES) return Buffer.from(data);",
  },
  {
    what: "items are given out where they lie",
    file: "item-column.ts",
    find: "copyBytes(this.#bytes, this.#at, bytes, start, end);\n    this.#items.push(new this.#itemClass(this.#slab, this.#at, length));",
    put: "this.#items.push(new this.#itemClass(bytes.buffer as ArrayBuffer, bytes.byteOffset + start, length));",
  },
  {
    what: "items share their bytes",
    file: "item-column.ts",
    find: "this.#items.push(new this.#itemClass(this.#slab, this.#at, length));\n    this.#at += length;",
    put: "this.#items.push(new this.#itemClass(this.#slab, this.#at, length));",
  },
  {
    what: "an entry that is come to again is what the caller made of it",
    file: "item-column.ts",
    find: "    this.#block = undefined;\n",
    tests: [tests.lsmItemColumn],
  },
  {
    what: "keys are taken for bytes that last",
    file: "item-column.ts",
    find: "this.#areLasting && bytes.length",
    put: "bytes.length",
    tests: [tests.lsmItemColumn],
  },
  {
    what: "other text is cut as if it were ASCII",
    file: "item-column.ts",
    find: 'isAscii(all) ? all.toString("latin1") : undefined',
    put: "all.toString()",
  },
  {
    what: "text that came before a long one comes behind it",
    file: "item-column.ts",
    find: "      this.#decode();\n      this.#items.push(textOf(bytes, start, end));",
    put: "      this.#items.push(textOf(bytes, start, end));",
  },
  {
    what: "seeking goes on with what was read ahead",
    file: "range-reader.ts",
    find: "    this.#ahead = nothing;\n    this.#at = 0;\n    this.#aheadCount = 1;",
    put: "    this.#aheadCount = 1;",
    tests: iterators,
  },
  {
    what: "a failure is forgotten",
    file: "range-reader.ts",
    find: "if (this.#failure !== undefined) throw levelErrorOf(this.#failure.error);",
    tests: iterators,
  },
  {
    what: "a failure outlives a seek",
    file: "range-reader.ts",
    find: "    this.#failure = undefined;\n",
    tests: iterators,
  },
  {
    what: "what was read before a failure is lost",
    file: "range-reader.ts",
    find: "if (count === 0) {",
    put: "if (count >= 0) {",
    tests: iterators,
  },
  {
    what: "nextv leaves out what next read ahead",
    file: "range-reader.ts",
    find: "const items = this.#completed(this.#takeAhead(size), size);",
    put: "const items = this.#completed([], size);",
    tests: iterators,
  },
  {
    what: "the event loop gets no turn",
    file: "range-reader.ts",
    find: "await this.#turn();",
    tests: iterators,
  },
  {
    what: "bytes do not count towards a turn",
    file: "range-reader.ts",
    find: " || this.#bytesThisTurn >= BYTES_A_TURN",
    tests: iterators,
  },
  {
    what: "a signal is not looked at",
    file: "range-reader.ts",
    find: "if (this.#signal?.aborted === true) {",
    put: "if (false as boolean) {",
    tests: iterators,
  },
  {
    what: "a cursor stays open",
    file: "range-reader.ts",
    find: "    this.#ahead = nothing;\n    this.#cursor.close();",
    put: "    this.#ahead = nothing;",
    tests: iterators,
  },
  {
    what: "a snapshot is never released",
    file: "lsm-snapshot.ts",
    find: "this.#snapshot.release();",
    tests: iterators,
  },
  {
    what: "a snapshot may be of another database",
    file: "lsm-snapshot.ts",
    find: " || snapshot.#engine !== engine",
  },
  {
    what: "sync is no barrier",
    file: "level-options.ts",
    find: "return sync === true ? byRung.data : undefined;",
    put: "return undefined;",
  },
  {
    what: "sync and rung may contradict each other",
    file: "level-options.ts",
    find: "if (sync !== undefined && sync !== isBarrier)",
    put: "if (false as boolean)",
  },
  {
    what: "a chained batch forgets how long it must last",
    file: "lsm-chained-batch.ts",
    find: "write(this.#batch, writeOptionsOf(options))",
    put: "write(this.#batch)",
  },
  {
    what: "a batch that was refused is in the next one",
    file: "lsm-level.ts",
    find: "else batch.reset();",
    put: "else if (written!) batch.reset();",
  },
  {
    what: "clear takes no notice of the snapshot",
    file: "level-range.ts",
    find: "...(snapshot === undefined || snapshot === null ? {} : { snapshot: LsmSnapshot.of(snapshot, engine) }),",
  },
  {
    what: "a database that cannot be closed stays open",
    file: "lsm-level.ts",
    find: "this.#opened = undefined; // The base class takes it",
    put: "// The base class takes it",
  },
  {
    what: "for want of room a database is gone",
    file: "lsm-level.ts",
    find: 'if (!(error instanceof LsmError && error.code === "LSM_NO_SPACE")) {',
    put: "{",
  },
  {
    what: "options of hooks reach the engine",
    file: "level-option-split.ts",
    find: "engineOptions: Object.fromEntries(entries.filter(([key]) => engineKeys.has(key))),",
    put: "engineOptions: Object.fromEntries(entries),",
    tests: [tests.lsmLevelEngine],
  },
  {
    what: "what looks like a mistake is let through",
    file: "level-option-split.ts",
    find: "refuseMistake(key); const ours",
    put: "const ours",
  },
]);
