import type { ProjectionCache } from "./projection-cache.js";
import { checkCount, checkOptions, checkSignal, refused } from "./option-checks.js";

/** What a projector goes by. */
export interface ProjectorOptions {
  /** Where rows are kept. Default: nowhere, and every reading begins with the first event. */
  readonly cache?: ProjectionCache;
  /**
   * A row is written once so many events were folded since the last one. Default 100; `Infinity` for never. A row costs what the
   * codec needs for the whole state.
   */
  readonly snapshotEvery?: number;
  /** Wall clock, in milliseconds since 1970, for `maxStaleMs`. Default `Date.now`. */
  readonly clock?: () => number;
}

/** Which state of a projection is wanted. */
export interface ProjectOptions {
  /** `visible`: all that can be read. `durable`: what survives a power loss. Default `visible`. */
  readonly until?: "visible" | "durable";
  /**
   * A state from the cache is given without looking for later events when the store was looked at for it less than so many
   * milliseconds ago. Default 0: every event that is there counts.
   */
  readonly maxStaleMs?: number;
  /** The state as it was with this event of the store, and none behind it. Not together with `maxStaleMs`. */
  readonly atSequence?: number;
  /** The state as it was with this revision of the stream. Not for a region, nor together with `maxStaleMs`. */
  readonly atRevision?: number;
  /** As for {@link ProjectorOptions}, for this reading: 1 writes a row of every state that has none. */
  readonly snapshotEvery?: number;
}

export interface ProjectAsyncOptions extends ProjectOptions {
  /** Ends reading with `STORE_ABORTED`. */
  readonly signal?: AbortSignal;
}

/** What of a projection is watched. */
export interface WatchOptions {
  /** As for {@link ProjectOptions}. Whoever watches what is durable has barriers made for what is written. */
  readonly until?: "visible" | "durable";
  /** As for {@link ProjectorOptions}. */
  readonly snapshotEvery?: number;
  /** Ends watching with `STORE_ABORTED`. */
  readonly signal?: AbortSignal;
}

export interface ResolvedProjectorOptions {
  readonly cache: ProjectionCache | undefined;
  readonly snapshotEvery: number;
  readonly clock: () => number;
}

/** @throws {@link StoreError} `STORE_INVALID_OPTION` naming the option. */
export function resolveProjectorOptions(options: ProjectorOptions): ResolvedProjectorOptions {
  checkOptions(options, ["cache", "snapshotEvery", "clock"], "a projector");
  const { cache, snapshotEvery = 100, clock = wallClock } = options;
  if (cache !== undefined && !isCache(cache)) {
    throw refused("cache", "must have get, put, delete, clear, and isVolatile");
  }
  checkSnapshotEvery(snapshotEvery);
  if (typeof clock !== "function") throw refused("clock", "must be a function");
  return { cache, snapshotEvery, clock };
}

const projectKeys = ["until", "maxStaleMs", "atSequence", "atRevision", "snapshotEvery", "signal"];

/** @throws {@link StoreError} `STORE_INVALID_OPTION` naming the option. */
export function checkProjectOptions(options: ProjectAsyncOptions, isStream: boolean): void {
  checkOptions(options, projectKeys, "a projection");
  const { maxStaleMs = 0, atSequence, atRevision } = options;
  checkShared(options);
  if (!(typeof maxStaleMs === "number" && maxStaleMs >= 0)) {
    throw refused("maxStaleMs", `must be a number from 0 on, not ${String(maxStaleMs)}`);
  }
  for (const [field, value] of Object.entries({ atSequence, atRevision })) {
    if (value === undefined) continue;
    checkCount(field, value);
    if (maxStaleMs > 0) throw refused(field, "does not go with maxStaleMs: what was does not change");
  }
  if (atRevision !== undefined && !isStream) throw refused("atRevision", "is of a stream, and this is a region");
}

/** @throws {@link StoreError} `STORE_INVALID_OPTION` naming the option. */
export function checkWatchOptions(options: WatchOptions): void {
  checkOptions(options, ["until", "snapshotEvery", "signal"], "watching");
  checkShared(options);
}

function checkShared({ until, snapshotEvery, signal }: WatchOptions): void {
  if (until !== undefined && until !== "visible" && until !== "durable") {
    throw refused("until", `must be "visible" or "durable", not ${String(until)}`);
  }
  if (snapshotEvery !== undefined) checkSnapshotEvery(snapshotEvery);
  checkSignal(signal);
}

function checkSnapshotEvery(count: number): void {
  if (count === Number.POSITIVE_INFINITY || (Number.isSafeInteger(count) && count >= 1)) return;
  throw refused("snapshotEvery", `must be a whole number from 1 on, or Infinity, not ${String(count)}`);
}

function isCache(cache: ProjectionCache): boolean {
  if (typeof cache !== "object" || cache === null || typeof cache.isVolatile !== "boolean") return false;
  return ["get", "put", "delete", "clear"].every((method) => typeof Reflect.get(cache, method) === "function");
}

function wallClock(): number {
  return Date.now();
}
