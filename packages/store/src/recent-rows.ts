import { checkOptions, refused } from "./option-checks.js";
import type { CacheBounds } from "./projection-cache.js";

/** Which rows there are, from the one that was used least recently to the one that was used last, and how large they are. */
export class RecentRows<Kept> {
  readonly #rows = new Map<string, { readonly kept: Kept; readonly bytes: number }>();
  readonly #maxRows: number;
  readonly maxBytes: number;
  #bytes = 0;

  /** @throws {@link StoreError} `STORE_INVALID_OPTION` naming the option. */
  constructor(bounds: CacheBounds, defaults: Required<CacheBounds>) {
    checkBounds(bounds);
    const { maxRows, maxBytes } = { ...defaults, ...bounds };
    this.#maxRows = maxRows;
    this.maxBytes = maxBytes;
  }

  get count(): number {
    return this.#rows.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What is kept under the key, which is the one used last then. */
  use(key: string): Kept | undefined {
    const row = this.#rows.get(key);
    if (row === undefined) return undefined;
    this.#rows.delete(key);
    this.#rows.set(key, row);
    return row.kept;
  }

  /** Takes a row in, and returns the keys of those that had to make room. `bytes` is at most the bound. */
  add(key: string, kept: Kept, bytes: number): string[] {
    this.remove(key);
    this.#rows.set(key, { kept, bytes });
    this.#bytes += bytes;
    const gone: string[] = [];
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= this.#maxRows && this.#bytes <= this.maxBytes) break;
      this.remove(oldest);
      gone.push(oldest);
    }
    return gone;
  }

  remove(key: string): boolean {
    const row = this.#rows.get(key);
    if (row === undefined) return false;
    this.#bytes -= row.bytes;
    return this.#rows.delete(key);
  }

  keys(): string[] {
    return [...this.#rows.keys()];
  }
}

function checkBounds(bounds: CacheBounds): void {
  checkOptions(bounds, ["maxRows", "maxBytes"], "a cache");
  for (const [field, value] of Object.entries(bounds) as [string, number | undefined][]) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue;
    throw refused(field, `must be a whole number from 1 on, not ${String(value)}`);
  }
}
