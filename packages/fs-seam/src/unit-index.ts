import { isDirectoryMove, isGrown, liesIn } from "./effect-rules.js";
import { isFreedPage, isName, type DataEffect, type Effect, type NameEffect, type SizeEffect } from "./effects.js";
import { pageBytes } from "./paged-content.js";
import type { Personality } from "./personality.js";

/**
 * Finds the direct needs of each unit while units are made in log order, without comparing all pairs: for every place
 * the last unit that changed it is remembered. The rules that hold between two effects are those of `needs` in
 * `effect-rules.ts`, and a test compares the two; the order of the journal depends on all that is pending, and is here.
 */
export class UnitIndex {
  /** Size of the pieces data effects are cut into; a page when they are not cut. */
  readonly unitBytes: number;
  readonly #personality: Personality;
  readonly #journals: boolean;
  readonly #pieces = new Map<number, Map<number, number>>();
  /** The last unit that changed a length, the last one in which a call set it, and the last one in which a write did. */
  readonly #sizes = new Map<number, LastLengths>();
  readonly #cuts = new Map<number, { readonly unit: number; readonly to: number }[]>();
  readonly #bytes = new Map<number, { readonly unit: number; readonly effect: DataEffect }[]>();
  readonly #names = new Map<string, number>();
  readonly #homes = new Map<number, { readonly unit: number; readonly directory: number }>();
  readonly #unlinks = new Map<number, number[]>();
  #lastMove: number | undefined = undefined;
  /** The last unit that entered the journal when it happened. */
  #lastJournaled: number | undefined = undefined;

  constructor(personality: Personality, unitBytes: number) {
    this.#personality = personality;
    this.#journals = personality.edges.metadataOrder === "journal";
    this.unitBytes = unitBytes;
  }

  /** Whether an effect is metadata to this file system: it never tears, and has its place in the journal. */
  isMetadata(effect: Effect): boolean {
    return effect.kind !== "data" || (this.#journals && isFreedPage(effect));
  }

  /** Records one piece of a write as unit number `unit`, and returns what it needs. */
  addPiece(effect: DataEffect, piece: number, unit: number): number[] {
    const needs = new Set<number>();
    this.#needsOfPiece(effect, piece, unit, needs);
    if (this.#personality.edges.bytesNeedJournal) add(needs, this.#lastJournaled);
    return sorted(needs);
  }

  #needsOfPiece(effect: DataEffect, piece: number, unit: number, needs: Set<number>): void {
    const place = (effect.page * pageBytes) / this.unitBytes + piece;
    const places = entry(this.#pieces, effect.ino, () => new Map<number, number>());
    add(needs, places.get(place));
    places.set(place, unit);
    const { bytesNeedEarlierCut, lengthNeedsBytes, grownLength } = this.#personality.edges;
    if (bytesNeedEarlierCut) {
      // Lengths persist in order, so the last cut that matters stands for the earlier ones.
      add(needs, this.#cuts.get(effect.ino)?.findLast(({ to }) => effect.page * pageBytes >= to)?.unit);
    }
    if (lengthNeedsBytes || (this.#journals && grownLength === "past-tail-block")) {
      entry(this.#bytes, effect.ino, () => []).push({ unit, effect });
    }
  }

  /** Records a length, a freed page, a name or a whole rename as unit number `unit`, and returns what it needs. */
  addMetadata(group: readonly Effect[], unit: number): number[] {
    const needs = new Set<number>();
    if (this.#journals) {
      if (!group.every((effect) => isName(effect) && effect.unordered)) add(needs, this.#lastJournaled);
      if (group.some((effect) => this.entersAtOnce(effect))) this.#lastJournaled = unit;
    }
    for (const effect of group) {
      if (effect.kind === "size") this.#needsOfSize(effect, needs);
      else if (isName(effect)) this.#needsOfName(effect, needs);
      else for (let at = 0; at < pageBytes / this.unitBytes; at += 1) this.#needsOfPiece(effect, at, unit, needs);
    }
    // Only now: the steps of one rename do not need each other.
    for (const effect of group) {
      if (effect.kind === "size") this.#addSize(effect, unit);
      else if (isName(effect)) this.#addName(effect, unit);
    }
    return sorted(needs);
  }

  /** Whether metadata enters the journal as it happens. Asked for the newest effect, before it is recorded. */
  entersAtOnce(effect: Effect): boolean {
    if (effect.kind !== "size" || !isGrown(effect)) return true;
    const { grownLength } = this.#personality.edges;
    return grownLength === "at-write" || (grownLength === "past-tail-block" && this.#staysInTailBlock(effect));
  }

  /** Whether a file grows within its last page, and nothing says that this page may not be on the disk. */
  #staysInTailBlock({ ino, from, cause }: SizeEffect): boolean {
    if (cause !== "write-in-block") return false;
    const page = Math.floor(from / pageBytes);
    const pending = this.#bytes.get(ino) ?? [];
    return !pending.some(({ effect }) => effect.page === page && page * pageBytes + effect.start < from);
  }

  #needsOfSize(effect: SizeEffect, needs: Set<number>): void {
    const before = this.#sizes.get(effect.ino);
    if (this.#personality.edges.setLengthNeedsGrown) {
      add(needs, before?.last);
    } else {
      add(needs, before?.set);
      if (isGrown(effect)) add(needs, before?.grown);
    }
    if (!this.#personality.edges.lengthNeedsBytes || !isGrown(effect)) return;
    for (const { unit, effect: data } of this.#bytes.get(effect.ino) ?? []) if (liesIn(data, effect)) needs.add(unit);
  }

  #addSize(effect: SizeEffect, unit: number): void {
    const before = this.#sizes.get(effect.ino);
    const grown = isGrown(effect);
    this.#sizes.set(effect.ino, {
      last: unit,
      set: grown ? before?.set : unit,
      grown: grown ? unit : before?.grown,
    });
    if (effect.to < effect.from) entry(this.#cuts, effect.ino, () => []).push({ unit, to: effect.to });
  }

  #needsOfName(effect: NameEffect, needs: Set<number>): void {
    add(needs, this.#names.get(`${effect.directory}/${effect.name}`));
    if (this.#personality.edges.tree === "free") return;
    if (isDirectoryMove(effect)) add(needs, this.#lastMove);
    if (effect.rename === "across") this.#needsOfPlace(effect.directory, needs);
    const removesDirectory = effect.kind === "unlink" && effect.inodeKind === "directory" && effect.rename === "none";
    if (removesDirectory) for (const unit of this.#unlinks.get(effect.ino) ?? []) needs.add(unit);
  }

  /** The pending names of a directory and of all above it. */
  #needsOfPlace(directory: number, needs: Set<number>): void {
    for (let home = this.#homes.get(directory); home !== undefined && !needs.has(home.unit);) {
      needs.add(home.unit);
      home = this.#homes.get(home.directory);
    }
  }

  #addName(effect: NameEffect, unit: number): void {
    this.#names.set(`${effect.directory}/${effect.name}`, unit);
    if (isDirectoryMove(effect)) this.#lastMove = unit;
    if (effect.kind === "link" && effect.inodeKind === "directory") {
      this.#homes.set(effect.ino, { unit, directory: effect.directory });
    }
    if (effect.kind === "unlink") entry(this.#unlinks, effect.directory, () => []).push(unit);
  }
}

interface LastLengths {
  readonly last: number;
  readonly set: number | undefined;
  readonly grown: number | undefined;
}

function add(needs: Set<number>, unit: number | undefined): void {
  if (unit !== undefined) needs.add(unit);
}

function sorted(needs: ReadonlySet<number>): number[] {
  return needs.size < 2 ? [...needs] : [...needs].sort((a, b) => a - b);
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
