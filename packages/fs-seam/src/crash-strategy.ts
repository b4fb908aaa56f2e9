import { closeOver, dropDependents, type Unit } from "./crash-units.js";
import { Prng, streamSeed } from "./prng.js";

/**
 * Which legal subsets to look at, one generator for each rung of the exploration ladder. Every yielded set is legal:
 * closed under `needs`. The caller removes duplicates by the images they make.
 */
export type CrashLevel = 0 | 1 | 2 | 3 | 4;

/** Level 0: nothing pending survives, or everything. */
export function* extremes(units: readonly Unit[]): Generator<ReadonlySet<number>> {
  yield new Set();
  yield allOf(units);
}

/** Level 1: the first k units, for every k. */
export function* prefixes(units: readonly Unit[]): Generator<ReadonlySet<number>> {
  for (let count = 1; count < units.length; count += 1) yield firstOf(count);
}

/** Level 2: every prefix without one unit and what needs it; every unit alone with what it needs. */
export function* singles(units: readonly Unit[]): Generator<ReadonlySet<number>> {
  for (let only = 0; only < units.length; only += 1) yield closeOver(units, new Set([only]));
  for (let count = units.length; count > 1; count -= 1) {
    for (let without = count - 2; without >= 0; without -= 1) yield dropFrom(units, firstOf(count), [without]);
  }
}

/**
 * Level 3, over units whose writes come in pieces: of each write only the first piece, only the last, all but the
 * middle one, and none, each with only what came before, and with all the rest as well.
 */
export function* tears(units: readonly Unit[]): Generator<ReadonlySet<number>> {
  const writes = new Map<number, number[]>();
  units.forEach((unit, index) => {
    const effect = unit.effects[0];
    if (effect?.kind === "data") writes.set(effect.seq, [...(writes.get(effect.seq) ?? []), index]);
  });
  for (const pieces of writes.values()) {
    const middle = Math.floor(pieces.length / 2);
    const cuts = pieces.length === 1 ? [pieces] : [pieces.slice(1), pieces.slice(0, -1), [pieces[middle] ?? 0], pieces];
    const before = firstOf((pieces.at(-1) ?? 0) + 1);
    for (const cut of cuts) {
      yield dropFrom(units, before, cut);
      yield dropFrom(units, allOf(units), cut);
    }
  }
}

/** Level 4: at most two units kept, or at most two dropped. */
export function* pairs(units: readonly Unit[]): Generator<ReadonlySet<number>> {
  const all = allOf(units);
  for (let a = 0; a < units.length; a += 1) {
    for (let b = a + 1; b < units.length; b += 1) {
      yield closeOver(units, new Set([a, b]));
      yield dropFrom(units, all, [a, b]);
    }
  }
}

/** Every legal subset, each once. Walks forward, so there are no dead ends: a million a second. */
export class Ideals implements Iterable<Chosen> {
  readonly #units: readonly Unit[];

  constructor(units: readonly Unit[]) {
    this.#units = units;
  }

  [Symbol.iterator](): Generator<Chosen> {
    return this.where(() => true);
  }

  /** Those that `isWanted`. It is lent each subset: most are looked at once, and only the wanted ones are copied. */
  *where(isWanted: (subset: Chosen) => boolean): Generator<Chosen> {
    const walk = new IdealWalk(this.#units);
    const lent = new TakenUnits(walk.taken);
    for (let more = true; more; more = walk.next()) if (isWanted(lent)) yield walk.chosen();
  }
}

/** A subset, as far as anybody looks at it. */
export type Chosen = Pick<ReadonlySet<number>, "has"> & Iterable<number>;

/** A subset in one byte a unit. */
class TakenUnits implements Chosen {
  readonly #taken: Uint8Array;

  constructor(taken: Uint8Array) {
    this.#taken = taken;
  }

  has(unit: number): boolean {
    return this.#taken[unit] === 1;
  }

  *[Symbol.iterator](): Generator<number> {
    for (let unit = 0; unit < this.#taken.length; unit += 1) if (this.#taken[unit] === 1) yield unit;
  }
}

/**
 * The enumeration itself, without a set for each step: `taken[i]` says whether unit i is in the present subset. Counts
 * in binary with the last unit as the lowest digit; a unit whose needs are not taken stays out.
 */
export class IdealWalk {
  /** One byte a unit: 1 where the present subset has it. Lent until the next step. */
  readonly taken: Uint8Array;
  readonly #needs: readonly (readonly number[])[];

  constructor(units: readonly Unit[]) {
    this.taken = new Uint8Array(units.length);
    this.#needs = units.map((unit) => unit.needs);
  }

  /** Moves to the next legal subset; false when all have been seen. */
  next(): boolean {
    const { taken } = this;
    for (let index = taken.length - 1; index >= 0; index -= 1) {
      if (taken[index] === 0 && this.#allowed(index)) {
        taken[index] = 1;
        return true;
      }
      taken[index] = 0;
    }
    return false;
  }

  #allowed(index: number): boolean {
    for (const needed of this.#needs[index] ?? []) if (this.taken[needed] === 0) return false;
    return true;
  }

  /** The present subset; later steps do not change it. */
  chosen(): Chosen {
    return new TakenUnits(this.taken.slice());
  }
}

/** Number of legal subsets, or `limit` when there are at least that many. */
export function countIdeals(units: readonly Unit[], limit: number): number {
  const walk = new IdealWalk(units);
  let count = 1;
  while (count < limit && walk.next()) count += 1;
  return count;
}

/** Seeded random legal subsets: each unit by a coin, then what cannot stay is dropped. */
export function* samples(units: readonly Unit[], seed: number, count: number): Generator<ReadonlySet<number>> {
  const prng = new Prng(streamSeed(seed, "crashChoice"));
  for (let made = 0; made < count; made += 1) {
    // A bias of its own for each sample reaches both the nearly empty and the nearly full sets.
    const keep = prng.below(101);
    const chosen = new Set<number>();
    for (let index = 0; index < units.length; index += 1) if (prng.below(100) < keep) chosen.add(index);
    yield dropDependents(units, chosen);
  }
}

function firstOf(count: number): Set<number> {
  return new Set(Array.from({ length: count }, (_, index) => index));
}

function allOf(units: readonly Unit[]): Set<number> {
  return firstOf(units.length);
}

function dropFrom(units: readonly Unit[], from: ReadonlySet<number>, dropped: readonly number[]): Set<number> {
  const left = new Set(from);
  for (const index of dropped) left.delete(index);
  return dropDependents(units, left);
}
