import fc from "fast-check";
import { expect, test } from "vitest";
import { closeOver, unitsOf } from "../src/crash-units.js";
import { homesOf, needs } from "../src/effect-rules.js";
import { CrashFs } from "../src/crash-fs.js";
import { crashImages } from "../src/crash-images.js";
import { EffectLog } from "../src/effect-log.js";
import { isEffect, isName, type BarrierRecord, type Effect } from "../src/effects.js";
import { emptyImage } from "../src/fs-state.js";
import { listImage } from "../src/image-file.js";
import { Ledger } from "../src/ledger.js";
import { MemoryFs } from "../src/memory-fs.js";
import { posix, type Personality } from "../src/personality.js";

// Goal: every rule between two effects holds in the three places that know it: `needs`, which is the rule; the units of the
// enumeration; and the ledger, when a barrier settles. Method: personalities drawn field by field, not only those that
// ship, and logs written directly, so dense that every rule is met in nearly every run; the closure of `needs` over all
// pairs says what must come together, and the other two must agree.

const personality: fc.Arbitrary<Personality> = fc
  .record({
    bytesNeedEarlierCut: fc.boolean(),
    lengthNeedsBytes: fc.boolean(),
    setLengthNeedsGrown: fc.boolean(),
    tree: fc.constantFrom("free" as const, "ordered" as const),
    rename: fc.constantFrom("atomic" as const, "split" as const),
    fileSync: fc.constantFrom("bytes" as const, "own-names" as const),
    namesSync: fc.constantFrom("entries" as const, "own-names" as const),
    unitBytes: fc.constantFrom(512 as const, 4096 as const),
    tears: fc.constantFrom("whole" as const, "any-units" as const),
  })
  .map(({ rename, fileSync, namesSync, unitBytes, tears, ...edges }) => ({
    ...posix,
    name: "drawn",
    edges: { ...posix.edges, ...edges },
    rename,
    closures: { ...posix.closures, fileSync, namesSync },
    tears: { unitBytes, kind: tears },
  }));

const file = fc.constantFrom(11, 12);
const subdirectory = fc.constantFrom(21, 22);
const parent = fc.oneof(fc.constant(1), subdirectory);
const name = fc.constantFrom("a", "b");
const place = fc.record({ directory: parent, name });
const child = fc.oneof(
  file.map((ino) => ({ ino, kind: "file" as const })),
  subdirectory.map((ino) => ({ ino, kind: "directory" as const })),
);

interface Place {
  readonly directory: number;
  readonly name: string;
}

/** A log under construction. Files may have any names; a directory has one at a time, as on every file system. */
class Scribe {
  readonly log: EffectLog = new EffectLog(false);
  readonly #homes = new Map<number, Place | "removed">();

  link(at: Place, ino: number, kind: "file" | "directory"): void {
    const home = this.#homes.get(ino);
    if (kind === "directory" && home !== undefined) return this.rename(at, at, ino, kind, false);
    if (kind === "directory") this.#homes.set(ino, at);
    this.log.name("link", at.directory, at.name, ino, kind);
  }

  unlink(at: Place, ino: number, kind: "file" | "directory"): void {
    const home = this.#homes.get(ino);
    if (kind === "directory" && (home === undefined || home === "removed")) return;
    if (kind === "directory") this.#homes.set(ino, "removed");
    const { directory, name: own } = typeof home === "object" ? home : at;
    this.log.name("unlink", directory, own, ino, kind);
  }

  rename(from: Place, to: Place, ino: number, kind: "file" | "directory", replaces: boolean): void {
    const home = kind === "directory" ? this.#homes.get(ino) : from;
    if (home === "removed") return;
    if (home === undefined) return this.link(to, ino, kind);
    if (kind === "directory") this.#homes.set(ino, to);
    const group = this.log.records.length;
    const rename = home.directory === to.directory ? "within" : "across";
    if (replaces) this.log.name("unlink", to.directory, to.name, 13, "file", rename, group);
    this.log.name("unlink", home.directory, home.name, ino, kind, rename, group);
    this.log.name("link", to.directory, to.name, ino, kind, rename, group);
  }
}

type Step = (scribe: Scribe) => void;
const length = fc.constantFrom(0, 600, 4096, 5000);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .record({ ino: file, page: fc.constantFrom(0, 1), start: fc.constantFrom(0, 600), end: fc.constantFrom(700, 4096) })
    .map(
      ({ ino, page, start, end }): Step =>
        ({ log }) =>
          void log.data(ino, page, start, end, undefined, 0),
    ),
  fc.record({ ino: file, from: length, to: length, cause: fc.constantFrom("write" as const, "set" as const) }).map(
    ({ ino, from, to, cause }): Step =>
      ({ log }) =>
        log.size(ino, from, to, to < from ? "set" : cause), // no write makes a file shorter
  ),
  fc.record({ kind: fc.constantFrom("link" as const, "unlink" as const), at: place, named: child }).map(
    ({ kind, at, named }): Step =>
      (scribe) =>
        scribe[kind](at, named.ino, named.kind),
  ),
  fc.record({ from: place, to: place, moved: child, replaces: fc.boolean() }).map(
    ({ from, to, moved, replaces }): Step =>
      (scribe) =>
        scribe.rename(from, to, moved.ino, moved.kind, replaces),
  ),
);

function play(scribe: Scribe, steps: readonly Step[]): EffectLog {
  for (const one of steps) one(scribe);
  return scribe.log;
}

function logOf(steps: readonly Step[]): EffectLog {
  return play(new Scribe(), steps);
}

/** What must be there when `chosen` is: all that it needs, and the rest of its renames, by the rule for pairs. */
function closureOf(
  law: Personality,
  pending: readonly Effect[],
  chosen: readonly Effect[],
  also: (later: Effect, other: Effect) => boolean = () => false,
): Set<Effect> {
  const closed = new Set(chosen);
  for (const later of closed) {
    for (const other of pending) {
      const together = law.rename === "atomic" && isName(later) && isName(other) && later.group === other.group;
      const needed =
        other.seq < later.seq && (needs(law, later, other) || homesOf(law, later, pending).includes(other));
      if (together || needed || also(later, other)) closed.add(other);
    }
  }
  return closed;
}

const seqs = (effects: Iterable<Effect>): number[] => [...effects].map(({ seq }) => seq).sort((a, b) => a - b);
const runs = Number(process.env["FC_NUM_RUNS"] ?? 600);
const options = {
  numRuns: runs,
  ...(process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) }),
};

test("units of whole effects need what the rule for pairs says", () => {
  fc.assert(
    fc.property(personality, fc.array(step, { minLength: 2, maxLength: 7 }), (law, steps) => {
      const pending = logOf(steps).records.filter(isEffect);
      const units = unitsOf(pending, law, false);
      expect(seqs(units.flatMap(({ effects }) => effects))).toEqual(seqs(pending));
      units.forEach((unit, index) => {
        const closed = [...closeOver(units, new Set([index]))].flatMap((one) => units[one]?.effects ?? []);
        expect(seqs(closed)).toEqual(seqs(closureOf(law, pending, unit.effects)));
      });
    }),
    options,
  );
});

test("torn writes are ordered piece by piece, and whole ones never tear", () => {
  fc.assert(
    fc.property(personality, fc.array(step, { minLength: 2, maxLength: 7 }), (law, steps) => {
      const pending = logOf(steps).records.filter(isEffect);
      const units = unitsOf(pending, law, true);
      const tears = law.tears.kind === "any-units" && law.tears.unitBytes === 512;
      units.forEach((unit, index) => {
        const [effect] = unit.effects;
        if (effect?.kind !== "data") return;
        expect(unit.pieces === undefined).toBe(!tears || effect.end - effect.start < 512);
        const earlier = [...closeOver(units, new Set([index]))].filter((one) => one !== index);
        const versions = earlier.filter((one) => {
          const [other] = units[one]?.effects ?? [];
          return other?.kind === "data" && other.ino === effect.ino;
        });
        const samePlace = versions.every((one) => {
          const other = units[one]?.effects[0];
          if (other?.kind !== "data" || other.page !== effect.page) return false;
          return !tears || (units[one]?.pieces ?? [Math.floor(other.start / 512)])[0] === (unit.pieces ?? [1])[0];
        });
        // A cut that this write needs brings bytes of other places along where lengths need bytes.
        if (!law.edges.lengthNeedsBytes) expect(samePlace).toBe(true);
      });
    }),
    options,
  );
});

const barrier = fc.record({
  scope: fc.constantFrom("file" as const, "names" as const),
  ino: fc.oneof(file, parent),
  spared: fc.nat(3),
});
const programs = fc.array(step, { minLength: 2, maxLength: 9 });

/** Compares the ledger with the closure behind one barrier. `spared` leaves programs out. */
function barrierProperty(spares: (covered: ReadonlySet<Effect>, settled: ReadonlySet<Effect>) => boolean) {
  return fc.property(personality, programs, barrier, programs, (law, before, { scope, ino, spared }, after) => {
    const scribe = new Scribe();
    const log = play(scribe, before);
    let covers = Math.max(0, log.records.length - spared);
    while (isInsideRename(log, covers)) covers -= 1; // one call is one moment
    const record = {
      scope,
      ino,
      rung: "full",
      covers,
      outcome: "done",
      lost: [],
      aftermath: undefined,
      call: undefined,
    } as const;
    const pending = log.records.filter(isEffect);
    log.barrier(record);
    play(scribe, after);
    const covered = pending.filter((effect) => isCovered(law, record, effect));
    const settled = closureOf(law, pending, covered);
    fc.pre(!spares(new Set(covered), settled));
    const ledger = new Ledger(law, emptyImage(), log.records);
    ledger.advance();
    const left = log.records.filter(isEffect).filter((effect) => !settled.has(effect));
    expect(seqs(ledger.pending())).toEqual(seqs(left));
  });
}

test("a barrier settles what it covers, with all that needs, and nothing else", () => {
  fc.assert(
    barrierProperty(() => false),
    { ...options, numRuns: runs * 2 },
  );
});

test("posix: no rename is settled by half", () => {
  const base = new MemoryFs();
  for (const path of ["/d", "/e"]) base.makeDirectory(path);
  base.open("/e/x", { mode: "write", create: "exclusive" }).close();
  const fs = new CrashFs({ image: base.snapshot() });
  fs.rename("/e/x", "/e/y");
  fs.rename("/e/y", "/d/y");
  fs.syncNamesBlocking("/d");
  expect(listImage(fs.durableImage()).map(({ path }) => path)).toEqual(["d", "d/y", "e"]);
});

/** Paths of every tree that a power loss now may leave. */
function trees(fs: CrashFs): Set<string> {
  const images = [...crashImages(fs.trace(), { at: fs.trace().records.length })];
  return new Set(
    images.map(({ image }) =>
      listImage(image)
        .map(({ path }) => path)
        .join(" "),
    ),
  );
}

function mounted(...directories: readonly string[]): CrashFs {
  const base = new MemoryFs();
  for (const path of directories) base.makeDirectory(path);
  for (const path of ["/a", "/b"]) base.open(path, { mode: "write", create: "exclusive" }).close();
  return new CrashFs({ image: base.snapshot() });
}

test("posix: renames of files are in no order", () => {
  const fs = mounted();
  fs.rename("/a", "/c");
  fs.rename("/b", "/d");
  expect(trees(fs)).toEqual(new Set(["a b", "b c", "a d", "c d"]));
});

test("posix: a move into a new directory brings all the names above it along", () => {
  const fs = mounted();
  fs.makeDirectory("/p");
  fs.makeDirectory("/p/q");
  fs.rename("/a", "/p/q/a");
  expect(trees(fs)).toEqual(new Set(["a b", "a b p", "a b p p/q", "b p p/q p/q/a"]));
  fs.syncNamesBlocking("/p/q");
  expect(trees(fs)).toEqual(new Set(["b p p/q p/q/a"]));
});

test("posix: a directory goes after what it held", () => {
  const fs = mounted("/d", "/d/e");
  fs.removeDirectory("/d/e");
  fs.removeDirectory("/d");
  expect(trees(fs)).toEqual(new Set(["a b d d/e", "a b d", "a b"]));
  fs.syncNamesBlocking("/");
  expect(trees(fs)).toEqual(new Set(["a b"]));
  expect(fs.pending()).toEqual([]);
});

function isInsideRename(log: EffectLog, at: number): boolean {
  const next = log.records[at];
  return next !== undefined && "group" in next && next.group < at;
}

/** The closures of a personality, written out as sentences. */
function isCovered(
  law: Personality,
  { scope, ino, covers }: Omit<BarrierRecord, "seq" | "kind">,
  effect: Effect,
): boolean {
  if (effect.seq >= covers) return false;
  const widens = scope === "file" ? law.closures.fileSync : law.closures.namesSync;
  // The names of the file, wherever they are.
  if (widens === "own-names" && isName(effect) && effect.ino === ino) return true;
  // Its own: the bytes and lengths of a file, the entries of a directory.
  return isName(effect) ? scope === "names" && effect.directory === ino : scope === "file" && effect.ino === ino;
}

/** A durable length makes older lengths of the file history, and older bytes behind a cut. */
function isOvertaken(effect: Effect, settled: ReadonlySet<Effect>): boolean {
  return [...settled].some((done) => {
    if (done.kind !== "size" || isName(effect) || effect.ino !== done.ino || effect.seq > done.seq) return false;
    return effect.kind === "size" || (done.to < done.from && effect.page * 4096 + effect.start >= done.to);
  });
}

test("write-back settles one effect with all it needs, and nothing else", () => {
  fc.assert(
    fc.property(personality, fc.array(step, { minLength: 2, maxLength: 9 }), fc.nat(20), (law, steps, pick) => {
      const log = logOf(steps);
      const pending = log.records.filter(isEffect);
      fc.pre(pending.length > 0);
      const chosen = pending.slice(pick % pending.length, (pick % pending.length) + 1);
      log.push({ kind: "writeback", seq: log.records.length, effects: seqs(chosen) });
      const ledger = new Ledger(law, emptyImage(), log.records);
      ledger.advance();
      const settled = closureOf(law, pending, chosen, cutsBelow);
      const left = pending.filter((effect) => !settled.has(effect) && !isOvertaken(effect, settled));
      expect(seqs(ledger.pending())).toEqual(seqs(left));
    }),
    options,
  );
});

/** A pending cut below bytes that settle would take them away when it is applied after them, so it settles with them. */
function cutsBelow(bytes: Effect, cut: Effect): boolean {
  if (bytes.kind !== "data" || cut.kind !== "size" || cut.ino !== bytes.ino || cut.seq > bytes.seq) return false;
  return cut.to < cut.from && cut.to < bytes.page * 4096 + bytes.end;
}
