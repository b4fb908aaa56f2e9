import { isName, type DataEffect, type Effect, type NameEffect, type SizeEffect } from "./effects.js";
import type { FsState } from "./fs-state.js";
import { Page, pageBytes } from "./paged-content.js";
import type { Personality } from "./personality.js";

/** How one effect changes a tree, and which pending effects it needs: the two halves of every personality. */

/**
 * Applies one effect. `units` limits a data effect to some of its pieces, counted from the page start; `keepsTail` says
 * that a cut leaves the rest of its last page.
 */
export function applyEffect(
  state: FsState,
  effect: Effect,
  { tears, cutTail }: Personality,
  units?: readonly number[],
  keepsTail: boolean = cutTail === "by-write",
): void {
  switch (effect.kind) {
    case "data":
      applyData(state, effect, units, tears.unitBytes);
      return;
    case "size":
      ensureInode(state, effect.ino, "file");
      state.setSize(effect.ino, effect.to, keepsTail);
      return;
    case "link":
      ensureInode(state, effect.directory, "directory");
      ensureInode(state, effect.ino, effect.inodeKind);
      state.link(effect.directory, effect.name, effect.ino);
      return;
    case "unlink":
      ensureInode(state, effect.directory, "directory");
      state.unlink(effect.directory, effect.name);
      return;
  }
}

/** Bytes may settle before any name does, and entries before the name of their directory. */
function ensureInode(state: FsState, ino: number, kind: "file" | "directory"): void {
  if (state.inode(ino) === undefined) state.create(kind, ino);
}

function applyData(state: FsState, effect: DataEffect, units: readonly number[] | undefined, unitBytes: number): void {
  const ino = effect.strayTo?.ino ?? effect.ino;
  const page = effect.strayTo?.page ?? effect.page;
  const { start, end, bytes, shift } = effect;
  ensureInode(state, ino, "file");
  if (units === undefined) {
    if (bytes !== undefined && start === 0 && end === pageBytes) {
      state.sharePage(ino, page, new Page(undefined, bytes, shift, pageBytes, pageBytes));
    } else {
      state.writeRange(ino, page, start, end, bytes, shift);
    }
    return;
  }
  for (const unit of units) {
    const from = Math.max(start, unit * unitBytes);
    const to = Math.min(end, (unit + 1) * unitBytes);
    if (from < to) state.writeRange(ino, page, from, to, bytes, shift + from - start);
  }
}

/**
 * True when `later` may only persist after `earlier`, whatever the journal says; both are pending and in log order. See
 * also {@link homesOf}, and `unit-index.ts` for the order of the journal.
 */
export function needs(personality: Personality, later: Effect, earlier: Effect): boolean {
  const { edges } = personality;
  if (isName(later)) return isName(earlier) && nameNeeds(personality, later, earlier);
  if (isName(earlier) || later.ino !== earlier.ino) return false;
  if (later.kind === "size") {
    if (earlier.kind === "data") return edges.lengthNeedsBytes && isGrown(later) && liesIn(earlier, later);
    return edges.setLengthNeedsGrown || isGrown(later) || !isGrown(earlier);
  }
  if (earlier.kind === "data") return earlier.page === later.page;
  return edges.bytesNeedEarlierCut && earlier.to < earlier.from && later.page * pageBytes >= earlier.to;
}

function nameNeeds(personality: Personality, later: NameEffect, earlier: NameEffect): boolean {
  if (later.directory === earlier.directory && later.name === earlier.name) return true;
  if (personality.edges.tree === "free") return false;
  if (isDirectoryMove(later) && isDirectoryMove(earlier)) return true;
  const removesDirectory = later.kind === "unlink" && later.inodeKind === "directory" && later.rename === "none";
  return removesDirectory && earlier.kind === "unlink" && earlier.directory === later.ino;
}

/**
 * Pending names that the target of a move out of its directory stands on: the entry of that directory, of the directory
 * above it, and so on. Without them the move would take what it moves out of the tree.
 */
export function homesOf(personality: Personality, later: Effect, pending: readonly Effect[]): Effect[] {
  if (personality.edges.tree === "free" || !isName(later) || later.rename !== "across") return [];
  const homes: Effect[] = [];
  for (let directory: number | undefined = later.directory; directory !== undefined;) {
    const at: number = directory;
    const home: Effect | undefined = pending.findLast(
      (effect) => effect.kind === "link" && effect.ino === at && effect.seq < later.seq,
    );
    directory = home?.kind === "link" && !homes.includes(home) ? home.directory : undefined;
    if (home?.kind === "link" && directory !== undefined) homes.push(home);
  }
  return homes;
}

/** The pending creation of the directory that a name is in. */
export function birthOf(effect: Effect, names: readonly NameEffect[]): NameEffect | undefined {
  if (!isName(effect)) return undefined;
  return names.find(({ kind, ino, rename }) => kind === "link" && ino === effect.directory && rename === "none");
}

/** A step of a rename of a directory. */
export function isDirectoryMove(effect: NameEffect): boolean {
  return effect.inodeKind === "directory" && effect.rename !== "none";
}

/** Whether a write made the file longer. */
export function isGrown({ cause }: SizeEffect): boolean {
  return cause === "write" || cause === "write-in-block";
}

/** Whether bytes lie in the range by which a length grew. */
export function liesIn(data: DataEffect, size: SizeEffect): boolean {
  const start = data.page * pageBytes;
  return start + data.start < size.to && start + data.end > size.from;
}

/** True when both must persist together. */
export function inOneGroup(personality: Personality, a: Effect, b: Effect): boolean {
  return personality.rename === "atomic" && isName(a) && isName(b) && a.group === b.group;
}

/**
 * Bytes that settle while an earlier cut below them is pending would be taken away when that cut is applied after them,
 * so the cut settles with them. Only write-back of single effects comes here: a barrier settles a file's cuts anyway.
 */
export function cutBelow(effect: Effect, cut: Effect): boolean {
  if (effect.kind !== "data" || cut.kind !== "size" || cut.ino !== effect.ino) return false;
  return cut.seq < effect.seq && cut.to < cut.from && cut.to < effect.page * pageBytes + effect.end;
}

/** Whether a length was there before, and is on its way once more. */
export function isRestated({ cause }: SizeEffect): boolean {
  return cause === "close-after-cut" || cause === "rename-over";
}

/** Of one rename, the new name brings what it replaces, and the removal of the old name brings the new one. */
export function comesAlong(effect: Effect, other: Effect): boolean {
  if (!isName(effect) || !isName(other) || effect.group !== other.group) return false;
  const leaves = other.kind === "unlink" && other.rename === "across";
  return !leaves;
}

/** Whether a name stands on names in other directories. */
export function reachesOut(effect: Effect): boolean {
  if (!isName(effect)) return false;
  // A directory that is merely created stands on nothing; moving or removing one reaches into others.
  return (
    effect.rename === "across" ||
    (effect.inodeKind === "directory" && effect.kind === "unlink") ||
    isDirectoryMove(effect)
  );
}
