// Which pending effects a power loss may keep without which others, twice: effect-rules.ts for the ledger, unit-index.ts
// and crash-units.ts for the enumeration.
import { area, tests } from "./area.mjs";

export const ruleMutations = area(
  "rules",
  [tests.rules, tests.crash, tests.crashStates, tests.brute, tests.vanish, tests.engine, tests.images],
  [
    // --- needs() ---
    {
      what: "needs: names need nothing",
      file: "effect-rules.ts",
      find: "return isName(earlier) && nameNeeds(personality, later, earlier);",
      put: "return false;",
    },
    {
      what: "needs: bytes of one file need bytes of another",
      file: "effect-rules.ts",
      find: "if (isName(earlier) || later.ino !== earlier.ino) return false;",
      put: "if (isName(earlier)) return false;",
    },
    {
      what: "needs: lengths of one file come in any order",
      file: "effect-rules.ts",
      find: "return edges.setLengthNeedsGrown || isGrown(later) || !isGrown(earlier);",
      put: "return false;",
    },
    {
      what: "needs: a grown length needs no bytes",
      file: "effect-rules.ts",
      find: "return edges.lengthNeedsBytes && isGrown(later) && liesIn(earlier, later);",
      put: "return false;",
    },
    {
      what: "needs: a grown length needs its bytes everywhere",
      file: "effect-rules.ts",
      find: "return edges.lengthNeedsBytes && isGrown(later)",
      put: "return isGrown(later)",
    },
    {
      what: "needs: versions of one page come in any order",
      file: "effect-rules.ts",
      find: 'if (earlier.kind === "data") return earlier.page === later.page;',
      put: 'if (earlier.kind === "data") return false;',
    },
    {
      what: "needs: bytes behind a cut do not need it",
      file: "effect-rules.ts",
      find: "return edges.bytesNeedEarlierCut && earlier.to < earlier.from && later.page * pageBytes >= earlier.to;",
      put: "return false;",
    },
    {
      what: "needs: bytes behind a cut need it under strict too",
      file: "effect-rules.ts",
      find: "edges.bytesNeedEarlierCut && earlier.to < earlier.from",
      put: "earlier.to < earlier.from",
    },
    {
      what: "needs: bytes need a growth as if it were a cut",
      file: "effect-rules.ts",
      find: "&& earlier.to < earlier.from &&",
      put: "&&",
    },
    {
      what: "needs: bytes before a cut need it too",
      file: "effect-rules.ts",
      find: "&& later.page * pageBytes >= earlier.to",
    },
    {
      what: "needs: changes of one name come in any order",
      file: "effect-rules.ts",
      find: "if (later.directory === earlier.directory && later.name === earlier.name) return true;",
    },
    {
      what: "needs: strict keeps the tree in order",
      file: "effect-rules.ts",
      find: 'if (personality.edges.tree === "free") return false;',
    },
    {
      what: "needs: directory moves come in any order",
      file: "effect-rules.ts",
      find: "if (isDirectoryMove(later) && isDirectoryMove(earlier)) return true;",
    },
    {
      what: "needs: a move does not need the name of its new directory",
      file: "effect-rules.ts",
      find: 'if (home?.kind === "link" && directory !== undefined) homes.push(home);',
    },
    {
      what: "needs: a move stands on the last directory above it alone",
      file: "effect-rules.ts",
      find: 'directory = home?.kind === "link" && !homes.includes(home) ? home.directory : undefined;',
      put: 'directory = home?.kind === "link" && homes.length === 0 ? home.directory : undefined;',
    },
    {
      what: "needs: a directory is removed before what it holds",
      file: "effect-rules.ts",
      find: 'return removesDirectory && earlier.kind === "unlink" && earlier.directory === later.ino;',
      put: "return false;",
    },
    {
      what: "needs: every rename is a directory move",
      file: "effect-rules.ts",
      find: 'return effect.inodeKind === "directory" && effect.rename !== "none";',
      put: 'return effect.rename !== "none";',
    },
    {
      what: "needs: every name of a directory is a move",
      file: "effect-rules.ts",
      find: 'return effect.inodeKind === "directory" && effect.rename !== "none";',
      put: 'return effect.inodeKind === "directory";',
    },
    {
      what: "needs: a length that a call sets needs bytes",
      file: "effect-rules.ts",
      find: "return edges.lengthNeedsBytes && isGrown(later)",
      put: "return edges.lengthNeedsBytes",
    },
    {
      what: "needs: a length needs bytes behind it",
      file: "effect-rules.ts",
      find: "start + data.start < size.to &&",
      tests: [tests.writeBack],
    },
    {
      what: "strict renames are atomic in units",
      file: "effect-rules.ts",
      in: "export function inOneGroup(",
      find: 'personality.rename === "atomic" && isName(a)',
      put: "isName(a)",
    },
    {
      what: "neighbouring names are one group",
      file: "effect-rules.ts",
      find: "isName(b) && a.group === b.group;",
      put: "isName(b);",
    },

    // --- carrying an effect out ---
    {
      what: "an applied length does nothing",
      file: "effect-rules.ts",
      find: "state.setSize(effect.ino, effect.to, keepsTail);",
    },
    {
      what: "an applied unlink does nothing",
      file: "effect-rules.ts",
      find: "state.unlink(effect.directory, effect.name);",
    },
    {
      what: "a torn piece brings the whole write",
      file: "effect-rules.ts",
      find: "if (from < to) state.writeRange(ino, page, from, to, bytes, shift + from - start);",
      put: "if (from < to) state.writeRange(ino, page, start, end, bytes, shift);",
    },
    {
      what: "a misdirected write hits its own file",
      file: "effect-rules.ts",
      find: "const ino = effect.strayTo?.ino ?? effect.ino;",
      put: "const ino = effect.ino;",
    },
    {
      what: "a misdirected write hits its own page",
      file: "effect-rules.ts",
      find: "const page = effect.strayTo?.page ?? effect.page;",
      put: "const page = effect.page;",
    },

    // --- UnitIndex ---
    {
      what: "index: versions of one place come in any order",
      file: "unit-index.ts",
      find: "add(needs, places.get(place));",
    },
    {
      what: "index: pieces are not remembered",
      file: "unit-index.ts",
      find: "places.set(place, unit);",
    },
    {
      what: "index: bytes behind a cut do not need it",
      file: "unit-index.ts",
      find: "add(needs, this.#cuts.get(effect.ino)?.findLast(({ to }) => effect.page * pageBytes >= to)?.unit);",
    },
    {
      what: "index: bytes exactly at a cut do not need it",
      file: "unit-index.ts",
      find: "effect.page * pageBytes >= to)",
      put: "effect.page * pageBytes > to)",
    },
    {
      what: "index: cuts order bytes under strict too",
      file: "unit-index.ts",
      find: "if (bytesNeedEarlierCut) {",
      put: "if (this.unitBytes > 0) {",
    },
    {
      what: "index: bytes are not remembered for lengths",
      file: "unit-index.ts",
      find: "entry(this.#bytes, effect.ino, () => []).push({ unit, effect });",
    },
    {
      what: "index: what is in the journal is not remembered",
      file: "unit-index.ts",
      find: "if (group.some((effect) => this.entersAtOnce(effect))) this.#lastJournaled = unit;",
    },
    {
      what: "index: lengths come in any order",
      file: "unit-index.ts",
      find: "add(needs, before?.last);",
    },
    {
      what: "index: lengths are not remembered",
      file: "unit-index.ts",
      find: "this.#sizes.set(effect.ino, { last: unit, set: grown ? before?.set : unit, grown: grown ? unit : before?.grown, });",
    },
    {
      what: "index: a length needs no bytes",
      file: "unit-index.ts",
      find: "for (const { unit, effect: data } of this.#bytes.get(effect.ino) ?? []) if (liesIn(data, effect)) needs.add(unit);",
    },
    {
      what: "index: cuts are not remembered",
      file: "unit-index.ts",
      find: "if (effect.to < effect.from) entry(this.#cuts, effect.ino, () => []).push({ unit, to: effect.to });",
    },
    {
      what: "index: a growth counts as a cut",
      file: "unit-index.ts",
      find: "if (effect.to < effect.from) entry(",
      put: "entry(",
    },
    {
      what: "index: changes of one name come in any order",
      file: "unit-index.ts",
      find: "add(needs, this.#names.get(`${effect.directory}/${effect.name}`));",
    },
    {
      what: "index: names are not remembered",
      file: "unit-index.ts",
      find: "this.#names.set(`${effect.directory}/${effect.name}`, unit);",
    },
    {
      what: "index: strict keeps the tree in order",
      file: "unit-index.ts",
      find: 'if (this.#personality.edges.tree === "free") return;',
    },
    {
      what: "index: directory moves come in any order",
      file: "unit-index.ts",
      find: "if (isDirectoryMove(effect)) add(needs, this.#lastMove);",
    },
    {
      what: "index: directory moves are not remembered",
      file: "unit-index.ts",
      find: "if (isDirectoryMove(effect)) this.#lastMove = unit;",
    },
    {
      what: "index: a move does not need the name of its new directory",
      file: "unit-index.ts",
      find: 'if (effect.rename === "across") this.#needsOfPlace(effect.directory, needs);',
    },
    {
      what: "index: the name of a directory is not remembered",
      file: "unit-index.ts",
      find: "this.#homes.set(effect.ino, { unit, directory: effect.directory });",
    },
    {
      what: "index: a directory is removed before what it holds",
      file: "unit-index.ts",
      find: "if (removesDirectory) for (const unit of this.#unlinks.get(effect.ino) ?? []) needs.add(unit);",
    },
    {
      what: "index: removals in a directory are not remembered",
      file: "unit-index.ts",
      find: 'if (effect.kind === "unlink") entry(this.#unlinks, effect.directory, () => []).push(unit);',
    },

    // --- units ---
    {
      what: "no write ever tears",
      file: "crash-units.ts",
      find: 'const tear = torn && personality.tears.kind === "any-units";',
      put: "const tear = torn && personality.tears.unitBytes === 0;",
    },
    {
      what: "whole writes tear",
      file: "crash-units.ts",
      find: 'const tear = torn && personality.tears.kind === "any-units";',
      put: "const tear = torn;",
    },
    {
      what: "the steps of a rename are units of their own",
      file: "crash-units.ts",
      find: "while (at + 1 < pending.length && inOneGroup(",
      put: "while (at + 1 < 0 && inOneGroup(",
    },
    {
      what: "a write loses its last piece",
      file: "crash-units.ts",
      find: "piece * unitBytes < effect.end; piece += 1",
      put: "(piece + 1) * unitBytes < effect.end; piece += 1",
    },
    {
      what: "closing a choice adds nothing",
      file: "crash-units.ts",
      find: "if (closed.has(index)) for (const needed of units[index]?.needs ?? []) closed.add(needed);",
    },
    {
      what: "closing a choice goes forward and misses the needs of needs",
      file: "crash-units.ts",
      find: "for (let index = units.length - 1; index >= 0; index -= 1) {",
      put: "for (let index = 0; index < units.length; index += 1) {",
    },
    {
      what: "dropping leaves what needed the dropped",
      file: "crash-units.ts",
      find: "&& unit.needs.every((needed) => left.has(needed))",
      tests: [tests.images, tests.laws],
    },
  ],
);
