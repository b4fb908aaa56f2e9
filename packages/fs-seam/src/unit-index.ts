import { isDirectoryMove } from "./effect-rules.js";
import { isName, type DataEffect, type Effect, type NameEffect, type SizeEffect } from "./effects.js";
import { pageBytes } from "./paged-content.js";
import type { Personality } from "./personality.js";

/**
 * Finds the direct needs of each unit while units are made in log order, without comparing all pairs: for every place
 * the last unit that changed it is remembered. The rules are those of `needs` in `effect-rules.ts`; a test compares
 * the two.
 */
export class UnitIndex {
  /** Size of the pieces data effects are cut into; a page when they are not cut. */
  readonly unitBytes: number;
  readonly #personality: Personality;
  readonly #pieces = new Map<number, Map<number, number>>();
  readonly #sizes = new Map<number, number>();
  readonly #cuts = new Map<number, { readonly unit: number; readonly to: number }[]>();
  readonly #bytes = new Map<number, { readonly unit: number; readonly start: number }[]>();
  readonly #names = new Map<string, number>();
  readonly #homes = new Map<number, { readonly unit: number; readonly directory: number }>();
  readonly #unlinks = new Map<number, number[]>();
  #lastMove: number | undefined = undefined;
  #lastMetadata: number | undefined = undefined;

  constructor(personality: Personality, unitBytes: number) {
    this.#personality = personality;
    this.unitBytes = unitBytes;
  }

  /** Records one piece of a write as unit number `unit`, and returns what it needs. */
  addPiece(effect: DataEffect, piece: number, unit: number): number[] {
    const needs = new Set<number>();
    const place = (effect.page * pageBytes) / this.unitBytes + piece;
    const places = entry(this.#pieces, effect.ino, () => new Map<number, number>());
    add(needs, places.get(place));
    places.set(place, unit);
    const { bytesNeedEarlierCut, lengthNeedsBytes } = this.#personality.edges;
    if (bytesNeedEarlierCut) {
      // Lengths persist in order, so the last cut that matters stands for the earlier ones.
      add(needs, this.#cuts.get(effect.ino)?.findLast(({ to }) => effect.page * pageBytes >= to)?.unit);
    }
    if (lengthNeedsBytes) {
      entry(this.#bytes, effect.ino, () => []).push({ unit, start: effect.page * pageBytes + effect.start });
    }
    return sorted(needs);
  }

  /** Records a length, a name or a whole rename as unit number `unit`, and returns what it needs. */
  addMetadata(group: readonly Effect[], unit: number): number[] {
    const needs = new Set<number>();
    if (this.#personality.edges.metadataOrder === "fifo") add(needs, this.#lastMetadata);
    this.#lastMetadata = unit;
    for (const effect of group) {
      if (effect.kind === "size") this.#needsOfSize(effect, needs);
      else if (isName(effect)) this.#needsOfName(effect, needs);
    }
    // Only now: the steps of one rename do not need each other.
    for (const effect of group) {
      if (effect.kind === "size") this.#addSize(effect, unit);
      else if (isName(effect)) this.#addName(effect, unit);
    }
    return sorted(needs);
  }

  #needsOfSize(effect: SizeEffect, needs: Set<number>): void {
    add(needs, this.#sizes.get(effect.ino));
    if (!this.#personality.edges.lengthNeedsBytes || effect.to <= effect.from) return;
    for (const { unit, start } of this.#bytes.get(effect.ino) ?? []) if (start < effect.to) needs.add(unit);
  }

  #addSize(effect: SizeEffect, unit: number): void {
    this.#sizes.set(effect.ino, unit);
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
