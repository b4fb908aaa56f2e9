import { crashPoints } from "./crash-images.js";
import type { Trace } from "./crash-choice.js";
import { unitsOf, type Unit } from "./crash-units.js";
import { isEffect, isName, type DataEffect, type LogRecord, type NameEffect } from "./effects.js";
import type { Image } from "./fs-state.js";
import type { Question } from "./observation.js";
import { pageBytes } from "./paged-content.js";
import type { SlabAllocator } from "./slab-allocator.js";
import type { Personality } from "./personality.js";
import { TouchIndex } from "./touch-index.js";

/** One run that a power loss may end: its records, and the moments of it. */
export interface UndecidedLayer {
  /** What a power loss may leave. */
  readonly personality: Personality;
  /** The log of the run. */
  readonly records: readonly LogRecord[];
  /** Where the power may fail, in order. */
  readonly moments: readonly Moment[];
  /** Files that a program makes after this run get numbers from here on. */
  readonly nextIno: number;
}

/** A moment at which the power may fail, with the units that may or may not survive. */
export interface Moment {
  /** The power fails before the record of this number. */
  readonly at: number;
  /** What is pending then, in log order. */
  readonly units: readonly Unit[];
  /** For every unit: later units that need it directly. */
  readonly dependents: readonly (readonly number[])[];
  /** The same units by what they are about. */
  readonly index: TouchIndex;
  /** What survives for certain, when the run began from the trace's own base. */
  readonly durable: Image;
  /** How many effects came before this moment; fewer units than that means some are settled. */
  readonly effects: number;
}

/** The moments of a run for which `wanted` says yes. */
export function layerOf(
  trace: Trace,
  personality: Personality,
  slab: SlabAllocator,
  wanted: (at: number) => boolean = () => true,
): UndecidedLayer {
  const moments: Moment[] = [];
  let effects = 0;
  let counted = 0;
  for (const { at, pending, durable } of crashPoints(trace, personality, slab)) {
    for (; counted < at; counted += 1) if (isEffect(trace.records[counted] as LogRecord)) effects += 1;
    if (!wanted(at)) continue;
    const units = unitsOf(pending, personality, true);
    moments.push({ at, units, dependents: dependentsOf(units), index: new TouchIndex(units), durable, effects });
  }
  let nextIno = trace.base.nextIno;
  for (const record of trace.records) if (isEffect(record)) nextIno = Math.max(nextIno, record.ino + 1);
  return { personality, records: trace.records, moments, nextIno };
}

function dependentsOf(units: readonly Unit[]): number[][] {
  const dependents: number[][] = units.map(() => []);
  units.forEach(({ needs }, index) => {
    for (const needed of needs) dependents[needed]?.push(index);
  });
  return dependents;
}

/**
 * Which units of a moment may change the answer to a question about the inode `ino`. Takes one too many when in doubt.
 *
 * Lengths are judged together: where a later one may survive without an earlier one, each may be the one that counts.
 */
export function touching(moment: Moment, question: Question, ino: number, personality: Personality): number[] {
  const { index } = moment;
  const movesApart = movesComeApart(personality) && index.movesDirectory;
  const sizes = index.sizesOf(ino).flatMap(({ from, to }) => [from, to]);
  const lengthMatters = lengthTouches([moment.durable.inode(ino)?.content?.size ?? 0, ...sizes], question);
  const [first, last] = pagesOf(question);
  return index.about(ino, first, last).filter((place) => {
    const unit = moment.units[place] as Unit; // the index is of these units
    return unit.effects.some((effect) => {
      if (effect.kind === "size") return effect.ino === ino && lengthMatters;
      if (isName(effect)) return (movesApart && effect.inodeKind === "directory") || nameTouches(effect, question, ino);
      return dataTouches(effect, unit.pieces, question, ino, personality);
    });
  });
}

/** First and last page that a question may be about. */
function pagesOf(question: Question): readonly [number, number] {
  switch (question.kind) {
    case "bytes":
      return [Math.floor(question.from / pageBytes), Math.floor(question.to / pageBytes)];
    case "page":
      return [question.page, question.page];
    default:
      return [0, Number.POSITIVE_INFINITY];
  }
}

/**
 * Whether a directory may end up with two names. A mount keeps one of them, the one nearest to the root, and which one that
 * is depends on every directory there is.
 */
function movesComeApart({ rename, edges, closures }: Personality): boolean {
  return rename !== "atomic" || edges.tree !== "ordered" || closures.reach === "tree-log";
}

function nameTouches(effect: NameEffect, question: Question, ino: number): boolean {
  switch (question.kind) {
    case "name":
      return effect.directory === ino && effect.name === question.name;
    case "next":
      return effect.directory === ino && effect.name > question.after;
    case "links": // names in directories that are themselves out of reach do not count
      return effect.ino === ino || effect.inodeKind === "directory";
    default:
      return false;
  }
}

/** Which length it is shows, unless all that it can be stay behind what is asked for. */
function lengthTouches(lengths: readonly number[], question: Question): boolean {
  switch (question.kind) {
    case "length":
      return lengths.some((length) => length < question.upTo);
    case "bytes":
      return lengths.some((length) => length < question.to);
    case "page":
    case "pages":
    case "stored":
      return true;
    default:
      return false;
  }
}

function dataTouches(
  effect: DataEffect,
  pieces: readonly number[] | undefined,
  question: Question,
  ino: number,
  personality: Personality,
): boolean {
  const place = effect.strayTo ?? effect;
  if (place.ino !== ino) return false;
  switch (question.kind) {
    case "bytes":
      return overlaps(question.from, question.to, rangeOf(effect.start, effect.end, place.page, pieces, personality));
    case "page":
      return place.page === question.page;
    case "pages":
    case "stored":
      return true;
    default:
      return false;
  }
}

function rangeOf(
  start: number,
  end: number,
  page: number,
  pieces: readonly number[] | undefined,
  personality: Personality,
): readonly [number, number] {
  const { unitBytes } = personality.tears;
  const from = pieces === undefined ? start : Math.max(start, Math.min(...pieces) * unitBytes);
  const to = pieces === undefined ? end : Math.min(end, (Math.max(...pieces) + 1) * unitBytes);
  return [page * pageBytes + from, page * pageBytes + to];
}

function overlaps(from: number, to: number, [start, end]: readonly [number, number]): boolean {
  return start < to && from < end;
}
