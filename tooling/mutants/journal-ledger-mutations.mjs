// What a barrier settles in a journal and in a log beside it, and what is on its way to the disk without one: ledger.ts and effect-rules.ts.
import { area, tests } from "./area.mjs";

/** One mutation; `put` is left out where the text just goes. */
const one = (what, find, put, block) => ({
  what,
  file: "ledger.ts",
  find,
  ...(put === undefined ? {} : { put }),
  ...(block === undefined ? {} : { in: block }),
});

/** The same of a relation between two effects. */
const rule = (...given) => ({ ...one(...given), file: "effect-rules.ts" });

const settling = area(
  "journal ledger",
  [
    tests.journal,
    tests.syncedNames,
    tests.treeLog,
    tests.writeBack,
    tests.rules,
    tests.brute,
    tests.litmusRules,
    tests.litmus,
  ],
  [
    // --- what counts ---
    one("a length that is stated again starts no write-back", "if (isRestated(record)) this.#startWriteBack(record);"),
    one("a length that is stated again always counts", "if (this.#counts(record)) push(", "push("),
    one(
      "a length that is stated again never counts",
      "if (this.#counts(record)) push(",
      "if (!isRestated(record)) push(",
    ),
    one(
      "every personality hurries at every call",
      "if (!this.personality.edges.lengthEntersAt.some((at) => at === cause)) return false;",
    ),
    one(
      "a length that is durable counts when it is stated again",
      'return (this.#files.get(ino) ?? []).some((effect) => effect.kind === "size");',
      "return true;",
    ),
    rule(
      "a close after a cut is no call that states a length",
      'return cause === "close-after-cut" || cause === "rename-over";',
      'return cause === "rename-over";',
    ),
    rule(
      "a rename is no call that states a length",
      'return cause === "close-after-cut" || cause === "rename-over";',
      'return cause === "close-after-cut";',
    ),

    // --- the choice of a closure ---
    one(
      "sync goes through the tree log",
      'const inTreeLog = this.personality.closures.reach === "tree-log" && record.scope !== "all";',
      'const inTreeLog = this.personality.closures.reach === "tree-log";',
    ),
    one(
      "the tree log is a journal",
      'if (closures.reach === "tree-log" && record.scope !== "all") return this.#alongTreeLog(own);',
    ),
    one(
      "a journal has no order for barriers",
      'if (edges.metadataOrder === "journal") return this.#olderInJournal(own, record.covers);',
    ),
    one(
      "sync of a journal brings no bytes that its lengths need",
      'record.scope === "all" ? closures.everything === "all" :',
      'record.scope === "all" ? record.scope === "all" :',
    ),
    one(
      "a barrier that was widened brings nothing from elsewhere",
      ': this.#widening(record) === "plain";',
      ": record.scope !== undefined;",
    ),
    one(
      "sync flushes bytes whatever the personality says",
      'this.personality.closures.everything === "all" ? all :',
      "this.personality.name !== undefined ? all :",
    ),
    one("sync never flushes bytes", 'return this.personality.closures.everything === "all" ? all : all', "return all"),
    one(
      "sync settles what nothing needs of bytes alone",
      'all.filter((effect) => effect.kind !== "data")',
      'all.filter((effect) => effect.kind === "data")',
    ),
    one(
      "a barrier on a directory counts as one on a file",
      'const closure = scope === "names" ? namesSync : rung',
      "const closure = rung",
    ),
    one("every barrier on a file counts as full", 'rung === "full" ? fileSync : dataSync', "fileSync"),
    one("every barrier on a file counts as data", 'rung === "full" ? fileSync : dataSync', "dataSync"),

    // --- a journal ---
    one(
      "settling one effect forgets the journal",
      "this.#apply(journals ? this.#olderInJournal(effects, 0) : this.#withCompanions(effects, false));",
      "this.#apply(this.#withCompanions(effects, false));",
    ),
    one(
      "a length that waited brings nothing along",
      "const older = enters && unit.enters",
      "const older = !late && enters && unit.enters",
    ),
    one("lengths wait where write-back is spontaneous", "const enters = late && units", "const enters = units"),
    one("every covered effect has waited", 'unit.enters === "later" && isCovered(unit)', "isCovered(unit)"),
    one("a length that waits anywhere counts", 'unit.enters === "later" && isCovered(unit)', 'unit.enters === "later"'),
    one("a length that waited brings bytes along", 'enters && unit.enters === "at-once" && unit', "enters && unit"),
    one(
      "a length that waited brings what came after the issue",
      "&& unit.effects.every(({ seq }) => seq < covers);",
      ";",
    ),
    one(
      "what a barrier covers is not chosen",
      "if (older || isCovered(unit)) chosen.add(index);",
      "if (older) chosen.add(index);",
    ),
    one(
      "what is older in the journal stays",
      "const closed = closeOver(units, chosen);",
      "const closed = new Set(chosen);",
    ),
    one(
      "a cut below bytes that settle stays pending",
      "if (chosen.has(index) || !unit.effects.some((cut) => settled.some((effect) => cutBelow(effect, cut)))) return;",
      "return;",
    ),
    one("what a cut below bytes needs stays pending", "chosen.add(index);\n        grew = true;", "chosen.add(index);"),
    rule("every cut settles with later bytes", "&& cut.to < effect.page * pageBytes + effect.end;", ";"),
    rule("a growth settles with later bytes", "&& cut.to < cut.from && cut.to < effect", "&& cut.to < effect"),
    rule("a cut settles with earlier bytes", "return cut.seq < effect.seq && cut.to", "return cut.to"),
    rule(
      "a cut of another file settles with bytes",
      '|| cut.kind !== "size" || cut.ino !== effect.ino) return false;',
      '|| cut.kind !== "size") return false;',
    ),

    // --- a tree log ---
    one(
      "tree log: what is needed stays",
      "if (chosen.has(other) || !(older || other",
      "if (chosen.has(other) || !(other",
    ),
    one(
      "tree log: an effect needs later ones",
      "const older = other.seq < effect.seq && needs(",
      "const older = needs(",
    ),
    one("tree log: the directories above stay unborn", "older || other === birth ||", "older ||"),
    one("tree log: the rest of a rename stays", "|| comesAlong(effect, other))) continue;", ")) continue;"),
    one("tree log: what came along brings nothing along", "queue.push(other);", "", "#alongTreeLog(effects"),
    rule("tree log: other renames come along", "|| effect.group !== other.group) return false;", ") return false;"),
    rule(
      "tree log: a move takes its old name away",
      'const leaves = other.kind === "unlink" && other.rename === "across";',
      'const leaves = other.kind === "unlink" && other.kind !== "unlink";',
    ),
    rule(
      "tree log: a rename within its directory leaves the old name",
      'const leaves = other.kind === "unlink" && other.rename === "across";',
      'const leaves = other.kind === "unlink" && other.rename !== "none";',
    ),
    rule(
      "tree log: a removed name of a move brings no new one",
      'other.kind === "unlink" && other.rename === "across"',
      'other.rename === "across"',
    ),
    one(
      "tree log: nothing may come along afterwards",
      "if (inTreeLog) this.#bringAlong(record, settled, new Set(parents));",
    ),
    one(
      "tree log: other names never matter",
      'inTreeLog && record.scope === "file" ? this.#newParents(record.ino, settled) : [];',
      "inTreeLog ? [] : [];",
    ),
    one(
      "tree log: other names of a directory matter",
      'inTreeLog && record.scope === "file" ? this',
      "inTreeLog ? this",
    ),
    one(
      "tree log: the first name counts as another one",
      ".filter((effect) => effect !== born)",
      "",
      "#newParents(ino",
    ),
    one(
      "tree log: the first name of the settled never counts",
      "(this.state.inode(ino)?.links ?? 0) === 0 ?",
      "(this.state.inode(ino)?.links ?? 0) >= 0 ?",
    ),
    one(
      "tree log: names of other files are its own",
      "isName(effect) && effect.ino === ino);",
      "isName(effect));",
      "#newParents(ino",
    ),
    one("tree log: what it is about is not remembered", "this.#logged.add(ino);"),
    one("tree log: what it names is not remembered", "this.#logged.add(effect.ino);"),
    one(
      "tree log: where it moves to is not remembered",
      'if (effect.rename === "across") this.#logged.add(effect.directory);',
    ),
    one(
      "tree log: every directory it names something in is remembered",
      'if (effect.rename === "across") this.#logged.add(effect.directory);',
      "this.#logged.add(effect.directory);",
    ),
    one(
      "tree log: names come along that are younger than the barrier",
      "effect.seq < covers && (this.#logged.has",
      "(this.#logged.has",
    ),
    one(
      "tree log: names of what it was about stay",
      "(this.#logged.has(effect.ino) || parents.has(effect.directory));",
      "parents.has(effect.directory);",
    ),
    one(
      "tree log: names beside another name of the file stay",
      "(this.#logged.has(effect.ino) || parents.has(effect.directory));",
      "this.#logged.has(effect.ino);",
    ),
    one(
      "tree log: half a rename is free to come along",
      "groups.has(effect.group) && !effect.unordered",
      "comes(effect) && !effect.unordered",
    ),
  ],
);

const superseding = area(
  "superseded",
  [tests.journal, tests.brute, tests.rules, tests.litmus],
  [
    one(
      "older lengths and bytes outlive a durable length",
      'for (const effect of settled) if (effect.kind === "size") this.#supersede(effect);',
    ),
    one("a durable length overtakes younger ones", "if (effect.seq > settled.seq) return [effect];"),
    one(
      "older lengths outlive a durable one",
      'if (effect.kind === "size") return [];',
      'if (effect.kind === "size") return [effect];',
    ),
    one(
      "bytes behind a durable cut stay pending",
      'return cuts && effect.kind === "data" ? effect.before(settled.to) : [effect];',
      "return [effect];",
    ),
    one(
      "a durable growth takes bytes away",
      "const cuts = settled.to < settled.from;",
      "const cuts = settled.to !== settled.from;",
    ),
    one(
      "a durable length that was stated again takes bytes away",
      "const cuts = settled.to < settled.from;",
      "const cuts = settled.to <= settled.from;",
    ),
  ],
);

const quiet = area(
  "no write-back",
  [tests.journal, tests.writeBack, tests.brute, tests.litmusRules, tests.litmus],
  [
    one("zeros of a cut wait for a barrier of their own", "if (record.bytes === undefined) this.#started.add(record);"),
    one(
      "all bytes are on their way at once",
      "if (record.bytes === undefined) this.#started.add(record);",
      "this.#started.add(record);",
    ),
    one(
      "what a barrier might have committed is not on its way",
      "for (const effect of this.#journaledBefore(record.covers)) this.#started.add(effect);",
    ),
    one("nothing is ever written back by itself", 'if (this.personality.writeBack === "spontaneous") return pending;'),
    one(
      "everything is written back by itself",
      'if (this.personality.writeBack === "spontaneous") return pending;',
      "return pending;",
    ),
    one(
      "what is on its way does not arrive",
      "this.#started.has(effect) || (isName(effect) && effect.unordered);",
      "isName(effect) && effect.unordered;",
    ),
    one(
      "what was brought along does not arrive",
      "this.#started.has(effect) || (isName(effect) && effect.unordered);",
      "this.#started.has(effect);",
    ),
    one(
      "a barrier under way leaves nothing behind",
      "for (const effect of this.#closureOf(record)) exposed.add(effect);",
    ),
    one(
      "a barrier under way commits nothing older",
      "for (const effect of this.#journaledBefore(record.covers)) exposed.add(effect);",
    ),
    one("barriers commit what is older without a journal", 'edges.metadataOrder === "free" || closures', "closures"),
    one(
      "barriers commit what is older beside a tree log",
      '|| closures.reach === "tree-log") return [];',
      ") return [];",
    ),
    one(
      "a barrier commits what came after its issue",
      "const older = this.pending().filter((effect) => effect.seq < covers);",
      "const older = this.pending();",
    ),
    one("a barrier commits bytes and lengths that wait", '.filter(({ enters }) => enters === "at-once");', ";"),
    one(
      "a rename starts write-back under every personality",
      'if (cause === "rename-over" && !this.personality.edges.lengthEntersAt.includes(cause)) return;',
    ),
    one(
      "no rename starts write-back",
      'if (cause === "rename-over" && !this.personality.edges.lengthEntersAt.includes(cause)) return;',
      'if (cause === "rename-over") return;',
    ),
    one(
      "a close starts write-back only where it hurries",
      'if (cause === "rename-over" && !this.personality.edges.lengthEntersAt.includes(cause)) return;',
      "if (!this.personality.edges.lengthEntersAt.some((at) => at === cause)) return;",
    ),
    one("a call starts no write-back", "for (const effect of this.#files.get(ino) ?? []) this.#started.add(effect);"),
    one("a dropped barrier is under way", 'record.outcome !== "dropped" && record.covers', "record.covers"),
    one(
      "barriers are under way before they are issued",
      '&& record.outcome !== "dropped" && record.covers <= this.position,',
      '&& record.outcome !== "dropped",',
    ),
  ],
);

export const journalLedgerMutations = [...settling, ...superseding, ...quiet];
