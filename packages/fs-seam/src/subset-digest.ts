import type { Chosen } from "./crash-strategy.js";
import type { Unit } from "./crash-units.js";
import { isName } from "./effects.js";
import { pageBytes } from "./paged-content.js";
import type { Image } from "./fs-state.js";
import type { Personality } from "./personality.js";

/** Bits that a sum of powers of two holds exactly. */
const exactBits = 52;

/** What one unit does to one file, as far as its effect can be undone by what else survives. */
interface Part {
  readonly kind: "data" | "size" | "names";
  /** Number of the file, in the order of the units; -1 where nothing is known. */
  readonly file: number;
  /** First byte written, or the length. */
  readonly at: number;
  /** Numbers of the files that a name of this unit may make reachable. */
  readonly linked: readonly number[];
}

/**
 * Tells subsets apart by the units that can show in an image: bytes behind the length that survives are cut off by the
 * mount, and bytes and lengths of a file without a name are dropped. Subsets of one moment with equal digests make equal
 * images; the reverse need not hold. Costs some nanoseconds a unit, where making an image and hashing it costs microseconds.
 */
export class SubsetDigest {
  readonly #parts: readonly Part[];
  readonly #durableLengths: number[] = [];
  readonly #named: boolean[] = [];
  readonly #lengths: Float64Array;
  readonly #reachable: Uint8Array;

  constructor(units: readonly Unit[], durable: Image, { tears }: Personality) {
    const numbers = new Map<number, number>();
    const numberOf = (ino: number): number => {
      const known = numbers.get(ino);
      if (known !== undefined) return known;
      const inode = durable.inode(ino);
      this.#durableLengths.push(inode?.content?.size ?? 0);
      this.#named.push(inode !== undefined && inode.links > 0);
      numbers.set(ino, numbers.size);
      return numbers.size - 1;
    };
    this.#parts = units.map(({ effects, pieces }): Part => {
      const [effect] = effects;
      if (effect?.kind === "data" && effect.strayTo === undefined) {
        const piece = Math.max(effect.start, (pieces?.[0] ?? 0) * tears.unitBytes);
        return { kind: "data", file: numberOf(effect.ino), at: effect.page * pageBytes + piece, linked: [] };
      }
      if (effect?.kind === "size") return { kind: "size", file: numberOf(effect.ino), at: effect.to, linked: [] };
      const linked = effects.flatMap((each) => (isName(each) && each.kind === "link" ? [numberOf(each.ino)] : []));
      return { kind: "names", file: -1, at: 0, linked };
    });
    this.#lengths = new Float64Array(numbers.size);
    this.#reachable = new Uint8Array(numbers.size);
  }

  /** Equal digests, equal images. */
  of(chosen: Chosen): number | string {
    for (let file = 0; file < this.#lengths.length; file += 1) {
      this.#lengths[file] = this.#durableLengths[file] ?? 0;
      this.#reachable[file] = this.#named[file] === true ? 1 : 0;
    }
    const parts = this.#parts;
    for (let unit = 0; unit < parts.length; unit += 1) {
      if (!chosen.has(unit)) continue;
      const part = parts[unit] as Part; // below length
      if (part.kind === "size") this.#lengths[part.file] = part.at;
      else if (part.kind === "names") for (const file of part.linked) this.#reachable[file] = 1;
    }
    return parts.length <= exactBits ? this.#sum(chosen) : this.#text(chosen);
  }

  #shows({ kind, file, at }: Part): boolean {
    if (file === -1) return true;
    return this.#reachable[file] === 1 && (kind === "size" || at < (this.#lengths[file] ?? 0));
  }

  #sum(chosen: Chosen): number {
    let sum = 0;
    let bit = 1;
    const parts = this.#parts;
    for (let unit = 0; unit < parts.length; unit += 1) {
      if (chosen.has(unit) && this.#shows(parts[unit] as Part)) sum += bit; // below length
      bit *= 2;
    }
    return sum;
  }

  #text(chosen: Chosen): string {
    return this.#parts.map((part, unit) => (chosen.has(unit) && this.#shows(part) ? "1" : "0")).join("");
  }
}
