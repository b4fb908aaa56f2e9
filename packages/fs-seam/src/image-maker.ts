import { applyUnit, buildImage } from "./crash-choice.js";
import type { Chosen } from "./crash-strategy.js";
import type { Unit } from "./crash-units.js";
import { isName, type Effect } from "./effects.js";
import { FsState, type Image } from "./fs-state.js";
import type { PagedContent } from "./paged-content.js";
import type { Personality, Unwritten } from "./personality.js";
import type { SlabAllocator } from "./slab-allocator.js";

/** A sum of powers of two is exact for so many units of one file; a file of more is made afresh for each image. */
const maxKeyUnits = 52;
/** Contents of one file that are kept at most, before they are forgotten and collected anew: pages weigh 4 KiB. */
const maxKept = 1024;

/** The units that write to one file, and what the file holds after the subsets of them that came up. */
interface FileUnits {
  readonly ino: number;
  /** Indexes among all units, in order. */
  readonly units: number[];
  readonly contents: Map<number, PagedContent>;
}

/**
 * Makes the images of one crash point, as {@link buildImage} does. What a file holds depends on the units that write to it
 * and on nothing else, and most subsets have in common what they say of one file: so each content is made once, and the
 * images share its pages, with the hashes that the pages keep.
 */
export class ImageMaker {
  readonly #durable: Image;
  readonly #units: readonly Unit[];
  readonly #personality: Personality;
  readonly #unwritten: Unwritten;
  readonly #slab: SlabAllocator;
  /** Undefined where nothing could be shared. */
  readonly #files: readonly FileUnits[] | undefined;
  /** Indexes of the units that bind and remove names. */
  readonly #names: readonly number[];

  constructor(
    durable: Image,
    units: readonly Unit[],
    personality: Personality,
    unwritten: Unwritten,
    slab: SlabAllocator,
  ) {
    this.#durable = durable;
    this.#units = units;
    this.#personality = personality;
    this.#unwritten = unwritten;
    this.#slab = slab;
    const files = new Map<number, FileUnits>();
    const names: number[] = [];
    let isParted = true;
    units.forEach(({ effects }, index) => {
      const ino = fileOf(effects[0]);
      if (effects.some((effect) => fileOf(effect) !== ino)) isParted = false;
      const file = files.get(ino ?? 0);
      if (ino === undefined) names.push(index);
      else if (file === undefined) files.set(ino, { ino, units: [index], contents: new Map() });
      else file.units.push(index);
    });
    this.#names = names;
    this.#files = isParted && files.size + Math.min(names.length, 1) > 1 ? [...files.values()] : undefined;
  }

  /** The tree after a crash that these units survive. */
  make(chosen: Chosen): FsState {
    if (this.#files === undefined) {
      return buildImage(this.#durable, this.#units, chosen, this.#personality, this.#unwritten, this.#slab);
    }
    const state = new FsState(this.#durable, this.#slab);
    for (const file of this.#files) this.#putFile(state, file, chosen);
    for (const index of this.#names) if (chosen.has(index)) this.#apply(state, index, chosen);
    for (const ino of [...state.loose.keys()]) state.trim(ino);
    state.dropUnreachable();
    return state;
  }

  #apply(state: FsState, index: number, chosen: Chosen): void {
    applyUnit(state, this.#units, index, chosen, this.#personality, this.#unwritten);
  }

  #putFile(state: FsState, { ino, units, contents }: FileUnits, chosen: Chosen): void {
    let key = 0;
    let bit = 1;
    for (const index of units) {
      if (chosen.has(index)) key += bit;
      bit *= 2;
    }
    if (key === 0) return;
    const known = units.length <= maxKeyUnits ? contents.get(key) : undefined;
    if (known !== undefined) {
      if (state.inode(ino) === undefined) state.create("file", ino);
      state.adoptContent(ino, known);
      state.loose.delete(ino); // it was trimmed when it was made: once more would be a copy
      return;
    }
    for (const index of units) if (chosen.has(index)) this.#apply(state, index, chosen);
    if (state.loose.has(ino)) state.trim(ino);
    if (units.length > maxKeyUnits) return;
    if (contents.size >= maxKept) contents.clear();
    const { content } = state.inode(ino) ?? {};
    if (content !== undefined) contents.set(key, content); // nothing that is still to come for this image changes it
  }
}

/** The file that an effect writes to; undefined for a name. */
function fileOf(effect: Effect | undefined): number | undefined {
  if (effect === undefined || isName(effect)) return undefined;
  return (effect.kind === "data" ? effect.strayTo?.ino : undefined) ?? effect.ino;
}
