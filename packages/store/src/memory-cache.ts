import type { CacheBounds, ProjectionCache } from "./projection-cache.js";
import { RecentRows } from "./recent-rows.js";

/** Defaults of {@link memoryCache}. */
const defaults: Required<CacheBounds> = { maxRows: 10_000, maxBytes: 64 * 1024 * 1024 };

/**
 * Rows in the memory of this process: up to 10,000 of them and 64 MiB, unless said otherwise.
 *
 * @throws {@link StoreError} `STORE_INVALID_OPTION` naming the option.
 */
export function memoryCache(bounds: CacheBounds = {}): ProjectionCache {
  return new MemoryCache(bounds);
}

class MemoryCache implements ProjectionCache {
  readonly isVolatile = true;
  readonly #rows: RecentRows<Uint8Array>;

  constructor(bounds: CacheBounds) {
    this.#rows = new RecentRows(bounds, defaults);
  }

  get(key: string): Uint8Array | undefined {
    return this.#rows.use(key)?.slice();
  }

  put(key: string, row: Uint8Array): boolean {
    if (row.length > this.#rows.maxBytes) {
      this.#rows.remove(key);
      return false;
    }
    this.#rows.add(key, row.slice(), row.length);
    return true;
  }

  delete(key: string): boolean {
    return this.#rows.remove(key);
  }

  clear(): void {
    for (const key of this.#rows.keys()) this.#rows.remove(key);
  }
}
