import type { Unit } from "./crash-units.js";
import { isDirectoryMove } from "./effect-rules.js";
import { isName, type SizeEffect } from "./effects.js";

const none: readonly number[] = [];

/** The units of one moment by what they are about: a question about one page of a large file looks at that page alone. */
export class TouchIndex {
  /** Whether a directory moves in one of them. */
  readonly movesDirectory: boolean;
  readonly #names: number[] = [];
  readonly #sizes = new Map<number, { readonly unit: number; readonly effect: SizeEffect }[]>();
  readonly #pages = new Map<number, Map<number, number[]>>();

  constructor(units: readonly Unit[]) {
    let movesDirectory = false;
    units.forEach(({ effects }, unit) => {
      for (const effect of effects) {
        if (isName(effect)) {
          this.#names.push(unit);
          movesDirectory ||= isDirectoryMove(effect);
        } else if (effect.kind === "size") {
          entryOf(this.#sizes, effect.ino, () => []).push({ unit, effect });
        } else {
          const { ino, page } = effect.strayTo ?? effect;
          const pages = entryOf(this.#pages, ino, () => new Map<number, number[]>());
          entryOf(pages, page, () => []).push(unit);
        }
      }
    });
    this.movesDirectory = movesDirectory;
  }

  sizesOf(ino: number): readonly SizeEffect[] {
    return this.#sizes.get(ino)?.map(({ effect }) => effect) ?? [];
  }

  /** Units that change a name, a length of `ino`, or one of its pages from `first` to `last`; in order, each once. */
  about(ino: number, first: number, last: number): number[] {
    const pages = this.#pages.get(ino) ?? new Map<number, number[]>();
    const found = new Set([...this.#names, ...(this.#sizes.get(ino)?.map(({ unit }) => unit) ?? none)]);
    const add = (page: number): void => {
      for (const unit of pages.get(page) ?? none) found.add(unit);
    };
    if (last - first < pages.size) for (let page = first; page <= last; page += 1) add(page);
    else for (const page of pages.keys()) if (page >= first && page <= last) add(page);
    return [...found].sort((a, b) => a - b);
  }
}

function entryOf<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key) ?? make();
  map.set(key, known);
  return known;
}
