// What the personalities of real kernels add: the order of a journal, and when something enters it. effect-rules.ts,
// unit-index.ts, crash-units.ts, effects.ts. What barriers make of it is in journal-ledger-mutations.mjs, what a call
// records for it in growth-mutations.mjs.
import { area, tests } from "./area.mjs";

/** One mutation; `put` is left out where the text just goes. */
const one = (file, what, find, put) => ({ what, file, find, ...(put === undefined ? {} : { put }) });

const usual = [
  tests.journal,
  tests.syncedNames,
  tests.treeLog,
  tests.writeBack,
  tests.rules,
  tests.brute,
  tests.litmusRules,
  tests.litmus,
];

export const journalMutations = area("journal rules", usual, [
  // --- effect-rules.ts ---
  one("effect-rules.ts", "needs: set lengths come in any order", "|| !isGrown(earlier);", ";"),
  one(
    "effect-rules.ts",
    "needs: a set length never needs a grown one",
    "return edges.setLengthNeedsGrown || isGrown",
    "return isGrown",
  ),
  one(
    "effect-rules.ts",
    "needs: a grown length needs set ones alone",
    "|| isGrown(later) || !isGrown(earlier);",
    "|| !isGrown(earlier);",
  ),
  one("effect-rules.ts", "a grown length lies below bytes before it", "&& start + data.end > size.from"),
  one(
    "effect-rules.ts",
    "only growth into new blocks is growth",
    'return cause === "write" || cause === "write-in-block";',
    'return cause === "write";',
  ),
  one(
    "effect-rules.ts",
    "only growth within a block is growth",
    'return cause === "write" || cause === "write-in-block";',
    'return cause === "write-in-block";',
  ),
  one(
    "effect-rules.ts",
    "a cut that settles always zeroes the rest of its page",
    'keepsTail: boolean = cutTail === "by-write"',
    "keepsTail: boolean = cutTail === undefined",
  ),
  one(
    "effect-rules.ts",
    "a cut that settles never zeroes the rest of its page",
    'keepsTail: boolean = cutTail === "by-write"',
    "keepsTail: boolean = cutTail !== undefined",
  ),

  one(
    "effect-rules.ts",
    "births: a move counts as a creation",
    'ino === effect.directory && rename === "none");',
    "ino === effect.directory);",
  ),
  one(
    "effect-rules.ts",
    "births: a removal counts as a creation",
    'kind === "link" && ino === effect.directory',
    "ino === effect.directory",
  ),
  one(
    "effect-rules.ts",
    "births: the directories of all names come along",
    "&& ino === effect.directory && rename",
    "&& rename",
  ),

  // --- effects.ts ---
  one(
    "effects.ts",
    "what a barrier brought along stays in order",
    "inodeKind, group, rename, call, true);",
    "inodeKind, group, rename, call, false);",
  ),
  one(
    "effects.ts",
    "a whole page of bytes counts as freed",
    'effect.kind === "data" && effect.bytes === undefined &&',
    'effect.kind === "data" &&',
  ),
  one(
    "effects.ts",
    "the zeroed rest of a page counts as a freed page",
    "&& effect.start === 0 && effect.end === pageBytes",
    "&& effect.end === pageBytes",
  ),
  one(
    "effects.ts",
    "the zeroed start of a page counts as a freed page",
    "&& effect.start === 0 && effect.end === pageBytes",
    "&& effect.start === 0",
  ),
  one(
    "effects.ts",
    "bytes behind a durable cut stay",
    "if (end <= this.start) return [];",
    "if (end <= this.start) return [this];",
  ),
  one("effects.ts", "bytes across a durable cut stay whole", "return [part];", "return [this];"),
  one("effects.ts", "bytes across a durable cut go wholly", "return [part];", "return [];"),

  // --- unit-index.ts ---
  one("unit-index.ts", "index: a freed page is no metadata", "|| (this.#journals && isFreedPage(effect))"),
  one(
    "unit-index.ts",
    "index: a freed page is metadata without a journal",
    "(this.#journals && isFreedPage(effect))",
    "isFreedPage(effect)",
  ),
  one(
    "unit-index.ts",
    "index: bytes never wait for the journal",
    "if (this.#personality.edges.bytesNeedJournal) add(needs, this.#lastJournaled);",
  ),
  one(
    "unit-index.ts",
    "index: bytes always wait for the journal",
    "if (this.#personality.edges.bytesNeedJournal) add(needs, this.#lastJournaled);",
    "add(needs, this.#lastJournaled);",
  ),
  one(
    "unit-index.ts",
    "index: bytes are remembered for their lengths alone",
    '|| (this.#journals && grownLength === "past-tail-block")',
  ),
  one(
    "unit-index.ts",
    "index: bytes are remembered for the tail block alone",
    'if (lengthNeedsBytes || (this.#journals && grownLength === "past-tail-block")) {',
    'if (this.#journals && grownLength === "past-tail-block") {',
  ),
  one(
    "unit-index.ts",
    "index: nothing waits for the journal",
    "if (!group.every((effect) => isName(effect) && effect.unordered)) add(needs, this.#lastJournaled);",
  ),
  one(
    "unit-index.ts",
    "index: what was brought along waits for the journal",
    "if (!group.every((effect) => isName(effect) && effect.unordered)) add(",
    "add(",
  ),
  one(
    "unit-index.ts",
    "index: all metadata enters the journal at once",
    "if (group.some((effect) => this.entersAtOnce(effect))) this.#lastJournaled = unit;",
    "this.#lastJournaled = unit;",
  ),
  one(
    "unit-index.ts",
    "index: a freed page needs no bytes before it",
    "else for (let at = 0; at < pageBytes / this.unitBytes; at += 1) this.#needsOfPiece(effect, at, unit, needs);",
  ),
  one(
    "unit-index.ts",
    "index: a freed page is remembered at its start alone",
    "at < pageBytes / this.unitBytes; at += 1",
    "at < 1; at += 1",
  ),
  one(
    "unit-index.ts",
    "index: a set length waits for write-back",
    'if (effect.kind !== "size" || !isGrown(effect)) return true;',
    'if (effect.kind !== "size") return true;',
  ),
  one(
    "unit-index.ts",
    "index: every length enters the journal at once",
    'if (effect.kind !== "size" || !isGrown(effect)) return true;',
    "return true;",
  ),
  one(
    "unit-index.ts",
    "index: a grown length never enters the journal at once",
    'return grownLength === "at-write" || (',
    "return (",
  ),
  one(
    "unit-index.ts",
    "index: growth within the tail block waits for write-back",
    '|| (grownLength === "past-tail-block" && this.#staysInTailBlock(effect))',
  ),
  one(
    "unit-index.ts",
    "index: growth within the tail block never waits",
    '(grownLength === "past-tail-block" && this.#staysInTailBlock(effect))',
    "this.#staysInTailBlock(effect)",
  ),
  one(
    "unit-index.ts",
    "index: past-tail-block means at-write",
    '(grownLength === "past-tail-block" && this.#staysInTailBlock(effect))',
    'grownLength === "past-tail-block"',
  ),
  one(
    "unit-index.ts",
    "index: growth into new blocks stays within the tail block",
    'if (cause !== "write-in-block") return false;',
  ),
  one(
    "unit-index.ts",
    "index: the tail block is always on the disk",
    "return !pending.some(",
    "return pending.length >= 0 || !pending.some(",
  ),
  one(
    "unit-index.ts",
    "index: any pending bytes keep the tail block off the disk",
    "effect.page === page && page * pageBytes",
    "page * pageBytes",
  ),
  one(
    "unit-index.ts",
    "index: the appended bytes keep the tail block off the disk",
    "effect.page === page && page * pageBytes + effect.start < from",
    "effect.page === page",
  ),
  one(
    "unit-index.ts",
    "index: set lengths always need grown ones",
    "if (this.#personality.edges.setLengthNeedsGrown) {",
    "if (this.unitBytes > 0) {",
  ),
  one(
    "unit-index.ts",
    "index: set lengths never need grown ones",
    "if (this.#personality.edges.setLengthNeedsGrown) {",
    "if (this.unitBytes < 0) {",
  ),
  one("unit-index.ts", "index: lengths do not need set ones", "add(needs, before?.set);"),
  one(
    "unit-index.ts",
    "index: grown lengths do not need grown ones",
    "if (isGrown(effect)) add(needs, before?.grown);",
  ),
  one(
    "unit-index.ts",
    "index: set lengths need grown ones after all",
    "if (isGrown(effect)) add(needs, before?.grown);",
    "add(needs, before?.grown);",
  ),
  one(
    "unit-index.ts",
    "index: a set length needs bytes",
    "lengthNeedsBytes || !isGrown(effect)) return;",
    "lengthNeedsBytes) return;",
  ),
  one(
    "unit-index.ts",
    "index: the last set length is not remembered",
    "set: grown ? before?.set : unit,",
    "set: before?.set,",
  ),
  one("unit-index.ts", "index: a grown length is remembered as set", "set: grown ? before?.set : unit,", "set: unit,"),
  one(
    "unit-index.ts",
    "index: the last grown length is not remembered",
    "grown: grown ? unit : before?.grown,",
    "grown: before?.grown,",
  ),
  one(
    "unit-index.ts",
    "index: a set length is remembered as grown",
    "grown: grown ? unit : before?.grown,",
    "grown: unit,",
  ),

  // --- crash-units.ts ---
  one(
    "crash-units.ts",
    "a freed page tears",
    'if (effect.kind === "data" && !index.isMetadata(effect)) {',
    'if (effect.kind === "data") {',
  ),
  one("crash-units.ts", "bytes count as being in the journal", 'isBytes ? "never" : effects.some', "effects.some"),
  one(
    "crash-units.ts",
    "what enters the journal at once and later is mixed up",
    '? "at-once" : "later";',
    '? "later" : "at-once";',
  ),
  one("crash-units.ts", "everything enters the journal at once", '? "at-once" : "later";', '? "at-once" : "at-once";'),
  one(
    "crash-units.ts",
    "no move leaves both names",
    "const removal = laggingRemoval(group);",
    "const removal = laggingRemoval([]);",
  ),
  one("crash-units.ts", "a removal that is alone lags behind itself", "if (group.length === 1) return undefined;"),
  one(
    "crash-units.ts",
    "every move may leave both names",
    "isName(step) && step.unordered && step.kind",
    "isName(step) && step.kind",
  ),
  one(
    "crash-units.ts",
    "a rename within its directory may leave both names",
    '&& step.kind === "unlink" && step.rename === "across");',
    '&& step.kind === "unlink");',
  ),
  one(
    "crash-units.ts",
    "the old name may go before the new one is there",
    "[...index.addMetadata([removal], units.length), last]",
    "index.addMetadata([removal], units.length)",
  ),
]);
