// What a call records about a length, which pages of a write leave together, and what is left of the last page of a file
// that was cut: engine-content.ts, crash-units.ts, fs-state.ts.
import { area, tests } from "./area.mjs";

/** One mutation; `put` is left out where the text just goes. */
const one = (file, what, find, put) => ({ what, file, find, ...(put === undefined ? {} : { put }) });

const wholeWriteMutations = area(
  "whole writes",
  [tests.wholeWrites, tests.litmusRules, tests.litmus],
  [
    one(
      "crash-units.ts",
      "a personality of whole writes writes page by page",
      "? withWholeWrites(units) : units;",
      "? units : units;",
    ),
    one(
      "crash-units.ts",
      "every personality writes whole writes",
      'return personality.tears.kind === "writes" ? withWholeWrites(units) : units;',
      "return withWholeWrites(units);",
    ),
    one(
      "crash-units.ts",
      "pages of two writes are one",
      "const follows = next.seq === before.seq + 1 &&",
      "const follows =",
    ),
    one(
      "crash-units.ts",
      "pages of two files are one write",
      "|| before.ino !== next.ino) return false;",
      ") return false;",
    ),
    one(
      "crash-units.ts",
      "pages that do not follow each other are one write",
      "next.page === before.page + 1 && next.start === 0",
      "next.start === 0",
    ),
    one(
      "crash-units.ts",
      "a write that begins within a page is whole",
      "return follows && before.start === 0 &&",
      "return follows &&",
    ),
    one("crash-units.ts", "freed pages are one write", "&& !isFreedPage(before) && !isFreedPage(next)"),
    one(
      "crash-units.ts",
      "a whole write forgets what its last page needs",
      "[...new Set([...before.needs, ...needs])]",
      "[...before.needs]",
    ),
    one("crash-units.ts", "what was joined is needed at its old place", "places[needed] as number)", "needed)"),
  ],
);

const tailMutations = area(
  "tails of cut files",
  [tests.journal, tests.writeBack, tests.brute, tests.litmusRules, tests.litmus],
  [
    one("personality.ts", "old bytes never show", 'if (cutTail === "either") ways.push("old");'),
    one(
      "personality.ts",
      "old bytes show under every personality",
      'if (cutTail === "either") ways.push("old");',
      'ways.push("old");',
    ),
    one(
      "crash-choice.ts",
      "images: a cut always zeroes the rest of its page",
      'personality.cutTail === "by-write" || unwritten === "old"',
      'unwritten === "old"',
    ),
    one(
      "crash-choice.ts",
      "images: old bytes are not shown",
      'personality.cutTail === "by-write" || unwritten === "old"',
      'personality.cutTail === "by-write"',
    ),
    one(
      "fs-state.ts",
      "the rest of a page is always forgotten",
      "keepTail ? Math.ceil(size / pageBytes) * pageBytes : size",
      "size",
    ),
    one(
      "fs-state.ts",
      "every cut keeps the rest of its page",
      "keepTail ? Math.ceil(size / pageBytes) * pageBytes : size",
      "Math.ceil(size / pageBytes) * pageBytes",
    ),
    one(
      "fs-state.ts",
      "the rest that was kept is not noted",
      "if (cuts && kept > size) this.loose.set(ino, Math.min(kept, end));",
    ),
  ],
);

const engineMutations = area(
  "growth",
  [tests.growth, tests.journal, tests.log, tests.brute, tests.litmus],
  [
    one(
      "engine-content.ts",
      "a close never states a length again",
      "logLength(this.log, handle, this.sizeOf(handle.ino));",
    ),
    one(
      "engine-content.ts",
      "a reader that closes states the length again",
      'if (handle.mode !== "read" && this.#emptied',
      "if (this.#emptied",
    ),
    one(
      "engine-content.ts",
      "every close after a cut states the length again",
      "this.#emptied.delete(handle.ino)) {",
      "this.#emptied.has(handle.ino)) {",
    ),
    one(
      "engine-content.ts",
      "every writer that closes states the length again",
      "&& this.#emptied.delete(handle.ino)) {",
      ") {",
    ),
    one(
      "engine-content.ts",
      "no file counts as emptied",
      "if (size === 0 && this.log !== undefined) this.#emptied.add(ino);",
    ),
    one(
      "engine-content.ts",
      "every cut file counts as emptied",
      "if (size === 0 && this.log !== undefined)",
      "if (this.log !== undefined)",
    ),
    one("engine-content.ts", "what was emptied before a crash counts after it", "this.#emptied.clear();"),
    one("engine-content.ts", "what was reserved before a crash counts after it", "this.#reserved.clear();"),
    one(
      "engine-content.ts",
      "reserved storage counts as written",
      "if (this.log !== undefined) this.#reserved.add(handle.ino);",
    ),
    one("engine-content.ts", "nothing was ever reserved", "&& !this.#reserved.has(ino);", ";"),
    one("growth-log.ts", "a hole counts as written", "return content.page(page) !== undefined;", "return true;"),
    one(
      "growth-log.ts",
      "a write far behind the end begins on the last page",
      "|| offset >= (page + 1) * pageBytes) return false;",
      ") return false;",
    ),
    one(
      "growth-log.ts",
      "growth is never split at the end of the last page",
      "const blockEnd = inBlock ? Math.min(to, Math.ceil(from / pageBytes) * pageBytes) : from;",
      "const blockEnd = inBlock ? to : from;",
    ),
    one(
      "growth-log.ts",
      "growth always reaches the end of the last page",
      "inBlock ? Math.min(to, Math.ceil(from / pageBytes) * pageBytes) : from",
      "inBlock ? Math.ceil(from / pageBytes) * pageBytes : from",
    ),
    one(
      "growth-log.ts",
      "growth within the last page is not told apart",
      "inBlock ? Math.min(to, Math.ceil(from / pageBytes) * pageBytes) : from",
      "from",
    ),
    one(
      "growth-log.ts",
      "growth within the last page is not in the log",
      'if (blockEnd > from) log.size(ino, from, blockEnd, "write-in-block");',
    ),
    one(
      "growth-log.ts",
      "growth beyond the last page is not in the log",
      'if (to > blockEnd) log.size(ino, blockEnd, to, "write");',
    ),
    one(
      "growth-log.ts",
      "growth to the end of the last page is logged twice",
      "if (to > blockEnd) log.size(",
      "log.size(",
    ),
    one(
      "engine-content.ts",
      "a length that a call sets counts as grown",
      'this.log?.size(ino, from, size, "set");',
      'this.log?.size(ino, from, size, "write");',
    ),
    one(
      "engine-fs.ts",
      "a rename over a file does not state its length",
      'this.log?.size(source.ino, size, size, "rename-over");',
    ),
    one(
      "engine-fs.ts",
      "every rename states the length of its file",
      'if (target?.kind === "file") {',
      'if (source.kind === "file") {',
    ),
  ],
);

export const growthMutations = [...wholeWriteMutations, ...tailMutations, ...engineMutations];
