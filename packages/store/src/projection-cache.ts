/**
 * Where rows are kept: bytes under a text. Derived data, so a cache may forget any row at any time, and what it gives is never believed
 * unseen: a row that is damaged, old or of something else is a miss for whoever asks. What a cache owes is in
 * `@holdfast/store/projections/conformance`, as tests.
 */
export interface ProjectionCache {
  /** Whether rows end with the process. Only then may they hold what is not durable: a power loss takes both. */
  readonly isVolatile: boolean;
  /** The row that was put last under this key, owned by the caller; undefined without one. */
  get(key: string): Uint8Array | undefined;
  /**
   * Keeps a row in place of the one before it.
   *
   * @param key - any text.
   * @param row - borrowed until the call returns.
   * @returns false where the cache does not keep such rows, because they are too large; it has none under this key then.
   */
  put(key: string, row: Uint8Array): boolean;
  /** Forgets the row of a key; false when there was none. */
  delete(key: string): boolean;
  /** Forgets all rows. */
  clear(): void;
}

/** How much a cache keeps. What was used least recently makes room. */
export interface CacheBounds {
  /** Rows at most. */
  readonly maxRows?: number;
  /** Bytes of all rows at most; a row alone may not have more. */
  readonly maxBytes?: number;
}
