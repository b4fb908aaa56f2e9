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
  /** By file: its length, and 1 where it has a name, if no unit says otherwise. */
  readonly #durableLengths: Float64Array;
  readonly #named: Uint8Array;
  // What the subset at hand makes of that, and which units it has: one byte each.
  readonly #lengths: Float64Array;
  readonly #reachable: Uint8Array;
  readonly #taken: Uint8Array;

  constructor(units: readonly Unit[], durable: Image, { tears }: Personality) {
    const numbers = new Map<number, number>();
    const lengths: number[] = [];
    const named: number[] = [];
    const numberOf = (ino: number): number => {
      const known = numbers.get(ino);
      if (known !== undefined) return known;
      const inode = durable.inode(ino);
      lengths.push(inode?.content?.size ?? 0);
      named.push(inode !== undefined && inode.links > 0 ? 1 : 0);
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
    this.#durableLengths = Float64Array.from(lengths);
    this.#named = Uint8Array.from(named);
    this.#lengths = new Float64Array(numbers.size);
    this.#reachable = new Uint8Array(numbers.size);
    this.#taken = new Uint8Array(units.length);
  }

  /** Equal digests, equal images. */
  of(chosen: Chosen): number | string {
    this.#take(chosen);
    return this.#parts.length <= exactBits ? this.#sum() : this.#text();
  }

  #take(chosen: Chosen): void {
    const [parts, taken, lengths, reachable] = [this.#parts, this.#taken, this.#lengths, this.#reachable];
    for (let file = 0; file < lengths.length; file += 1) {
      lengths[file] = this.#durableLengths[file] as number; // as many as there are files
      reachable[file] = this.#named[file] as number;
    }
    for (let unit = 0; unit < taken.length; unit += 1) {
      const has = chosen.has(unit);
      taken[unit] = has ? 1 : 0;
      if (!has) continue;
      const { kind, file, at, linked } = parts[unit] as Part; // as many as there are units
      if (kind === "size") lengths[file] = at;
      else if (kind === "names") for (const each of linked) reachable[each] = 1;
    }
  }

  #shows({ kind, file, at }: Part): boolean {
    if (file === -1) return true;
    return this.#reachable[file] === 1 && (kind === "size" || at < (this.#lengths[file] ?? 0));
  }

  #sum(): number {
    const [parts, taken] = [this.#parts, this.#taken];
    let sum = 0;
    let bit = 1;
    for (let unit = 0; unit < taken.length; unit += 1) {
      if (taken[unit] === 1 && this.#shows(parts[unit] as Part)) sum += bit; // as many as there are units
      bit *= 2;
    }
    return sum;
  }

  #text(): string {
    return this.#parts.map((part, unit) => (this.#taken[unit] === 1 && this.#shows(part) ? "1" : "0")).join("");
  }
}
