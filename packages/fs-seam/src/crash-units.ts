import { inOneGroup } from "./effect-rules.js";
import { isFreedPage, isName, type DataEffect, type Effect } from "./effects.js";
import { pageBytes } from "./paged-content.js";
import { UnitIndex } from "./unit-index.js";
import type { Personality } from "./personality.js";

/** The smallest thing that persists or not: an effect, a group of effects, or a piece of a write that tears. */
export interface Unit {
  /** What it consists of, in log order. */
  readonly effects: readonly Effect[];
  /** For a piece of a torn write: which units of `unitBytes` of the page, counted from its start. */
  readonly pieces: readonly number[] | undefined;
  /** Indexes of the earlier units this one needs. */
  readonly needs: readonly number[];
  /** When this enters the journal: as it happened, or later, with its bytes. Bytes never do. */
  readonly enters: "at-once" | "later" | "never";
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
  const add = (effects: readonly Effect[], pieces: readonly number[] | undefined, needs: readonly number[]): void => {
    const isBytes = effects.every((effect) => !index.isMetadata(effect));
    const enters = isBytes ? "never" : effects.some((effect) => index.entersAtOnce(effect)) ? "at-once" : "later";
    units.push({ effects, pieces, needs, enters });
  };
  for (let at = 0; at < pending.length; at += 1) {
    const effect = pending[at] as Effect; // below length
    if (effect.kind === "data" && !index.isMetadata(effect)) {
      const pieces = piecesOf(effect, index.unitBytes);
      for (const piece of pieces) {
        add([effect], pieces.length === 1 ? undefined : [piece], index.addPiece(effect, piece, units.length));
      }
      continue;
    }
    const group: Effect[] = [effect];
    // The steps of a rename follow each other in the log.
    while (at + 1 < pending.length && inOneGroup(personality, effect, pending[at + 1] as Effect)) {
      at += 1;
      group.push(pending[at] as Effect);
    }
    const removal = laggingRemoval(group);
    if (removal === undefined) {
      add(group, undefined, index.addMetadata(group, units.length));
    } else {
      const arrival = group.filter((step) => step !== removal);
      add(arrival, undefined, index.addMetadata(arrival, units.length));
      const last = units.length - 1;
      add([removal], undefined, [...index.addMetadata([removal], units.length), last]);
    }
  }
  return personality.tears.kind === "writes" ? withWholeWrites(units) : units;
}

/**
 * Of a move that may have come along with a barrier on something else, the step that removes the old name: the new name
 * may be there without it.
 */
function laggingRemoval(group: readonly Effect[]): Effect | undefined {
  if (group.length === 1) return undefined;
  return group.find((step) => isName(step) && step.unordered && step.kind === "unlink" && step.rename === "across");
}

/**
 * Joins the pages of one write, where one page follows the other and the first of them was written from its start: these
 * leave for the disk together.
 */
function withWholeWrites(units: readonly Unit[]): Unit[] {
  const joined: Unit[] = [];
  const places: number[] = [];
  for (const unit of units) {
    const needs = [...new Set(unit.needs.map((needed) => places[needed] as number))]; // needs point back
    const before = joined.at(-1);
    if (before !== undefined && continues(before.effects.at(-1), unit.effects[0])) {
      const own = joined.length - 1;
      const all = [...new Set([...before.needs, ...needs])];
      joined[own] = { ...before, effects: [...before.effects, ...unit.effects], needs: all.sort((a, b) => a - b) };
    } else {
      joined.push({ ...unit, needs: needs.sort((a, b) => a - b) });
    }
    places.push(joined.length - 1);
  }
  return joined;
}

function continues(before: Effect | undefined, next: Effect | undefined): boolean {
  if (before?.kind !== "data" || next?.kind !== "data" || before.ino !== next.ino) return false;
  const follows = next.seq === before.seq + 1 && next.page === before.page + 1 && next.start === 0;
  return follows && before.start === 0 && before.end === pageBytes && !isFreedPage(before) && !isFreedPage(next);
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
