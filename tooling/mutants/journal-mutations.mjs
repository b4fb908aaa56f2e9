// What the personalities of real kernels add: the order of a journal, and when something enters it. effect-rules.ts,
// unit-index.ts, crash-units.ts, effects.ts, engine-content.ts, kernel-personalities.ts. What barriers make of it is in
// journal-ledger-mutations.mjs.
import { area, tests } from "./area.mjs";

/** One mutation; `put` is left out where the text just goes. */
const one = (file, what, find, put, more) => ({ what, file, find, ...(put === undefined ? {} : { put }), ...more });

const usual = [tests.journal, tests.rules, tests.brute, tests.litmusRules, tests.litmus];

const ruleMutations = area("journal rules", usual, [
  // --- effect-rules.ts ---
  one("effect-rules.ts", "needs: set lengths come in any order", "|| !isGrown(earlier);", ";"),
  one("effect-rules.ts", "needs: a set length never needs a grown one", "return edges.setLengthNeedsGrown || isGrown", "return isGrown"),
  one("effect-rules.ts", "needs: a grown length needs set ones alone", "|| isGrown(later) || !isGrown(earlier);", "|| !isGrown(earlier);"),
  one("effect-rules.ts", "a grown length lies below bytes before it", "&& start + data.end > size.from"),
  one("effect-rules.ts", "only growth into new blocks is growth", 'return cause === "write" || cause === "write-in-block";', 'return cause === "write";'),
  one("effect-rules.ts", "only growth within a block is growth", 'return cause === "write" || cause === "write-in-block";', 'return cause === "write-in-block";'),
  one("effect-rules.ts", "a cut that settles always zeroes the rest of its page", 'keepsTail: boolean = cutTail === "by-write"', "keepsTail: boolean = cutTail === undefined"),
  one("effect-rules.ts", "a cut that settles never zeroes the rest of its page", 'keepsTail: boolean = cutTail === "by-write"', "keepsTail: boolean = cutTail !== undefined"),
  one("effect-rules.ts", "births: a removal brings creations along", 'if (!isName(effect) || effect.kind !== "link") return [];', "if (!isName(effect)) return [];"),
  one("effect-rules.ts", "births: a move counts as a creation", '&& rename === "none");', ");"),
  one("effect-rules.ts", "births: a removal counts as a creation", 'kind === "link" && ino === at && rename', "ino === at && rename"),
  one("effect-rules.ts", "births: no creation comes along", "if (birth !== undefined) births.push(birth);"),
  one("effect-rules.ts", "births: only the nearest directory comes along", "directory = birth?.directory;", "directory = undefined;"),

  // --- effects.ts ---
  one("effects.ts", "what a barrier brought along stays in order", "inodeKind, group, rename, call, true);", "inodeKind, group, rename, call, false);"),
  one("effects.ts", "a whole page of bytes counts as freed", 'effect.kind === "data" && effect.bytes === undefined &&', 'effect.kind === "data" &&'),
  one("effects.ts", "the zeroed rest of a page counts as a freed page", "&& effect.start === 0 && effect.end === pageBytes", "&& effect.end === pageBytes"),
  one("effects.ts", "the zeroed start of a page counts as a freed page", "&& effect.start === 0 && effect.end === pageBytes", "&& effect.start === 0"),
  one("effects.ts", "bytes behind a durable cut stay", "if (end <= this.start) return [];", "if (end <= this.start) return [this];"),
  one("effects.ts", "bytes across a durable cut stay whole", "return [part];", "return [this];"),
  one("effects.ts", "bytes across a durable cut go wholly", "return [part];", "return [];"),

  // --- unit-index.ts ---
  one("unit-index.ts", "index: a freed page is no metadata", "|| (this.#journals && isFreedPage(effect))"),
  one("unit-index.ts", "index: a freed page is metadata without a journal", "(this.#journals && isFreedPage(effect))", "isFreedPage(effect)"),
  one("unit-index.ts", "index: bytes never wait for the journal", "if (this.#personality.edges.bytesNeedJournal) add(needs, this.#lastJournaled);"),
  one("unit-index.ts", "index: bytes always wait for the journal", "if (this.#personality.edges.bytesNeedJournal) add(needs, this.#lastJournaled);", "add(needs, this.#lastJournaled);"),
  one("unit-index.ts", "index: bytes are remembered for their lengths alone", '|| (this.#journals && grownLength === "past-tail-block")'),
  one("unit-index.ts", "index: bytes are remembered for the tail block alone", 'if (lengthNeedsBytes || (this.#journals && grownLength === "past-tail-block")) {', 'if (this.#journals && grownLength === "past-tail-block") {'),
  one("unit-index.ts", "index: nothing waits for the journal", "if (!group.every((effect) => isName(effect) && effect.unordered)) add(needs, this.#lastJournaled);"),
  one("unit-index.ts", "index: what was brought along waits for the journal", "if (!group.every((effect) => isName(effect) && effect.unordered)) add(", "add("),
  one("unit-index.ts", "index: all metadata enters the journal at once", "if (group.some((effect) => this.entersAtOnce(effect))) this.#lastJournaled = unit;", "this.#lastJournaled = unit;"),
  one("unit-index.ts", "index: a freed page needs no bytes before it", "else for (let at = 0; at < pageBytes / this.unitBytes; at += 1) this.#needsOfPiece(effect, at, unit, needs);"),
  one("unit-index.ts", "index: a freed page is remembered at its start alone", "at < pageBytes / this.unitBytes; at += 1", "at < 1; at += 1"),
  one("unit-index.ts", "index: a set length waits for write-back", 'if (effect.kind !== "size" || !isGrown(effect)) return true;', 'if (effect.kind !== "size") return true;'),
  one("unit-index.ts", "index: every length enters the journal at once", 'if (effect.kind !== "size" || !isGrown(effect)) return true;', "return true;"),
  one("unit-index.ts", "index: a grown length never enters the journal at once", 'return grownLength === "at-write" || (', "return ("),
  one("unit-index.ts", "index: growth within the tail block waits for write-back", '|| (grownLength === "past-tail-block" && this.#staysInTailBlock(effect))'),
  one("unit-index.ts", "index: growth within the tail block never waits", '(grownLength === "past-tail-block" && this.#staysInTailBlock(effect))', "this.#staysInTailBlock(effect)"),
  one("unit-index.ts", "index: past-tail-block means at-write", '(grownLength === "past-tail-block" && this.#staysInTailBlock(effect))', 'grownLength === "past-tail-block"'),
  one("unit-index.ts", "index: growth into new blocks stays within the tail block", 'if (cause !== "write-in-block") return false;'),
  one("unit-index.ts", "index: the tail block is always on the disk", "return !pending.some(", "return pending !== undefined || !pending.some("),
  one("unit-index.ts", "index: any pending bytes keep the tail block off the disk", "effect.page === page && page * pageBytes", "page * pageBytes"),
  one("unit-index.ts", "index: the appended bytes keep the tail block off the disk", "effect.page === page && page * pageBytes + effect.start < from", "effect.page === page"),
  one("unit-index.ts", "index: set lengths always need grown ones", "if (this.#personality.edges.setLengthNeedsGrown) {", "if (this.unitBytes > 0) {"),
  one("unit-index.ts", "index: set lengths never need grown ones", "if (this.#personality.edges.setLengthNeedsGrown) {", "if (this.unitBytes < 0) {"),
  one("unit-index.ts", "index: lengths do not need set ones", "add(needs, before?.set);"),
  one("unit-index.ts", "index: grown lengths do not need grown ones", "if (isGrown(effect)) add(needs, before?.grown);"),
  one("unit-index.ts", "index: set lengths need grown ones after all", "if (isGrown(effect)) add(needs, before?.grown);", "add(needs, before?.grown);"),
  one("unit-index.ts", "index: a set length needs bytes", "lengthNeedsBytes || !isGrown(effect)) return;", "lengthNeedsBytes) return;"),
  one("unit-index.ts", "index: the last set length is not remembered", "set: grown ? before?.set : unit,", "set: before?.set,"),
  one("unit-index.ts", "index: a grown length is remembered as set", "set: grown ? before?.set : unit,", "set: unit,"),
  one("unit-index.ts", "index: the last grown length is not remembered", "grown: grown ? unit : before?.grown,", "grown: before?.grown,"),
  one("unit-index.ts", "index: a set length is remembered as grown", "grown: grown ? unit : before?.grown,", "grown: unit,"),

  // --- crash-units.ts ---
  one("crash-units.ts", "a freed page tears", 'if (effect.kind === "data" && !index.isMetadata(effect)) {', 'if (effect.kind === "data") {'),
  one("crash-units.ts", "bytes count as being in the journal", 'isBytes ? "never" : effects.some', "effects.some"),
  one("crash-units.ts", "what enters the journal at once and later is mixed up", '? "at-once" : "later";', '? "later" : "at-once";'),
  one("crash-units.ts", "everything enters the journal at once", '? "at-once" : "later";', '? "at-once" : "at-once";'),
  one("crash-units.ts", "no move leaves both names", "const removal = laggingRemoval(group);", "const removal = laggingRemoval([]);"),
  one("crash-units.ts", "a removal that is alone lags behind itself", "if (group.length === 1) return undefined;"),
  one("crash-units.ts", "every move may leave both names", "isName(step) && step.unordered && step.kind", "isName(step) && step.kind"),
  one("crash-units.ts", "a rename within its directory may leave both names", '&& step.kind === "unlink" && step.rename === "across");', '&& step.kind === "unlink");'),
  one("crash-units.ts", "the old name may go before the new one is there", "[...index.addMetadata([removal], units.length), last]", "index.addMetadata([removal], units.length)"),
  one("crash-units.ts", "the old name needs nothing but the new one", "[...index.addMetadata([removal], units.length), last]", "[last]"),
]);

const wholeWriteMutations = area(
  "whole writes",
  [tests.images, tests.journal, tests.litmus],
  [
    one("crash-units.ts", "a personality of whole writes writes page by page", '? withWholeWrites(units) : units;', "? units : units;"),
    one("crash-units.ts", "every personality writes whole writes", 'return personality.tears.kind === "writes" ? withWholeWrites(units) : units;', "return withWholeWrites(units);"),
    one("crash-units.ts", "pages of two writes are one", "const follows = next.seq === before.seq + 1 &&", "const follows ="),
    one("crash-units.ts", "pages of two files are one write", "|| before.ino !== next.ino) return false;", ") return false;"),
    one("crash-units.ts", "pages that do not follow each other are one write", "next.page === before.page + 1 && next.start === 0", "next.start === 0"),
    one("crash-units.ts", "a write that begins within a page is whole", "return follows && before.start === 0 &&", "return follows &&"),
    one("crash-units.ts", "freed pages are one write", "&& !isFreedPage(before) && !isFreedPage(next)"),
    one("crash-units.ts", "a whole write forgets what its first page needs", "...before.needs, ...needs.filter", "...needs.filter"),
    one("crash-units.ts", "a whole write forgets what its last page needs", "[...new Set([...before.needs, ...needs.filter((needed) => needed !== own)])]", "[...before.needs]"),
    one("crash-units.ts", "a whole write needs itself", "...needs.filter((needed) => needed !== own)", "...needs"),
    one("crash-units.ts", "what was joined is needed at its old place", "places[needed] as number)", "needed)"),
    one("crash-units.ts", "a joined page has no place", "places.push(joined.length - 1);", "if (before === undefined || joined.at(-1) !== before) places.push(joined.length - 1);"),
  ],
);

const tailMutations = area(
  "tails of cut files",
  [tests.journal, tests.brute, tests.litmusRules, tests.litmus],
  [
    one("personality.ts", "old bytes never show", 'if (cutTail === "either") ways.push("old");'),
    one("personality.ts", "old bytes show under every personality", 'if (cutTail === "either") ways.push("old");', 'ways.push("old");'),
    one("crash-choice.ts", "images: a cut always zeroes the rest of its page", 'personality.cutTail === "by-write" || unwritten === "old"', 'unwritten === "old"'),
    one("crash-choice.ts", "images: old bytes are not shown", 'personality.cutTail === "by-write" || unwritten === "old"', 'personality.cutTail === "by-write"'),
    one("fs-state.ts", "the rest of a page is always forgotten", "keepTail ? Math.ceil(size / pageBytes) * pageBytes : size", "size"),
    one("fs-state.ts", "every cut keeps the rest of its page", "keepTail ? Math.ceil(size / pageBytes) * pageBytes : size", "Math.ceil(size / pageBytes) * pageBytes"),
    one("fs-state.ts", "the rest that was kept is not noted", "if (cuts && kept > size) this.loose.set(ino, Math.min(kept, end));"),
    one("fs-state.ts", "growth makes nothing of a kept rest", "if (cuts || size >= (this.loose.get(ino) ?? 0)) this.loose.delete(ino);", "if (cuts) this.loose.delete(ino);"),
  ],
);

const engineMutations = area(
  "growth",
  [tests.journal, tests.log, tests.brute, tests.litmus],
  [
    one("engine-content.ts", "a close never states a length again", 'if (handle.mode !== "read" && this.#emptied.delete(handle.ino)) this.#restateLength(handle);'),
    one("engine-content.ts", "a reader that closes states the length again", 'if (handle.mode !== "read" && this.#emptied', "if (this.#emptied"),
    one("engine-content.ts", "every close after a cut states the length again", "this.#emptied.delete(handle.ino)) this.#restate", "this.#emptied.has(handle.ino)) this.#restate"),
    one("engine-content.ts", "every writer that closes states the length again", "&& this.#emptied.delete(handle.ino)) this.#restate", ") this.#restate"),
    one("engine-content.ts", "no file counts as emptied", "if (size === 0 && this.log !== undefined) this.#emptied.add(ino);"),
    one("engine-content.ts", "every cut file counts as emptied", "if (size === 0 && this.log !== undefined)", "if (this.log !== undefined)"),
    one("engine-content.ts", "what was emptied before a crash counts after it", "this.#emptied.clear();"),
    one("engine-content.ts", "what was reserved before a crash counts after it", "this.#reserved.clear();"),
    one("engine-content.ts", "reserved storage counts as written", "if (this.log !== undefined) this.#reserved.add(handle.ino);"),
    one("engine-content.ts", "nothing was ever reserved", "&& !this.#reserved.has(ino);", ";"),
    one("engine-content.ts", "a hole counts as written", "return content.page(page) !== undefined && !this", "return !this"),
    one("engine-content.ts", "a page that begins at the end counts as its last page", "if (content.size === page * pageBytes || offset", "if (offset"),
    one("engine-content.ts", "a write far behind the end begins on the last page", "|| offset >= (page + 1) * pageBytes) return false;", ") return false;"),
    one("engine-content.ts", "growth is never split at the end of the last page", "const blockEnd = inBlock ? Math.min(to, Math.ceil(from / pageBytes) * pageBytes) : from;", "const blockEnd = inBlock ? to : from;"),
    one("engine-content.ts", "growth always reaches the end of the last page", "inBlock ? Math.min(to, Math.ceil(from / pageBytes) * pageBytes) : from", "inBlock ? Math.ceil(from / pageBytes) * pageBytes : from"),
    one("engine-content.ts", "growth within the last page is not told apart", "inBlock ? Math.min(to, Math.ceil(from / pageBytes) * pageBytes) : from", "from"),
    one("engine-content.ts", "growth within the last page is not in the log", 'if (blockEnd > from) log.size(ino, from, blockEnd, "write-in-block");'),
    one("engine-content.ts", "growth beyond the last page is not in the log", 'if (to > blockEnd) log.size(ino, blockEnd, to, "write");'),
    one("engine-content.ts", "growth to the end of the last page is logged twice", "if (to > blockEnd) log.size(", "log.size("),
    one("engine-content.ts", "a length that a call sets counts as grown", 'this.log?.size(ino, from, size, "set");', 'this.log?.size(ino, from, size, "write");'),
    one("engine-fs.ts", "a rename over a file does not state its length", 'this.log?.size(source.ino, size, size, "rename-over");'),
    one("engine-fs.ts", "every rename states the length of its file", 'if (target?.kind === "file") {', 'if (source.kind === "file") {'),
  ],
);

const kernel = (what, block, find, put) => one("kernel-personalities.ts", what, find, put, { in: `export const ${block}: Personality = {` });
const kernelMutations = area(
  "kernels",
  [tests.journal, tests.litmusRules, tests.litmus],
  [
    kernel("ext4 keeps names in no order", "ext4Ordered", 'metadataOrder: "journal",', 'metadataOrder: "free",'),
    kernel("ext4 journals every length at once", "ext4Ordered", 'grownLength: "past-tail-block",', 'grownLength: "at-write",'),
    kernel("ext4 journals no grown length at once", "ext4Ordered", 'grownLength: "past-tail-block",', 'grownLength: "at-write-back",'),
    kernel("ext4 lets a rewrite wait", "ext4Ordered", '["close-after-cut", "rename-over"]', '["rename-over"]'),
    kernel("ext4 lets a replaced file wait", "ext4Ordered", '["close-after-cut", "rename-over"]', '["close-after-cut"]'),
    kernel("fsync of ext4 forgets the names", "ext4Ordered", 'fileSync: "own-names", namesSync', "namesSync"),
    kernel("fsync of an ext4 directory forgets its own name", "ext4Ordered", 'fileSync: "own-names", namesSync: "own-names"', 'fileSync: "own-names"'),
    kernel("ext4 without its heuristics still has them", "ext4NoAuto", "lengthEntersAt: []", "lengthEntersAt: ext4Ordered.edges.lengthEntersAt"),
    kernel("XFS keeps names in no order", "xfs", 'metadataOrder: "journal",', 'metadataOrder: "free",'),
    kernel("XFS logs a grown length at once", "xfs", 'grownLength: "at-write-back",', 'grownLength: "at-write",'),
    kernel("XFS shows zeros in grown files", "xfs", "lengthNeedsBytes: true,"),
    kernel("fsync of XFS forgets the names", "xfs", 'fileSync: "own-names",'),
    kernel("fdatasync of XFS forgets the names", "xfs", 'dataSync: "own-names",'),
    kernel("fsync of an XFS directory forgets its own name", "xfs", 'namesSync: "own-names",'),
    kernel("sync of XFS flushes everything", "xfs", 'everything: "journal",'),
    kernel("btrfs keeps names in no order", "btrfs", 'metadataOrder: "journal",', 'metadataOrder: "free",'),
    kernel("btrfs commits a grown length at once", "btrfs", 'grownLength: "at-write-back",', 'grownLength: "at-write",'),
    kernel("btrfs shows zeros in grown files", "btrfs", "lengthNeedsBytes: true,"),
    kernel("btrfs writes in place", "btrfs", "bytesNeedJournal: true,"),
    kernel("btrfs sets lengths behind grown ones", "btrfs", "setLengthNeedsGrown: false,"),
    kernel("btrfs zeroes the tail of a cut file at once", "btrfs", 'cutTail: "by-write",'),
    kernel("fsync of btrfs forgets the names", "btrfs", 'fileSync: "own-names",'),
    kernel("fdatasync of btrfs forgets the names", "btrfs", 'dataSync: "own-names",'),
    kernel("fsync of a btrfs directory forgets its own name", "btrfs", 'namesSync: "own-names",'),
    kernel("btrfs has no tree log", "btrfs", 'reach: "tree-log",'),
  ],
);

export const journalMutations = [
  ...ruleMutations,
  ...wholeWriteMutations,
  ...tailMutations,
  ...engineMutations,
  ...kernelMutations,
];
