import { closeOver, type Unit } from "./crash-units.js";
import { applyEffect } from "./effect-rules.js";
import type { DataEffect, Effect, LogRecord, SizeEffect } from "./effects.js";
import { FsError } from "./fs-error.js";
import { FsState, type Image } from "./fs-state.js";
import { pageBytes } from "./paged-content.js";
import type { SlabAllocator } from "./slab-allocator.js";
import { unwrittenUnder, type Personality, type Unwritten } from "./personality.js";

/** The present version of a {@link CrashChoice}. */
export const crashChoiceVersion = 1;
/** Bytes of garbage that one grown length shows at most; enough for a reader to trip over. */
const maxGarbageBytes = 1 << 16;

/** One legal outcome of a power loss, small enough to paste into a bug report. Plain JSON. */
export interface CrashChoice {
  /** Of this form of choice; {@link crashChoiceVersion}. */
  readonly version: 1;
  /** Name of the personality that allows it. */
  readonly personality: string;
  /** The power fails before the log record of this number. */
  readonly at: number;
  /** Pending effects that survive whole, by record number. */
  readonly apply: readonly number[];
  /** Writes that survive in part: record number to the pieces of their page that do. */
  readonly torn: Readonly<Record<string, readonly number[]>>;
  /** What space reads as that was never written: zeros, anything, or what a file held there before it was cut. */
  readonly unwritten: Unwritten;
}

/** A recorded run: the tree it started from, and everything that happened. Independent of any personality. */
export interface Trace {
  /** Counts as durable from the start. */
  readonly base: Image;
  /** Effects, barriers, marks and events, in order; a record's number is its place here. */
  readonly records: readonly LogRecord[];
}

/** The choice that keeps these units. */
export function choiceOf(
  personality: Personality,
  at: number,
  units: readonly Unit[],
  chosen: Iterable<number>,
  unwritten: Unwritten = "zeros",
): CrashChoice {
  const apply: number[] = [];
  const torn: Record<string, number[]> = {};
  for (const index of [...chosen].sort((a, b) => a - b)) {
    const unit = units[index];
    for (const effect of unit?.effects ?? []) {
      if (unit?.pieces === undefined) apply.push(effect.seq);
      else (torn[String(effect.seq)] ??= []).push(...unit.pieces);
    }
  }
  return { version: crashChoiceVersion, personality: personality.name, at, apply, torn, unwritten };
}

/** The tree after a crash: durable state, chosen units in log order, then what a mount does. */
export function buildImage(
  durable: Image,
  units: readonly Unit[],
  chosen: Pick<ReadonlySet<number>, "has">,
  personality: Personality,
  unwritten: Unwritten,
  slab: SlabAllocator,
): FsState {
  const state = new FsState(durable, slab);
  units.forEach((_, index) => {
    if (!chosen.has(index)) return;
    applyUnit(state, units, index, chosen, personality, unwritten);
  });
  for (const ino of [...state.loose.keys()]) state.trim(ino);
  state.dropUnreachable();
  return state;
}

/** Puts one unit that survives on a disk, behind those before it. */
export function applyUnit(
  state: FsState,
  units: readonly Unit[],
  index: number,
  chosen: Pick<ReadonlySet<number>, "has">,
  personality: Personality,
  unwritten: Unwritten,
): void {
  const keepsTail = personality.cutTail === "by-write" || unwritten === "old";
  const unit = units[index] as Unit; // the index of one of them
  for (const effect of unit.effects) {
    applyEffect(state, effect, personality, unit.pieces, keepsTail);
    if (effect.kind === "size" && effect.to > effect.from && unwritten === "garbage") {
      spillGarbage(state, effect);
      writeAgain(state, effect, units, chosen, index, personality);
    }
  }
}

/** Brings back the bytes of a file that survive in the range just grown and were in place before its length. */
function writeAgain(
  state: FsState,
  grown: SizeEffect,
  units: readonly Unit[],
  chosen: Pick<ReadonlySet<number>, "has">,
  before: number,
  personality: Personality,
): void {
  const cut = units.findLastIndex(
    (unit, index) => index < before && chosen.has(index) && unit.effects.some(isCut(grown)),
  );
  for (let index = cut + 1; index < before; index += 1) {
    for (const effect of chosen.has(index) ? (units[index]?.effects ?? []) : []) {
      const inRange = effect.kind === "data" && effect.ino === grown.ino && effect.strayTo === undefined;
      if (inRange && endOf(effect) > grown.from) applyEffect(state, effect, personality, units[index]?.pieces);
    }
  }
}

function isCut(grown: SizeEffect): (effect: Effect) => boolean {
  return (effect) => effect.kind === "size" && effect.ino === grown.ino && effect.to < effect.from;
}

function endOf(effect: DataEffect): number {
  return effect.page * pageBytes + effect.end;
}

/** Fills a freshly grown range with bytes nobody wrote. */
function spillGarbage(state: FsState, effect: SizeEffect): void {
  const end = Math.min(effect.to, effect.from + maxGarbageBytes);
  for (let at = effect.from; at < end;) {
    const page = Math.floor(at / pageBytes);
    const stop = Math.min(end, (page + 1) * pageBytes);
    state.writeRange(effect.ino, page, at - page * pageBytes, stop - page * pageBytes, garbage, at - page * pageBytes);
    at = stop;
  }
}

const garbage = Uint8Array.from({ length: pageBytes }, (_, index) => ((index * 167 + 89) % 251) + 4);

function refuse(why: string): never {
  throw new FsError("FS_BAD_IMAGE", `crash choice: ${why}`, { operation: "mount" });
}

/** Reads a choice that came from outside. Throws `FS_BAD_IMAGE`, or `FS_UNSUPPORTED_VERSION` naming the version. */
export function parseCrashChoice(text: string): CrashChoice {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("not JSON");
  }
  if (typeof value !== "object" || value === null || !("version" in value)) return refuse("no version");
  if (value.version !== crashChoiceVersion) {
    throw new FsError("FS_UNSUPPORTED_VERSION", `crash choice: version ${String(value.version)} is unknown`, {
      operation: "mount",
    });
  }
  const choice = value as CrashChoice; // every field is checked below before it is believed
  if (typeof choice.personality !== "string") return refuse("personality must be a string");
  if (!isCount(choice.at)) return refuse("at must be a record number");
  if (!Array.isArray(choice.apply) || !choice.apply.every(isCount)) return refuse("apply must list record numbers");
  if (typeof choice.torn !== "object" || choice.torn === null) return refuse("torn must be an object");
  for (const pieces of Object.values(choice.torn)) {
    if (!Array.isArray(pieces) || !pieces.every(isCount)) return refuse("torn must map records to piece numbers");
  }
  if (choice.unwritten !== "zeros" && choice.unwritten !== "garbage" && choice.unwritten !== "old") {
    return refuse("unwritten must be zeros, garbage or old");
  }
  return choice;
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Throws `FS_BAD_IMAGE` unless a choice may be carried out under this personality. */
export function checkChoiceFits(choice: CrashChoice, personality: Personality): void {
  if (unwrittenUnder(personality).includes(choice.unwritten)) return;
  const shown = choice.unwritten === "garbage" ? "garbage" : "old bytes";
  refuse(`${personality.name} never shows ${shown} in new space`);
}

/** Throws `FS_BAD_IMAGE` unless a choice is for this personality at this moment. */
export function checkChoiceIsFor(choice: CrashChoice, personality: Personality, at: number): void {
  checkChoiceFits(choice, personality);
  if (choice.personality === personality.name && choice.at === at) return;
  refuse(`is for ${choice.personality} at ${choice.at}, and this is ${personality.name} at ${at}`);
}

/** The units a choice keeps. Throws `FS_BAD_IMAGE` when the personality forbids it or a record is not pending. */
export function unitsOfChoice(choice: CrashChoice, units: readonly Unit[], pending: readonly Effect[]): Set<number> {
  const known = new Set(pending.map(({ seq }) => seq));
  for (const seq of [...choice.apply, ...Object.keys(choice.torn).map(Number)]) {
    if (!known.has(seq)) refuse(`record ${seq} is not pending at ${choice.at}`);
  }
  const apply = new Set(choice.apply);
  checkTorn(choice, units);
  const chosen = new Set<number>();
  units.forEach((unit, index) => {
    const kept = unit.effects.filter(({ seq }) => apply.has(seq)).length;
    if (kept > 0 && kept < unit.effects.length) refuse(`record ${unit.effects[0]?.seq} persists only with its group`);
    const torn = unit.pieces !== undefined && unit.effects.some(({ seq }) => tears(choice, seq, unit.pieces));
    if (kept > 0 || torn) chosen.add(index);
  });
  const closed = closeOver(units, chosen);
  if (closed.size > chosen.size) {
    const missing = [...closed].find((index) => !chosen.has(index));
    refuse(`record ${units[missing ?? 0]?.effects[0]?.seq} must persist before another one that is kept`);
  }
  return chosen;
}

/** Every piece a choice names must be one that the write can tear into. */
function checkTorn(choice: CrashChoice, units: readonly Unit[]): void {
  for (const [seq, pieces] of Object.entries(choice.torn)) {
    const own = units.filter(
      (unit) => unit.pieces !== undefined && unit.effects.some((effect) => effect.seq === Number(seq)),
    );
    const known = own.flatMap((unit) => unit.pieces ?? []);
    const wrong = pieces.find((piece) => !known.includes(piece));
    if (wrong !== undefined) refuse(`record ${seq} has no piece ${wrong} that could be torn off`);
  }
}

function tears(choice: CrashChoice, seq: number, pieces: readonly number[] | undefined): boolean {
  const kept = choice.torn[String(seq)];
  return kept !== undefined && (pieces ?? []).some((piece) => kept.includes(piece));
}
