import { AbstractLevel } from "abstract-level";
import type {
  AbstractBatchOperation,
  AbstractDatabaseOptions,
  AbstractIterator,
  AbstractKeyIterator,
  AbstractOpenOptions,
  AbstractValueIterator,
} from "abstract-level";
import type { Directory } from "@holdfast/fs-seam";
import type { EngineOptions } from "./engine-options.js";
import type {
  LsmBatchOptions,
  LsmClearOptions,
  LsmDelOptions,
  LsmGetManyOptions,
  LsmGetOptions,
  LsmHasManyOptions,
  LsmHasOptions,
  LsmIteratorOptions,
  LsmKeyIteratorOptions,
  LsmPutOptions,
  LsmValueIteratorOptions,
} from "./level-options.js";
import type { LsmChainedBatch } from "./lsm-chained-batch.js";

/** Options of `classic-level` that are called otherwise here, and mean the same. */
export interface ClassicLevelNames {
  /** As `cacheBytes`. */
  readonly cacheSize?: number | undefined;
  /** As `writeBufferBytes`. */
  readonly writeBufferSize?: number | undefined;
  /** As `blockBytes`. */
  readonly blockSize?: number | undefined;
  /** As `tableBytes`. */
  readonly maxFileSize?: number | undefined;
  /** As `maxOpenTables`. */
  readonly maxOpenFiles?: number | undefined;
  /** `false` as `codec: null`, `true` as the default. */
  readonly compression?: boolean | undefined;
}

type DirectoryOptions = Omit<EngineOptions, "directory" | keyof AbstractOpenOptions> &
  ClassicLevelNames & {
    /** Where the database lives, in place of a path on this machine. */
    readonly directory?: Directory | undefined;
  };

/** What the constructor of `LsmLevel` takes: options of `abstract-level`, of the engine, and `directory`. */
export type LsmLevelOptions<K, V> = AbstractDatabaseOptions<K, V> & DirectoryOptions;
/** What `open()` takes; the rest is what the constructor was given. */
export type LsmOpenOptions = AbstractOpenOptions & Omit<DirectoryOptions, "directory">;

/** The methods of `AbstractLevel` with the options that {@link LsmLevel} takes besides. */
export interface LevelMethods<KDefault, VDefault> extends AbstractLevel<
  string | Buffer | Uint8Array,
  KDefault,
  VDefault
> {
  open(): Promise<void>;
  open(options: LsmOpenOptions): Promise<void>;
  get(key: KDefault): Promise<VDefault | undefined>;
  get<K = KDefault, V = VDefault>(key: K, options: LsmGetOptions<K, V>): Promise<V | undefined>;
  getSync(key: KDefault): VDefault | undefined;
  getSync<K = KDefault, V = VDefault>(key: K, options: LsmGetOptions<K, V>): V | undefined;
  getMany(keys: KDefault[]): Promise<(VDefault | undefined)[]>;
  getMany<K = KDefault, V = VDefault>(keys: K[], options: LsmGetManyOptions<K, V>): Promise<(V | undefined)[]>;
  has(key: KDefault): Promise<boolean>;
  has<K = KDefault>(key: K, options: LsmHasOptions<K>): Promise<boolean>;
  hasMany(keys: KDefault[]): Promise<boolean[]>;
  hasMany<K = KDefault>(keys: K[], options: LsmHasManyOptions<K>): Promise<boolean[]>;
  put(key: KDefault, value: VDefault): Promise<void>;
  put<K = KDefault, V = VDefault>(key: K, value: V, options: LsmPutOptions<K, V>): Promise<void>;
  del(key: KDefault): Promise<void>;
  del<K = KDefault>(key: K, options: LsmDelOptions<K>): Promise<void>;
  batch(operations: AbstractBatchOperation<this, KDefault, VDefault>[]): Promise<void>;
  batch<K = KDefault, V = VDefault>(
    operations: AbstractBatchOperation<this, K, V>[],
    options: LsmBatchOptions<K, V>,
  ): Promise<void>;
  batch(): LsmChainedBatch<this, KDefault, VDefault>;
  clear(): Promise<void>;
  clear<K = KDefault>(options: LsmClearOptions<K>): Promise<void>;
  iterator(): AbstractIterator<this, KDefault, VDefault>;
  iterator<K = KDefault, V = VDefault>(options: LsmIteratorOptions<K, V>): AbstractIterator<this, K, V>;
  keys(): AbstractKeyIterator<this, KDefault>;
  keys<K = KDefault>(options: LsmKeyIteratorOptions<K>): AbstractKeyIterator<this, K>;
  values(): AbstractValueIterator<this, KDefault, VDefault>;
  values<K = KDefault, V = VDefault>(options: LsmValueIteratorOptions<K, V>): AbstractValueIterator<this, K, V>;
}

/** `AbstractLevel` as it is, which takes whatever options it is given. */
export const LevelBase: new <KDefault, VDefault>(
  manifest: object,
  options: object,
) => LevelMethods<KDefault, VDefault> = AbstractLevel as never;
