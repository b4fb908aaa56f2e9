import { inOneGroup } from "./effect-rules.js";
import type { DataEffect, Effect } from "./effects.js";
import { pageBytes } from "./paged-content.js";
import { UnitIndex } from "./unit-index.js";
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
 * taking a unit only when its needs are taken visits exactly the legal subsets. Needs of needs are left out.
 *
 * With `torn`, a data effect becomes one unit for every piece, and pieces at one place keep their order among
 * themselves; without, versions of one page persist in order as wholes.
 */
export function unitsOf(pending: readonly Effect[], personality: Personality, torn: boolean): Unit[] {
  const tear = torn && personality.tears.kind === "any-units";
  const index = new UnitIndex(personality, tear ? personality.tears.unitBytes : pageBytes);
  const units: Unit[] = [];
  for (let at = 0; at < pending.length; at += 1) {
    const effect = pending[at] as Effect; // below length
    if (effect.kind === "data") {
      const pieces = piecesOf(effect, index.unitBytes);
      for (const piece of pieces) {
        const own = pieces.length === 1 ? undefined : [piece];
        units.push({ effects: [effect], pieces: own, needs: index.addPiece(effect, piece, units.length) });
      }
      continue;
    }
    const group: Effect[] = [effect];
    // The steps of a rename follow each other in the log.
    while (at + 1 < pending.length && inOneGroup(personality, effect, pending[at + 1] as Effect)) {
      at += 1;
      group.push(pending[at] as Effect);
    }
    units.push({ effects: group, pieces: undefined, needs: index.addMetadata(group, units.length) });
  }
  return units;
}

/** Which pieces of its page a write touches. */
function piecesOf(effect: DataEffect, unitBytes: number): number[] {
  const pieces: number[] = [];
  for (let piece = Math.floor(effect.start / unitBytes); piece * unitBytes < effect.end; piece += 1) pieces.push(piece);
  return pieces;
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
