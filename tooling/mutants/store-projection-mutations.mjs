// Projections: which row of a cache is gone on from, what a row that is left may hold, and which events are folded. The law is that a row
// changes nothing but the time: a mistake here gives a state that this history never had.
import { storeArea, tests } from "./area.mjs";

const usual = [
  tests.storeProjectionFold,
  tests.storeProjector,
  tests.storeProjectionDefects,
  tests.storeProjectionCaches,
  tests.storeProjectionWatch,
  tests.storeProjectionFaults,
  tests.storeProjectionLaws,
  tests.storeProjectionCrash,
];

export const storeProjectionMutations = storeArea("store projection", usual, [
  // --- projection-rows.ts ---
  {
    what: "a row of another history is gone on from",
    file: "projection-rows.ts",
    find: 'if (hash === undefined || !isSame(hash, 0, facts.hash, 0, HASH_BYTES)) return miss("history");',
    put: 'if (hash === undefined) return miss("history");',
  },
  {
    what: "a row behind what is asked for is gone on from",
    file: "projection-rows.ts",
    find: "facts.sequence > limits.sequence || ",
  },
  {
    what: "a row of a later revision is gone on from",
    file: "projection-rows.ts",
    find: " || facts.revision > limits.revision",
  },
  {
    what: "a row that stands where it is asked for is none",
    file: "projection-rows.ts",
    find: "facts.sequence > limits.sequence || ",
    put: "facts.sequence >= limits.sequence || ",
  },
  {
    what: "a cache that throws fails a read",
    file: "projection-rows.ts",
    find: 'return miss("failed", error);',
    put: "throw error;",
  },
  {
    what: "a state that cannot be decoded fails a read",
    file: "projection-rows.ts",
    find: 'return miss("state", error);',
    put: "throw error;",
  },
  {
    what: "a cache that cannot be written fails a read",
    file: "projection-rows.ts",
    find: 'return { kind: "failed", error };',
    put: "throw error;",
  },
  {
    what: "stores share their rows",
    file: "projection-rows.ts",
    find: "return `${this.#history.id}/${identity}`;",
    put: "return identity;",
  },
  {
    what: "a state is not held against its schema",
    file: "projection-rows.ts",
    find: "if (schema === undefined) return decoded as State;",
    put: "if (schema === undefined || schema !== null) return decoded as State;",
  },
  {
    what: "a row that was too large is written",
    file: "projection-rows.ts",
    find: "return isKept ?",
    put: "return isKept || !isKept ?",
  },
  // --- projection-run.ts ---
  {
    what: "a row that outlives the process holds what may be lost",
    file: "projection-run.ts",
    find: "rows?.isVolatile === false ? store.watermarks.durable : Number.POSITIVE_INFINITY",
    put: "store.watermarks.durable < 0 ? 0 : Number.POSITIVE_INFINITY",
  },
  {
    what: "a row in memory holds what is durable alone",
    file: "projection-run.ts",
    find: "rows?.isVolatile === false ?",
    put: "rows !== undefined ?",
  },
  {
    what: "a state beyond what is durable is left as a row",
    file: "projection-run.ts",
    find: " || sequence > this.#rowLimit",
  },
  {
    what: "a state of the past is left as a row",
    file: "projection-run.ts",
    find: "|| isPast || sequence === 0",
    put: "|| sequence === 0",
  },
  { what: "a state without events is left as a row", file: "projection-run.ts", find: " || sequence === 0" },
  {
    what: "a row is left of what was served",
    file: "projection-run.ts",
    find: "if (!this.isServed) this",
    put: "this",
  },
  {
    what: "what has all that is durable has all that is visible",
    file: "projection-run.ts",
    find: "this.#leaveRow(this.#options.upTo === undefined)",
    put: "this.#leaveRow(true)",
  },
  {
    what: "a row on the way has all that is visible",
    file: "projection-run.ts",
    find: "() => this.#leaveRow(false)",
    put: "() => this.#leaveRow(true)",
  },
  { what: "a clock that went back makes rows young", file: "projection-run.ts", find: "ageMs >= 0 && " },
  {
    what: "a row as old as it may not be is served",
    file: "projection-run.ts",
    find: "ageMs < maxStaleMs",
    put: "ageMs <= maxStaleMs",
  },
  {
    what: "a row that is not complete is served",
    file: "projection-run.ts",
    find: " && (isComplete || upTo !== undefined)",
  },
  {
    what: "a row is left of every reading",
    file: "projection-run.ts",
    find: "this.#since + count >= snapshotEvery",
    put: "this.#since + count >= 0",
  },
  {
    what: "a row is left late",
    file: "projection-run.ts",
    find: "this.#since + count >= snapshotEvery",
    put: "this.#since + count > snapshotEvery",
  },
  {
    what: "events are counted anew with every run",
    file: "projection-run.ts",
    find: "since: this.#since + count }",
    put: "since: 0 * count }",
  },
  {
    what: "the anchor is that of the row",
    file: "projection-run.ts",
    find: "if (this.#anchor?.sequence !== sequence) this.#anchor",
    put: "if (this.#anchor === undefined) this.#anchor",
  },
  {
    what: "one event more than the revision asked for",
    file: "projection-run.ts",
    find: 'revision === "empty" ? -1 : revision',
    put: 'revision === "empty" ? -2 : revision - 1',
  },
  // --- projection-fold.ts ---
  {
    what: "the event beyond is folded before the halt",
    file: "projection-fold.ts",
    find: "event.sequence > this.#halt)",
    put: "event.sequence > this.#halt + 1)",
  },
  {
    what: "the halt comes an event early",
    file: "projection-fold.ts",
    find: "event.sequence > this.#halt)",
    put: "event.sequence >= this.#halt)",
  },
  { what: "it halts before every event beyond", file: "projection-fold.ts", find: "this.sequence <= this.#halt && " },
  // --- projector.ts ---
  {
    what: "until durable is until visible",
    file: "projector.ts",
    find: 'until === "durable" ? store.watermarks.durable : undefined',
    put: "undefined",
  },
  {
    what: "a sequence asked for may lie behind what is durable",
    file: "projector.ts",
    find: "Math.min(atSequence, bound ?? Number.POSITIVE_INFINITY)",
    put: "atSequence",
  },
  { what: "a revision asked for is no past", file: "projector.ts", find: " || atRevision !== undefined" },
  { what: "a sequence asked for is no past", file: "projector.ts", find: "atSequence !== undefined || ", put: "" },
  { what: "a watch folds from the beginning each time", file: "projector.ts", find: "start = run.next;" },
  {
    what: "a watch tells of the event it has told of",
    file: "projector.ts",
    find: "{ after, limit: 1, ...upTo }",
    put: "{ after: Math.max(0, after - 1), limit: 1, ...upTo }",
  },
  {
    what: "a watch of what is durable tells of what is visible",
    file: "projector.ts",
    find: 'until === "durable" ? { upTo: store.watermarks.durable } : {}',
    put: "{}",
  },
  { what: "what was served is read", file: "projector.ts", find: "if (!run.isServed) for", put: "for" },
  // --- directory-cache.ts ---
  {
    what: "a row that does not fit is kept as it was",
    file: "directory-cache.ts",
    in: "put(",
    find: "this.#remove(file);",
  },
  {
    what: "a row may be larger than all rows",
    file: "directory-cache.ts",
    find: "if (row.length > this.#rows.maxBytes) {",
    put: "if (row.length < 0) {",
  },
  {
    what: "room is made in the list and not in the directory",
    file: "directory-cache.ts",
    in: "put(",
    find: "this.#directory.removeIfPresent(gone);",
    put: "void gone;",
  },
  { what: "rows of earlier runs are not counted", file: "directory-cache.ts", in: "put(", find: "this.#survey();" },
  { what: "rows of earlier runs are not cleared", file: "directory-cache.ts", in: "clear(", find: "this.#survey();" },
  {
    what: "rows of earlier runs beyond the bound stay",
    file: "directory-cache.ts",
    in: "#survey(",
    find: "directory.removeIfPresent(gone);",
    put: "void gone;",
  },
  {
    what: "files of others are rows",
    file: "directory-cache.ts",
    find: 'if (kind !== "file" || !pattern.test(name)) continue;',
    put: 'if (kind !== "file") continue;',
  },
  { what: "directories are rows", file: "directory-cache.ts", find: 'kind !== "file" || ' },
  {
    what: "a file of any size is read",
    file: "directory-cache.ts",
    find: "this.#directory.stat(file).size > this.#rows.maxBytes ? undefined : ",
    put: "",
  },
  {
    what: "temporary files of rows stay",
    file: "directory-cache.ts",
    find: "directory.sweepTemps();",
    put: "void directory;",
  },
  {
    what: "a row that is gone fails a read",
    file: "directory-cache.ts",
    find: 'if (isFsError(error, "FS_NOT_FOUND")) return undefined;',
  },
  {
    what: "all rows have one file",
    file: "directory-cache.ts",
    find: "new TextEncoder().encode(key)",
    put: "new TextEncoder().encode(key.slice(0, 32))",
  },
  { what: "the row that was read last goes first", file: "directory-cache.ts", find: "this.#rows.use(file);" },
]);
