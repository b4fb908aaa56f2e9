import type {
  AbstractBatchOptions,
  AbstractChainedBatchWriteOptions,
  AbstractClearOptions,
  AbstractDelOptions,
  AbstractGetManyOptions,
  AbstractGetOptions,
  AbstractHasManyOptions,
  AbstractHasOptions,
  AbstractIteratorOptions,
  AbstractKeyIteratorOptions,
  AbstractPutOptions,
  AbstractValueIteratorOptions,
  Transcoder,
} from "abstract-level";
import type { ClearOptions, WriteOptions, WriteRung } from "./engine-contract.js";
import { distance, refuseNearMiss } from "./level-option-split.js";

/** How long a write lasts that was acknowledged. */
export interface DurabilityOptions {
  /** `true` is the rung `data`, `false` the rung `os`. Default false. */
  readonly sync?: boolean | undefined;
  /** What the write has reached when its promise resolves. It may be stronger than `sync: true` asks for, but must not contradict it. */
  readonly rung?: WriteRung | undefined;
}

/** How a read treats the cache. */
export interface CacheOptions {
  /** Whether blocks that are read go into the cache. Default true, of iterators false. */
  readonly fillCache?: boolean | undefined;
}

export interface LsmGetOptions<K, V> extends AbstractGetOptions<K, V>, CacheOptions {}
export interface LsmGetManyOptions<K, V> extends AbstractGetManyOptions<K, V>, CacheOptions {}
export interface LsmHasOptions<K> extends AbstractHasOptions<K>, CacheOptions {}
export interface LsmHasManyOptions<K> extends AbstractHasManyOptions<K>, CacheOptions {}
export interface LsmPutOptions<K, V> extends AbstractPutOptions<K, V>, DurabilityOptions {}
export interface LsmDelOptions<K> extends AbstractDelOptions<K>, DurabilityOptions {}
export interface LsmBatchOptions<K, V> extends AbstractBatchOptions<K, V>, DurabilityOptions {}
export interface LsmBatchWriteOptions extends AbstractChainedBatchWriteOptions, DurabilityOptions {}
export interface LsmClearOptions<K> extends AbstractClearOptions<K>, DurabilityOptions {
  /** Ends it before it begins, or between two batches; what was deleted until then stays deleted. */
  readonly signal?: AbortSignal | undefined;
}
export interface LsmIteratorOptions<K, V> extends AbstractIteratorOptions<K, V>, CacheOptions {}
export interface LsmKeyIteratorOptions<K> extends AbstractKeyIteratorOptions<K>, CacheOptions {}
export interface LsmValueIteratorOptions<K, V> extends AbstractValueIteratorOptions<K, V>, CacheOptions {}

/** Of {@link LsmLevel.approximateSize} and {@link LsmLevel.compactRange}. */
export interface LsmRangeOptions<K> {
  /** Encodes start and end. Default: that of the database. */
  readonly keyEncoding?: string | Transcoder.PartialEncoder<K> | undefined;
}

export interface CompactRangeOptions<K> extends LsmRangeOptions<K> {
  /** Stops between two slices; what was done until then stays done. */
  readonly signal?: AbortSignal | undefined;
}

const byRung: Readonly<Record<WriteRung, WriteOptions>> = {
  memory: { rung: "memory" },
  os: { rung: "os" },
  data: { rung: "data" },
  full: { rung: "full" },
};

const bounds = ["gt", "gte", "lt", "lte"];
const isLikeBound = (letters: string): boolean =>
  letters.length <= 5 && bounds.some((bound) => distance(bound, letters) <= 2);

/** What single calls take, of the base class and of this one. */
const callKeys: readonly string[] = [
  ...["sync", "rung", "fillCache", "snapshot", "keyEncoding", "valueEncoding", "signal"],
  ...[...bounds, "reverse", "limit", "keys", "values"],
];
/** And what the base class adds to those of operations in a batch. */
const knownKeys: ReadonlySet<string> = new Set([...callKeys, "type", "key", "value", "sublevel"]);

/**
 * Lets options through that nobody here knows, since hooks may have their own, but no misspelled ones.
 *
 * @throws `TypeError` that names the option and the one that was meant.
 */
export function refuseMisspelled(options: object): void {
  for (const key in options) if (!knownKeys.has(key)) refuseNearMiss(key, callKeys);
}

/** What others call bounds. */
const foreignBounds: ReadonlySet<string> = new Set([
  ...["start", "end", "from", "to", "min", "max", "after", "before", "above", "below", "since", "until"],
  ...["prefix", "range", "key", "value", "type", "sublevel"],
]);

/**
 * A clear with a bound that nobody reads would remove everything, so that whatever could be one is refused. What is nothing like it is let through, as the base class
 * has it: listeners to its events may read it.
 *
 * @throws `TypeError` that names the option.
 */
function refuseMisspelledBound(options: object): void {
  refuseMisspelled(options);
  for (const key in options) {
    if (callKeys.includes(key)) continue;
    const letters = key.toLowerCase().replaceAll(/[^a-z]/g, "");
    if (!foreignBounds.has(letters) && !isLikeBound(letters)) continue;
    throw new TypeError(`unknown option ${key} of a clear; its bounds are ${bounds.join(", ")}`);
  }
}

/** Refuses a signal where nothing would stop for it. @throws `TypeError`. */
export function refuseSignal(options: object): void {
  const { signal }: { readonly signal?: unknown } = options;
  if (signal === undefined || signal === null) return;
  throw new TypeError("signal is an option of iterators, clear, compactRange, backup and verify only");
}

/**
 * Refuses durability of one operation: a batch is written as a whole.
 *
 * @param whole - options of the batch, which the base class copies into every operation.
 * @throws `TypeError` that names the option.
 */
export function refuseDurability(operation: DurabilityOptions, whole: DurabilityOptions): void {
  const { sync, rung } = operation;
  if (sync === whole.sync && rung === whole.rung) return;
  const name = sync === whole.sync ? "rung" : "sync";
  throw new TypeError(`${name} is an option of the batch, not of one operation in it`);
}

/**
 * What the engine is told of how long a write must last.
 *
 * @throws `TypeError` or `RangeError` that names the option.
 */
export function writeOptionsOf(options: DurabilityOptions): WriteOptions | undefined {
  refuseMisspelled(options);
  refuseSignal(options);
  return durabilityOf(options);
}

/** The same, with the signal that a clear takes. */
export function clearOptionsOf(
  options: DurabilityOptions & { readonly signal?: AbortSignal | null | undefined },
): ClearOptions {
  refuseMisspelledBound(options);
  return { ...durabilityOf(options), signal: options.signal ?? undefined };
}

function durabilityOf(options: DurabilityOptions): WriteOptions | undefined {
  const { sync, rung } = options;
  if (rung === undefined && sync === undefined) return undefined;
  if (sync !== undefined && typeof sync !== "boolean") {
    throw new TypeError(`sync must be a boolean, not ${String(sync)}`);
  }
  if (rung === undefined) return sync === true ? byRung.data : undefined;
  if (!Object.hasOwn(byRung, rung)) {
    throw new RangeError(`rung must be one of ${Object.keys(byRung).join(", ")}, not ${String(rung)}`);
  }
  const isBarrier = rung === "data" || rung === "full";
  if (sync !== undefined && sync !== isBarrier) throw new TypeError(`sync: ${sync} contradicts rung: "${rung}"`);
  return byRung[rung];
}
