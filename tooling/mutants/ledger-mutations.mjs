// What a barrier settles, loses and leaves pending: ledger.ts.
import { area, tests } from "./area.mjs";

export const ledgerMutations = area(
  "ledger",
  [tests.crash, tests.rules, tests.crashStates, tests.brute, tests.laws, tests.vanish, tests.engine],
  [
    {
      what: "a lost write is pending like any other",
      file: "ledger.ts",
      find: "if (!record.lost) push(",
      put: "push(",
    },
    {
      what: "bytes never become pending",
      file: "ledger.ts",
      find: "if (!record.lost) push(this.#files, record.ino, record);",
    },
    {
      what: "lengths never become pending",
      file: "ledger.ts",
      in: 'case "size":',
      find: "push(this.#files, record.ino, record);\n        return;\n      case",
      put: "return;\n      case",
    },
    {
      what: "names never become pending",
      file: "ledger.ts",
      find: "push(this.#directories, record.directory, record);",
    },
    {
      what: "write-back settles nothing",
      file: "ledger.ts",
      find: "this.settle(this.#pendingAmong(new Set(record.effects)));",
    },
    {
      what: "write-back settles everything",
      file: "ledger.ts",
      find: "this.pending().filter((effect) => seqs.has(effect.seq))",
      put: "this.pending()",
    },
    { what: "bit rot never happens", file: "ledger.ts", find: "this.#flip(record.ino, record.offset, record.bit);" },
    {
      what: "a failed barrier loses nothing",
      file: "ledger.ts",
      find: 'if (record.outcome === "failed") this.#lose(record);',
    },
    {
      what: "a dropped or failed barrier settles",
      file: "ledger.ts",
      find: 'if (record.outcome !== "done") return;',
    },
    {
      what: "a dropped barrier settles",
      file: "ledger.ts",
      find: 'if (record.outcome !== "done") return;',
      put: 'if (record.outcome === "failed") return;',
    },
    { what: "a barrier settles nothing", file: "ledger.ts", find: "this.#apply(settled);" },
    {
      what: "a failed barrier loses all that is pending",
      file: "ledger.ts",
      find: "list.filter((effect) => !lost.has(effect.seq)),",
      put: "list.filter((effect) => lost.size === 0),",
    },
    {
      what: "nobody knows that a failed barrier touched the file",
      file: "ledger.ts",
      in: "#lose(record",
      find: "this.touchedByDisk.add(record.ino);",
    },
    {
      what: "nobody knows that a bit flipped in the file",
      file: "ledger.ts",
      in: "#flip(ino",
      find: "this.touchedByDisk.add(ino);",
    },
    {
      what: "nobody knows that the disk lost or misplaced a write",
      file: "ledger.ts",
      find: "if (record.lost || record.strayTo !== undefined) this.touchedByDisk.add(record.ino);",
    },
    {
      what: "nobody knows that a stray write hit the file",
      file: "ledger.ts",
      find: "if (record.strayTo !== undefined) this.touchedByDisk.add(record.strayTo.ino);",
    },
    {
      what: "widened to its names, a file barrier settles those of every file",
      file: "ledger.ts",
      find: "effect.ino === record.ino && effect.seq < record.covers",
      put: "effect.seq < record.covers",
    },
    {
      what: "widened to its names, a file barrier settles none",
      file: "ledger.ts",
      find: "return [...own, ...names.filter((effect) => !own.includes(effect))];",
      put: "return own;",
    },
    {
      what: "a widened barrier covers what came after its issue",
      file: "ledger.ts",
      find: "effect.ino === record.ino && effect.seq < record.covers",
      put: "effect.ino === record.ino",
    },
    {
      what: "a barrier covers what came after its issue",
      file: "ledger.ts",
      find: "return list.filter((effect) => effect.seq < record.covers);",
      put: "return [...list];",
    },
    {
      what: "a file barrier settles names and a names barrier bytes",
      file: "ledger.ts",
      find: '(record.scope === "file" ? this.#files : this.#directories)',
      put: '(record.scope === "names" ? this.#files : this.#directories)',
    },
    {
      what: "a names barrier leaves what its renames need elsewhere",
      file: "ledger.ts",
      find: "if (prefixes && at < effects.length && !reachesOut(effect)) continue;",
      put: "if (prefixes) continue;",
    },
    {
      what: "settling one effect leaves what it needs",
      file: "ledger.ts",
      in: "#withCompanions(effects",
      find: "queue.push(other);",
    },
    { what: "effects are settled in any order", file: "ledger.ts", find: "settled.sort((a, b) => a.seq - b.seq);" },
    {
      what: "settled effects do not reach the durable state",
      file: "ledger.ts",
      find: "for (const effect of settled) applyEffect(this.state, effect, this.personality);",
    },
    { what: "settled effects stay pending", file: "ledger.ts", find: "this.#forget(settled, new Set(settled));" },
    {
      what: "settled bytes stay pending",
      file: "ledger.ts",
      find: "for (const ino of files) keep(this.#files, ino, settled);",
    },
    {
      what: "settled names stay pending",
      file: "ledger.ts",
      find: "for (const ino of directories) keep(this.#directories, ino, settled);",
    },
    {
      what: "companions: the needs of an effect are not looked for",
      file: "ledger.ts",
      find: "(other.seq < effect.seq && needs(this.personality, effect, other)) ||",
    },
    {
      what: "companions: an effect needs later ones",
      file: "ledger.ts",
      find: "(other.seq < effect.seq && needs(",
      put: "(needs(",
    },
    {
      what: "companions: half a rename is settled",
      file: "ledger.ts",
      find: '|| (this.personality.rename === "atomic" && isName(effect) && isName(other) && other.group === effect.group)',
    },
    {
      what: "companions: a split rename is settled whole",
      file: "ledger.ts",
      find: 'this.personality.rename === "atomic" && isName(effect)',
      put: "isName(effect)",
    },
    {
      what: "companions: what leaves its directory is thought to stay in it",
      file: "effect-rules.ts",
      find: 'effect.rename === "across" ||',
    },
    {
      what: "companions: what a directory that is removed needs elsewhere is not looked for",
      file: "effect-rules.ts",
      find: '(effect.inodeKind === "directory" && effect.kind === "unlink") ||',
    },
  ],
);
