import { inOneGroup, needs } from "./effect-rules.js";
import type { DataEffect, Effect } from "./effects.js";
import type { Personality } from "./personality.js";

/** The smallest thing that persists or not: an effect, a group of effects, or a piece of a write that tears. */
export interface Unit {
  readonly effects: readonly Effect[];
  /** For a piece of a torn write: which units of `unitBytes` of the page, counted from its start. */
  readonly pieces: readonly number[] | undefined;
  /** Indexes of the earlier units this one needs. */
  readonly needs: readonly number[];
}

/**
 * Pending effects as units in log order. Every `needs` index is smaller than the unit's own, so walking forward and
 * taking a unit only when its needs are taken visits exactly the legal subsets.
 *
 * With `torn`, a data effect becomes one unit for every piece, and pieces at one place keep their order among
 * themselves; without, versions of one page persist in order as wholes.
 */
export function unitsOf(pending: readonly Effect[], personality: Personality, torn: boolean): Unit[] {
  const tear = torn && personality.tears.kind === "any-units";
  const units: { effects: Effect[]; pieces: readonly number[] | undefined; needs: number[] }[] = [];
  for (const effect of pending) {
    const last = units.at(-1);
    // The steps of a rename follow each other, so a group is always the unit just made.
    if (last !== undefined && last.effects.some((member) => inOneGroup(personality, member, effect))) {
      last.effects.push(effect);
      last.needs = needsOf(last.effects, undefined, units.slice(0, -1), personality);
      continue;
    }
    const pieces = tear && effect.kind === "data" ? piecesOf(effect, personality.tears.unitBytes) : undefined;
    if (pieces === undefined || pieces.length === 1) {
      units.push({ effects: [effect], pieces: undefined, needs: needsOf([effect], pieces, units, personality) });
      continue;
    }
    const before = units.slice();
    for (const piece of pieces) {
      units.push({ effects: [effect], pieces: [piece], needs: needsOf([effect], [piece], before, personality) });
    }
  }
  return units;
}

/** Which pieces of its page a write touches. */
export function piecesOf(effect: DataEffect, unitBytes: number): number[] {
  const pieces: number[] = [];
  for (let piece = Math.floor(effect.start / unitBytes); piece * unitBytes < effect.end; piece += 1) pieces.push(piece);
  return pieces;
}

function needsOf(
  effects: readonly Effect[],
  pieces: readonly number[] | undefined,
  before: readonly Unit[],
  personality: Personality,
): number[] {
  const found: number[] = [];
  before.forEach((unit, index) => {
    const needed = effects.some((later) =>
      unit.effects.some((earlier) => {
        if (!needs(personality, later, earlier)) return false;
        return later.kind !== "data" || earlier.kind !== "data" || touch(later, pieces, earlier, unit.pieces, personality);
      }),
    );
    if (needed) found.push(index);
  });
  return found;
}

/** Two writes to one page, at least one of them in pieces, only order the pieces they share. */
function touch(
  later: DataEffect,
  laterPieces: readonly number[] | undefined,
  earlier: DataEffect,
  earlierPieces: readonly number[] | undefined,
  personality: Personality,
): boolean {
  if (laterPieces === undefined && earlierPieces === undefined) return true;
  const { unitBytes } = personality.tears;
  const own = laterPieces ?? piecesOf(later, unitBytes);
  const theirs = earlierPieces ?? piecesOf(earlier, unitBytes);
  return own.some((piece) => theirs.includes(piece));
}

/** Adds everything a set of units needs. */
export function closeOver(units: readonly Unit[], chosen: ReadonlySet<number>): Set<number> {
  const closed = new Set(chosen);
  for (let index = units.length - 1; index >= 0; index -= 1) {
    if (closed.has(index)) for (const needed of units[index]?.needs ?? []) closed.add(needed);
  }
  return closed;
}

/** Removes everything that needs something outside the set. */
export function dropDependents(units: readonly Unit[], chosen: ReadonlySet<number>): Set<number> {
  const left = new Set<number>();
  units.forEach((unit, index) => {
    if (chosen.has(index) && unit.needs.every((needed) => left.has(needed))) left.add(index);
  });
  return left;
}
