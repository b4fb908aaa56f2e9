// The engine as a sorted array that every write makes anew: what it does is easily seen to be right, and it can be told to fail.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import type {
  EngineCursor,
  EngineSnapshot,
  KeyValueEngine,
  RangeOptions,
  ReadOptions,
  WriteOptions,
} from "../../src/engine-contract.js";
import type { EngineOptions } from "../../src/engine-options.js";
import type { EntryView } from "../../src/entry-cursor.js";
import { LevelError } from "../../src/level-error.js";
import type { LsmLevelOptions } from "../../src/level-methods.js";
import { LogRecordCursor } from "../../src/log-record.js";
import { LsmLevel } from "../../src/lsm-level.js";
import type { KeyBounds } from "../../src/visible-entries.js";
import type { WriteBatch } from "../../src/write-batch.js";

interface ModelEntry {
  /** What views show: key and value lie in the middle of it. */
  readonly bytes: Uint8Array;
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

type Entries = readonly ModelEntry[];

export type EngineCall = "find" | "put" | "write" | "cursor" | "start" | "seek" | "next" | "close" | "compactRange";

/** What is stored, and what is asked for, kept over closing and opening again. */
export class ModelDisk {
  exists = false;
  entries: Entries = [];
  /** What every write was told, in order. */
  readonly rungs: (WriteOptions["rung"] | "default")[] = [];
  /** What ranges were read with. */
  readonly ranges: RangeOptions[] = [];
  readonly compacted: (readonly (string | undefined)[])[] = [];
  openCursors = 0;
  openSnapshots = 0;
  /** Throws to make a call fail. */
  fail: (call: EngineCall, key?: string) => void = () => {};
}

/** `LsmLevel` over the model, in a directory in memory. */
export class ModelLevel<K = string, V = string> extends LsmLevel<K, V> {
  readonly disk: ModelDisk = new ModelDisk();

  constructor(options: LsmLevelOptions<K, V> = {}) {
    super({ ...options, directory: options.directory ?? new Directory(new MemoryFs()) });
  }

  protected override async openEngine({ createIfMissing, errorIfExists }: EngineOptions): Promise<KeyValueEngine> {
    if (this.disk.exists && errorIfExists === true) throw new LevelError("LEVEL_EXISTS");
    if (!this.disk.exists && createIfMissing === false) throw new LevelError("LEVEL_NOT_FOUND");
    this.disk.exists = true;
    return new ModelEngine(this.disk);
  }
}

export class ModelEngine implements KeyValueEngine {
  readonly #disk: ModelDisk;

  constructor(disk: ModelDisk) {
    this.#disk = disk;
  }

  get(key: Uint8Array, options?: ReadOptions): Uint8Array | undefined {
    const value = this.#entry(key, options)?.value;
    return value && Uint8Array.from(value);
  }

  find(key: Uint8Array, options?: ReadOptions): EntryView | undefined {
    this.#disk.fail("find", textOf(key));
    const entry = this.#entry(key, options);
    return entry && viewOf(entry);
  }

  getMany(keys: readonly Uint8Array[], options?: ReadOptions): (Uint8Array | undefined)[] {
    return keys.map((key) => this.get(key, options));
  }

  has(key: Uint8Array, options?: ReadOptions): boolean {
    return this.#entry(key, options) !== undefined;
  }

  async put(key: Uint8Array, value: Uint8Array, options?: WriteOptions): Promise<void> {
    this.#disk.fail("put", textOf(key));
    this.#disk.rungs.push(options?.rung ?? "default");
    this.#set(key, value);
  }

  async delete(key: Uint8Array, options?: WriteOptions): Promise<void> {
    this.#disk.rungs.push(options?.rung ?? "default");
    this.#set(key, undefined);
  }

  async write(batch: WriteBatch, options?: WriteOptions): Promise<void> {
    this.#disk.fail("write");
    this.#disk.rungs.push(options?.rung ?? "default");
    const record = new LogRecordCursor();
    record.load(batch.finish(1));
    while (record.next()) {
      const { bytes, keyStart, keyEnd, valueStart, valueEnd } = record;
      const isPut = record.kind === 1;
      this.#set(bytes.subarray(keyStart, keyEnd), isPut ? bytes.subarray(valueStart, valueEnd) : undefined);
    }
  }

  async clear(range: RangeOptions & { readonly limit?: number } = {}, options?: WriteOptions): Promise<void> {
    this.#disk.rungs.push(options?.rung ?? "default");
    const chosen = entriesOf(this.#seen(range), range);
    for (const { key } of chosen.slice(0, range.limit ?? chosen.length)) this.#set(key, undefined);
  }

  snapshot(): EngineSnapshot {
    this.#disk.openSnapshots += 1;
    return new ModelSnapshot(this.#disk);
  }

  cursor(range: RangeOptions = {}): EngineCursor {
    this.#disk.fail("cursor");
    this.#disk.ranges.push(range);
    this.#disk.openCursors += 1;
    return new ModelCursor(this.#disk, this.#seen(range), range);
  }

  approximateSize(start: Uint8Array, end: Uint8Array): number {
    return entriesOf(this.#disk.entries, { gte: start, lt: end }).reduce(
      (sum, { key, value }) => sum + key.length + value.length,
      0,
    );
  }

  async compactRange(
    start?: Uint8Array,
    end?: Uint8Array,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    this.#disk.fail("compactRange");
    signal?.throwIfAborted();
    this.#disk.compacted.push([start && textOf(start), end && textOf(end)]);
  }

  async close(): Promise<void> {
    this.#disk.fail("close");
  }

  #seen({ snapshot }: ReadOptions = {}): Entries {
    return snapshot instanceof ModelSnapshot ? snapshot.entries : this.#disk.entries;
  }

  #entry(key: Uint8Array, options?: ReadOptions): ModelEntry | undefined {
    const entries = this.#seen(options);
    const entry = entries[placeOf(entries, key)];
    return entry && Buffer.compare(entry.key, key) === 0 ? entry : undefined;
  }

  #set(key: Uint8Array, value: Uint8Array | undefined): void {
    const entries = this.#disk.entries;
    const isThere = this.#entry(key) !== undefined;
    const added = value === undefined ? [] : [storedEntry(key, value)];
    this.#disk.entries = entries.toSpliced(placeOf(entries, key), isThere ? 1 : 0, ...added);
  }
}

/** Ordinal of the first entry whose key is at least `key`. */
function placeOf(entries: Entries, key: Uint8Array): number {
  let low = 0;
  for (let high = entries.length; low < high;) {
    const middle = (low + high) >>> 1;
    if (Buffer.compare(entries[middle]?.key ?? key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

class ModelSnapshot implements EngineSnapshot {
  readonly seqno = 0;
  released = false;
  readonly entries: Entries;
  readonly #disk: ModelDisk;

  constructor(disk: ModelDisk) {
    this.entries = disk.entries;
    this.#disk = disk;
  }

  release(): void {
    if (!this.released) this.#disk.openSnapshots -= 1;
    this.released = true;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

class ModelCursor implements EngineCursor {
  readonly seqno = 0;
  readonly kind = 1;
  readonly #disk: ModelDisk;
  readonly #seen: Entries;
  readonly #range: RangeOptions;
  /** In the order of the cursor, found when it is placed: bounds are looked at later than they were given. */
  #entries: Entries = [];
  #at = -1;

  constructor(disk: ModelDisk, entries: Entries, range: RangeOptions) {
    this.#disk = disk;
    this.#seen = entries;
    this.#range = range;
  }

  get valid(): boolean {
    return this.#at >= 0 && this.#at < this.#entries.length;
  }

  start(): void {
    this.#disk.fail("start");
    this.#entries = entriesOf(this.#seen, this.#range);
    this.#at = 0;
  }

  seek(key: Uint8Array): void {
    this.#disk.fail("seek", textOf(key));
    this.#entries = entriesOf(this.#seen, this.#range);
    const isIn = entriesOf([storedEntry(key, key)], this.#range).length === 1;
    const side = this.#range.reverse === true ? -1 : 1;
    this.#at = isIn ? this.#entries.findIndex((entry) => Buffer.compare(entry.key, key) * side >= 0) : -1;
  }

  next(): void {
    this.#at += 1;
    const entry = this.#entries[this.#at];
    if (entry !== undefined) this.#disk.fail("next", textOf(entry.key));
  }

  close(): void {
    this.#disk.openCursors -= 1;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get #view(): EntryView {
    const entry = this.#entries[this.#at];
    if (entry === undefined) throw new Error("the cursor stands on no entry");
    return viewOf(entry);
  }

  get keyBytes(): Uint8Array {
    return this.#view.keyBytes;
  }

  get keyStart(): number {
    return this.#view.keyStart;
  }

  get keyEnd(): number {
    return this.#view.keyEnd;
  }

  get valueBytes(): Uint8Array {
    return this.#view.valueBytes;
  }

  get valueStart(): number {
    return this.#view.valueStart;
  }

  get valueEnd(): number {
    return this.#view.valueEnd;
  }
}

/** Those inside the bounds, in the order that is asked for. */
function entriesOf(
  entries: Entries,
  { gt, gte, lt, lte, reverse = false }: KeyBounds & { readonly reverse?: boolean },
): Entries {
  const lower = gte ?? gt;
  const upper = lte ?? lt;
  const found = entries.filter(({ key }) => {
    const above = lower === undefined ? 1 : Buffer.compare(key, lower);
    const below = upper === undefined ? -1 : Buffer.compare(key, upper);
    return (gte === undefined ? above > 0 : above >= 0) && (lte === undefined ? below < 0 : below <= 0);
  });
  return reverse ? found.toReversed() : found;
}

function storedEntry(key: Uint8Array, value: Uint8Array): ModelEntry {
  const bytes = Buffer.concat([Buffer.of(1, 2, 3), key, value, Buffer.of(4)]);
  const keyEnd = 3 + key.length;
  return { bytes, key: bytes.subarray(3, keyEnd), value: bytes.subarray(keyEnd, keyEnd + value.length) };
}

/** Shows the bytes that are stored: whoever changes what is lent changes the database. */
function viewOf({ bytes, key, value }: ModelEntry): EntryView {
  const keyEnd = 3 + key.length;
  return {
    ...{ keyBytes: bytes, keyStart: 3, keyEnd, seqno: 0, kind: 1 },
    ...{ valueBytes: bytes, valueStart: keyEnd, valueEnd: keyEnd + value.length },
  };
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}
