import { isFsError, openDirectory } from "@holdfast/fs-seam";
import type { Directory } from "@holdfast/fs-seam";
import { readingCodecs } from "./block-codec.js";
import type { BackupOptions, BackupReport } from "./backup.js";
import type { DatabaseVerification, VerifyOptions } from "./database-verification.js";
import { Engine, openEngine } from "./engine.js";
import type { KeyValueEngine, ReadOptions } from "./engine-contract.js";
import { EngineReader } from "./engine-reader.js";
import type { EngineStats } from "./engine-stats.js";
import { directoryAt } from "./database-location.js";
import { eventLoopTurn } from "./engine-options.js";
import type { EngineOptions } from "./engine-options.js";
import { formatted, ownedBytes, TextScratch } from "./encoded-data.js";
import type { Encoded } from "./encoded-data.js";
import { itemColumn } from "./item-column.js";
import type { EncodedOperation, EncodedRangeOptions, EncodedReadOptions, OpenSettings } from "./level-calls.js";
import { LevelBase } from "./level-methods.js";
import type { LsmLevelOptions, LsmOpenOptions } from "./level-methods.js";
import { LevelError, levelErrorOf } from "./level-error.js";
import { clearOptionsOf, refuseDurability, refuseMisspelled, refuseSignal, writeOptionsOf } from "./level-options.js";
import { splitOptions } from "./level-option-split.js";
import { encodedRange, engineRange } from "./level-range.js";
import type { CompactRangeOptions, DurabilityOptions, LsmRangeOptions } from "./level-options.js";
import { LsmChainedBatch } from "./lsm-chained-batch.js";
import { LsmIterator, LsmKeyIterator, LsmValueIterator } from "./lsm-iterator.js";
import { LsmSnapshot } from "./lsm-snapshot.js";
import { LsmError } from "./lsm-error.js";
import { checkWatching } from "./option-check.js";
import { RangeReader } from "./range-reader.js";
import type { OpenReport } from "./recovery.js";
import { WriteBatch } from "./write-batch.js";

const manifest = {
  encodings: { buffer: true, utf8: true, view: true },
  has: true,
  getSync: true,
  explicitSnapshots: true,
  createIfMissing: true,
  errorIfExists: true,
  additionalMethods: {
    ...{ approximateSize: true, compactRange: true },
    ...{ backup: true, refresh: true, stats: true, verify: true },
  },
  signals: { iterators: true },
};

/** A batch that was longer than this is not kept to be used again. Bytes. */
const KEPT_BATCH_BYTES = 0x10_0000;

/**
 * The engine as an `abstract-level` database: encodings, sublevels, hooks and events are those of the base class, data and durability those of
 * the engine, and this class decides nothing.
 *
 * Keys, values and options are read before a method returns; while the database is opening only once it is open, so they must stay as they are until then. Whatever is returned belongs to the caller. Failures of the engine are
 * {@link LevelError}s with what it said as `cause`.
 */
export class LsmLevel<KDefault = string, VDefault = string> extends LevelBase<KDefault, VDefault> {
  readonly #location: string;
  readonly #directory: Directory | undefined;
  readonly #engineOptions: Omit<EngineOptions, "directory">;
  readonly #turn: () => Promise<void>;
  readonly #keyScratch = new TextScratch();
  readonly #valueScratch = new TextScratch();
  #batch = new WriteBatch();
  #opened: KeyValueEngine | undefined;
  /** A close has failed and ended the engine: resolves when the base class knows. */
  #ending: Promise<void> | undefined;
  /** Frozen options that ask for nothing: those of calls without options are one object of the base class. */
  #plainOptions: object | undefined;

  /**
   * @param location - path of the database's directory on this machine; with `directory` only the name that `location` tells.
   * @throws `TypeError` that names the argument or option.
   */
  constructor(location: string, options?: LsmLevelOptions<KDefault, VDefault>);
  /** For a database in `options.directory`. */
  constructor(options: LsmLevelOptions<KDefault, VDefault> & { readonly directory: Directory });
  constructor(
    location: string | LsmLevelOptions<KDefault, VDefault>,
    options: LsmLevelOptions<KDefault, VDefault> = typeof location === "string" ? {} : location,
  ) {
    if (typeof options !== "object" || options === null) {
      throw new TypeError("LsmLevel takes a path and options, or options with a directory; options must be an object");
    }
    const { directory, ...others } = options;
    if (directory !== undefined && typeof (directory as Partial<Directory>).open !== "function") {
      throw new TypeError("directory must be a Directory of @holdfast/fs-seam");
    }
    if (directory === undefined && (typeof location !== "string" || location === "")) {
      throw new TypeError("location must be a path, or options.directory a Directory");
    }
    const { engineOptions, baseOptions } = splitOptions(others);
    readingCodecs(others); // says so here what the open would say
    super({ ...manifest, permanence: directory?.fs.capabilities().persistent ?? true }, baseOptions);
    this.#location = typeof location === "string" ? location : "";
    this.#directory = directory;
    this.#engineOptions = engineOptions;
    this.#turn = options.turn ?? eventLoopTurn;
  }

  /** The path that the constructor was given. */
  get location(): string {
    return this.#location;
  }

  /** What the open found and did; undefined unless the database is open, and open for writing. */
  get openReport(): OpenReport | undefined {
    return this.#opened instanceof Engine ? this.#opened.openReport : undefined;
  }

  /**
   * Bytes of the tables that hold the keys from `start` up to `end`, exclusive; what is in memory does not count.
   *
   * @throws {@link LevelError} `LEVEL_DATABASE_NOT_OPEN`.
   */
  approximateSize(start: KDefault, end: KDefault): Promise<number>;
  approximateSize<K = KDefault>(start: K, end: K, options: LsmRangeOptions<K>): Promise<number>;
  async approximateSize<K>(start: K, end: K, options: LsmRangeOptions<K> = {}): Promise<number> {
    return this.#whenOpen(async () => {
      const [first, last] = encodedRange(this, start, end, options);
      return this.#engine.approximateSize(first, last);
    });
  }

  /**
   * Moves what memory and tables hold from `start` to `end`, both inclusive, down to one level, without what was overwritten or deleted.
   *
   * @throws {@link LevelError} `LEVEL_DATABASE_NOT_OPEN`, `LEVEL_ABORTED`, and what writing throws.
   */
  compactRange(start: KDefault, end: KDefault, options?: CompactRangeOptions<KDefault>): Promise<void>;
  compactRange<K = KDefault>(start: K, end: K, options: CompactRangeOptions<K>): Promise<void>;
  async compactRange<K>(start: K, end: K, options: CompactRangeOptions<K> = {}): Promise<void> {
    checkWatching(options);
    const { signal } = options;
    return this.#whenOpen(async () => {
      const [first, last] = encodedRange(this, start, end, options);
      await this.#engine.compactRange(first, last, signal === undefined ? {} : { signal });
    });
  }

  /**
   * Copies the database while it goes on, so that the copy opens by itself, with everything written before the call. See `Engine.backup`.
   *
   * @param target - a directory that is empty, or a path: what is missing of it is made. Tables are linked, where `options.link` allows it, only into a `Directory`
   * of the same file system object, and copied into a path.
   * @throws {@link LevelError} `LEVEL_EXISTS` for a target that is not empty, `LEVEL_DATABASE_NOT_OPEN`, `LEVEL_READONLY`, `LEVEL_ABORTED`, `LEVEL_CORRUPTION`,
   * `LEVEL_IO_ERROR`.
   */
  async backup(target: string | Directory, options: BackupOptions = {}): Promise<BackupReport> {
    return this.#whenOpen(async () => {
      const engine = this.#inspected;
      if (!(engine instanceof Engine)) throw new LevelError("LEVEL_READONLY");
      return engine.backup(typeof target === "string" ? openDirectory(target, { create: true }) : target, options);
    });
  }

  /** Reads the whole database from its files and says what is wrong. @throws {@link LevelError} `LEVEL_DATABASE_NOT_OPEN`, `LEVEL_ABORTED`; never for damage. */
  async verify(options: VerifyOptions = {}): Promise<DatabaseVerification> {
    return this.#whenOpen(() => this.#inspected.verify(options));
  }

  /** What there is, and counters since the open. @throws {@link LevelError} `LEVEL_DATABASE_NOT_OPEN`. */
  stats(): EngineStats {
    return this.#inspected.stats();
  }

  /**
   * Shows what was written until the call, in a database that is open with `readOnly`; one that is open for writing does so anyway. Snapshots and
   * iterators go on seeing what they saw.
   *
   * @throws {@link LevelError} `LEVEL_DATABASE_NOT_OPEN`, `LEVEL_NOT_FOUND`, and what opening throws. What was seen before is seen then, too.
   */
  async refresh(): Promise<void> {
    return this.#whenOpen(async () => {
      const engine = this.#inspected;
      if (engine instanceof EngineReader) await engine.refresh();
    });
  }

  /** As that of `abstract-level`; also behind a close that has failed, unless the disk was full: then the database is still open. */
  override open(options: LsmOpenOptions = {}): Promise<void> {
    return this.#ending === undefined ? super.open(options) : this.#ending.then(() => super.open(options));
  }

  /** What opens the engine; tests put another one below the adapter. */
  protected openEngine(options: EngineOptions): Promise<KeyValueEngine> {
    return openEngine(options);
  }

  // What the base class calls, with keys, values and bounds encoded. What is no promise is awaited there like one.

  protected async _open(options: OpenSettings): Promise<void> {
    const { createIfMissing, errorIfExists } = options;
    const settings = { ...this.#engineOptions, ...splitOptions(options).engineOptions, createIfMissing, errorIfExists };
    const { readOnly = false } = settings;
    try {
      const create = createIfMissing && !readOnly;
      const directory = this.#directory ?? directoryAt(this.#location, { create, readOnly });
      this.#opened = await this.openEngine({ ...settings, directory });
    } catch (error) {
      if (isFsError(error, "FS_NOT_FOUND")) throw new LevelError("LEVEL_NOT_FOUND", undefined, { cause: error });
      throw levelErrorOf(error);
    }
  }

  protected async _close(): Promise<void> {
    try {
      await this.#opened?.close();
    } catch (error) {
      // With room on the disk closing it again succeeds; anything else has ended the engine.
      if (!(error instanceof LsmError && error.code === "LSM_NO_SPACE")) {
        await this.#opened?.close().catch(() => {}); // gives back what the first call could not
        this.#opened = undefined;
        // The base class takes it for open again. Closing it once more, when this call is over, makes it closed, so that it can be opened.
        const ending = this.close().catch(() => {});
        this.#ending = ending.finally(() => (this.#ending = undefined));
      }
      throw levelErrorOf(error);
    }
    this.#opened = undefined;
  }

  protected _get(key: Encoded, options: EncodedReadOptions): Encoded | undefined {
    try {
      const entry = this.#engine.find(this.#keyScratch.bytesOf(key), this.#readOptions(options));
      if (entry === undefined) return undefined;
      return formatted(entry.valueBytes, entry.valueStart, entry.valueEnd, options.valueEncoding);
    } catch (error) {
      throw levelErrorOf(error);
    }
  }

  protected _getSync(key: Encoded, options: EncodedReadOptions): Encoded | undefined {
    return this._get(key, options);
  }

  protected _getMany(keys: readonly Encoded[], options: EncodedReadOptions): (Encoded | undefined)[] {
    try {
      const values = this.#engine.getMany(keys.map(ownedBytes), this.#readOptions(options));
      return values.map((value) => value && formatted(value, 0, value.length, options.valueEncoding));
    } catch (error) {
      throw levelErrorOf(error);
    }
  }

  protected _has(key: Encoded, options: EncodedReadOptions): boolean {
    try {
      return this.#engine.has(this.#keyScratch.bytesOf(key), this.#readOptions(options));
    } catch (error) {
      throw levelErrorOf(error);
    }
  }

  protected _hasMany(keys: readonly Encoded[], options: EncodedReadOptions): boolean[] {
    return keys.map((key) => this._has(key, options));
  }

  protected async _put(key: Encoded, value: Encoded, options: DurabilityOptions): Promise<void> {
    try {
      const rung = writeOptionsOf(options);
      await this.#engine.put(this.#keyScratch.bytesOf(key), this.#valueScratch.bytesOf(value), rung);
    } catch (error) {
      throw levelErrorOf(error);
    }
  }

  protected async _del(key: Encoded, options: DurabilityOptions): Promise<void> {
    try {
      await this.#engine.delete(this.#keyScratch.bytesOf(key), writeOptionsOf(options));
    } catch (error) {
      throw levelErrorOf(error);
    }
  }

  protected async _batch(operations: readonly EncodedOperation[], options: DurabilityOptions): Promise<void> {
    const batch = this.#batch;
    try {
      let written: Promise<void>;
      try {
        for (const operation of operations) {
          refuseDurability(operation, options);
          const { type, key, value } = operation;
          if (type === "put") batch.put(this.#keyScratch.bytesOf(key), this.#valueScratch.bytesOf(value ?? ""));
          else batch.delete(this.#keyScratch.bytesOf(key));
        }
        written = this.#engine.write(batch, writeOptionsOf(options));
      } finally {
        if (batch.recordBytes > KEPT_BATCH_BYTES) this.#batch = new WriteBatch();
        else batch.reset();
      }
      await written;
    } catch (error) {
      throw levelErrorOf(error);
    }
  }

  protected _chainedBatch(): LsmChainedBatch<this, KDefault, VDefault> {
    return new LsmChainedBatch(this, {
      engine: this.#engine,
      keyScratch: this.#keyScratch,
      valueScratch: this.#valueScratch,
    });
  }

  protected async _clear(options: EncodedRangeOptions & DurabilityOptions): Promise<void> {
    try {
      const { limit } = options;
      const how = clearOptionsOf(options);
      const range = { ...engineRange(options, this.#engine), ...(limit === -1 ? {} : { limit }) };
      await this.#engine.clear(range, how);
    } catch (error) {
      throw levelErrorOf(error);
    }
  }

  protected _iterator(options: EncodedRangeOptions): LsmIterator<this, KDefault, VDefault> {
    return new LsmIterator(this, options, this.#reader(options, "entries"));
  }

  protected _keys(options: EncodedRangeOptions): LsmKeyIterator<this, KDefault> {
    return new LsmKeyIterator(this, options, this.#reader(options, "keys"));
  }

  protected _values(options: EncodedRangeOptions): LsmValueIterator<this, KDefault, VDefault> {
    return new LsmValueIterator(this, options, this.#reader(options, "values"));
  }

  protected _snapshot(options: object): LsmSnapshot {
    return new LsmSnapshot(this.#engine, options);
  }

  get #engine(): KeyValueEngine {
    if (this.#opened === undefined) throw new LevelError("LEVEL_DATABASE_NOT_OPEN");
    return this.#opened;
  }

  get #inspected(): Engine | EngineReader {
    const engine = this.#engine;
    if (engine instanceof Engine || engine instanceof EngineReader) return engine;
    throw new LevelError("LEVEL_NOT_SUPPORTED");
  }

  #reader(options: EncodedRangeOptions, shape: "entries" | "keys" | "values"): RangeReader {
    refuseMisspelled(options);
    const { keyEncoding, valueEncoding, signal } = options;
    const wantsKeys = shape === "keys" || (shape === "entries" && options.keys !== false);
    const wantsValues = shape === "values" || (shape === "entries" && options.values !== false);
    try {
      return new RangeReader({
        cursor: this.#engine.cursor({ fillCache: options.fillCache ?? false, ...engineRange(options, this.#engine) }),
        keys: wantsKeys ? itemColumn(keyEncoding, false) : undefined,
        values: wantsValues ? itemColumn(valueEncoding, true) : undefined,
        shape,
        signal: signal ?? undefined,
        turn: this.#turn,
      });
    } catch (error) {
      throw levelErrorOf(error);
    }
  }

  #readOptions(options: EncodedReadOptions): ReadOptions | undefined {
    if (options === this.#plainOptions) return undefined;
    refuseMisspelled(options);
    refuseSignal(options);
    const { snapshot, fillCache } = options;
    if (snapshot === undefined || snapshot === null) {
      if (fillCache !== undefined) return { fillCache };
      if (Object.isFrozen(options)) this.#plainOptions = options;
      return undefined;
    }
    const fixed = LsmSnapshot.of(snapshot, this.#engine);
    return fillCache === undefined ? { snapshot: fixed } : { snapshot: fixed, fillCache };
  }

  /** Now, or when the open that is under way has succeeded. */
  async #whenOpen<Result>(action: () => Promise<Result>): Promise<Result> {
    if (this.status === "opening") return this.deferAsync(() => this.#whenOpen(action));
    if (this.status !== "open") throw new LevelError("LEVEL_DATABASE_NOT_OPEN");
    try {
      return await action();
    } catch (error) {
      throw levelErrorOf(error);
    }
  }
}
