import { EntryCursor, type EntryView } from "./entry-cursor.js";
import { entryKinds, equalBytes, MAX_KEY_BYTES, MAX_SEQNO, MAX_VALUE_BYTES } from "./internal-key.js";
import { hashKey, type HashKey } from "./key-hash.js";
import { KeyIndex } from "./key-index.js";
import { MemtableEntries } from "./memtable-entries.js";
import { MemtableRuns, resultOf, type Run } from "./memtable-runs.js";
import { checkKeys, checkWhole } from "./option-check.js";

/** What a memtable is made for. */
export interface MemtableOptions {
  /** The key of the hashes given to `find`: that of the database. */
  readonly hashKey: HashKey;
  /** How many entries there will be; room for them is made at once. Default 1024. */
  readonly expectedEntries?: number;
  /** Memory that nobody uses any more: taken from here before any is allocated, and given back by {@link Memtable.reset}. Default a list of its own. */
  readonly freeChunks?: Uint8Array[];
}

/**
 * The writes that are not in a table yet. Entries are appended and never change; a hash index finds the newest version of a key and
 * a chain leads to the older ones; order is made only for whoever iterates or flushes.
 *
 * Visibility is the reader's: an entry above the seqno that is asked for does not exist for it, so a batch can be added before it may be seen.
 */
export class Memtable {
  /** How many cursors may still be moved; whoever makes one that outlives his call counts it here. */
  readers = 0;
  readonly #entries: MemtableEntries;
  readonly #index: KeyIndex;
  readonly #runs: MemtableRuns;
  readonly #hashKey: HashKey;
  readonly #found: MemtableCursor;
  #minSeqno = 0;
  #maxSeqno = 0;
  #deletes = 0;

  /** @throws `TypeError` or `RangeError` that names the option. */
  constructor(options: MemtableOptions) {
    checkKeys(options, ["hashKey", "expectedEntries", "freeChunks"], "Memtable");
    const { expectedEntries = 1024, freeChunks = [] } = options;
    checkWhole(expectedEntries, "expectedEntries", 0, 0x400_0000);
    this.#hashKey = options.hashKey;
    this.#entries = new MemtableEntries(expectedEntries, freeChunks);
    this.#index = new KeyIndex(expectedEntries);
    this.#runs = new MemtableRuns(this.#entries);
    this.#found = new MemtableCursor(this.#entries, new Uint32Array());
  }

  /** Entries, deletes and older versions included. */
  get entryCount(): number {
    return this.#entries.count;
  }

  /** Those that are deletes. */
  get deleteCount(): number {
    return this.#deletes;
  }

  /** Least and greatest seqno; 0 while it is empty. */
  get minSeqno(): number {
    return this.#minSeqno;
  }

  /** Highest seqno among them; 0 without entries. */
  get maxSeqno(): number {
    return this.#maxSeqno;
  }

  /** Bytes in memory: arena, columns and index, without runs. */
  get bytes(): number {
    return this.#entries.bytes + this.#index.bytes;
  }

  /** Adds a put; key and value are copied. `hash` is that of the key where the caller has it already. */
  put(key: Uint8Array, value: Uint8Array, seqno: number, hash: number = this.#hash(key)): void {
    this.add(entryKinds.put, seqno, hash, key, 0, key.length, value, 0, value.length);
  }

  /** Adds a delete; the key is copied. */
  delete(key: Uint8Array, seqno: number, hash: number = this.#hash(key)): void {
    this.add(entryKinds.delete, seqno, hash, key, 0, key.length, key, 0, 0);
  }

  /**
   * Adds an entry whose bytes lie in larger ones, such as a log record. They are copied.
   *
   * @throws `RangeError` unless the seqno is above all earlier ones and key and value are in bounds; nothing is added then.
   */
  add(
    kind: number,
    seqno: number,
    hash: number,
    keyBytesOf: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueBytesOf: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const keyBytes = keyEnd - keyStart;
    const valueBytes = valueEnd - valueStart;
    this.#check(kind, seqno, keyBytes, valueBytes);
    const at = this.#entries.keepPair(keyBytesOf, keyStart, keyEnd, valueBytesOf, valueStart, valueEnd);
    const middle = at + keyBytes;
    this.#enter(kind, seqno, hash, at, middle, middle, middle + valueBytes);
  }

  /**
   * Copies `bytes[start, end)`, a record of the log with many entries, and returns where it lies: the caller goes through it and gives each to {@link addKept},
   * before anything else is added.
   */
  keep(bytes: Uint8Array, start: number, end: number): number {
    return this.#entries.keep(bytes, start, end);
  }

  /** Adds an entry that lies in what {@link keep} has copied, its value at most 255 bytes behind its key. Throws as {@link add} does. */
  addKept(
    kind: number,
    seqno: number,
    hash: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.#check(kind, seqno, keyEnd - keyStart, valueEnd - valueStart);
    this.#enter(kind, seqno, hash, keyStart, keyEnd, valueStart, valueEnd);
  }

  /**
   * The newest version of `key` up to `seqno`, a delete too; undefined when there is none here.
   *
   * @param hash - of the key, with the hash key of the options.
   * @returns lent until the next call, its value until {@link reset}.
   */
  find(key: Uint8Array, hash: number, seqno: number): EntryView | undefined {
    const entries = this.#entries;
    const index = this.#index;
    let slot = index.start(hash);
    let id = index.entryAt(slot, hash);
    while (id !== -1 && (id === -2 || entries.compareKey(id, key, 0, key.length) !== 0)) {
      slot = index.after(slot);
      id = index.entryAt(slot, hash);
    }
    if (id >= 0) id = entries.versionUpTo(id, seqno);
    if (id < 0) return undefined;
    this.#found.stand(id);
    return this.#found;
  }

  /** Cursors that together see each entry there is by now once, and none that comes later. */
  cursors(): MemtableCursor[] {
    return this.#runs.all().map((run) => new MemtableCursor(this.#entries, run));
  }

  /** One cursor over all entries there are by now. */
  sortedCursor(): MemtableCursor {
    return resultOf(this.sortedInSteps());
  }

  /** The same for a flush, which has a pause wherever this yields. Nothing may be added meanwhile. */
  *sortedInSteps(): Generator<void, MemtableCursor, void> {
    return new MemtableCursor(this.#entries, yield* this.#runs.one());
  }

  /** Empties it for other writes, in the same memory: what cursors or `find` have handed out of it is gone. */
  reset(): void {
    this.#entries.reset();
    this.#index.reset();
    this.#runs.reset();
    this.#minSeqno = 0;
    this.#maxSeqno = 0;
    this.#deletes = 0;
  }

  #check(kind: number, seqno: number, keyBytes: number, valueBytes: number): void {
    checkWhole(seqno, "seqno", this.#maxSeqno + 1, MAX_SEQNO);
    if (!(keyBytes <= MAX_KEY_BYTES)) throw new RangeError(`a key may have ${MAX_KEY_BYTES} bytes, not ${keyBytes}`);
    if (!(valueBytes <= MAX_VALUE_BYTES)) {
      throw new RangeError(`a value may have ${MAX_VALUE_BYTES} bytes, not ${valueBytes}`);
    }
    if (kind !== entryKinds.put && kind !== entryKinds.delete) {
      throw new RangeError(`kind must be 1 or 2, not ${String(kind)}`);
    }
  }

  /** Puts an entry that was checked behind the older versions of its key, which lies in what was kept last like its value. */
  #enter(
    kind: number,
    seqno: number,
    hash: number,
    keyStart: number,
    keyEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    const entries = this.#entries;
    const index = this.#index;
    const { kept } = entries;
    let slot = index.start(hash);
    let newest = index.entryAt(slot, hash);
    while (newest !== -1 && (newest === -2 || entries.compareKey(newest, kept, keyStart, keyEnd) !== 0)) {
      slot = index.after(slot);
      newest = index.entryAt(slot, hash);
    }
    const id = entries.add(kind, seqno, keyStart, keyEnd, valueStart, valueEnd);
    if (newest === -1) {
      index.add(slot, hash, id);
    } else {
      entries.link(id, newest);
      index.replace(slot, id);
    }
    if (id === 0) this.#minSeqno = seqno;
    this.#maxSeqno = seqno;
    if (kind === entryKinds.delete) this.#deletes += 1;
  }

  #hash(key: Uint8Array): number {
    return hashKey(key, 0, key.length, this.#hashKey);
  }
}

/** Goes through a run of a memtable, in both directions. */
export class MemtableCursor extends EntryCursor {
  readonly #entries: MemtableEntries;
  readonly #run: Run;
  #at = 0;

  constructor(entries: MemtableEntries, run: Run) {
    super();
    this.#entries = entries;
    this.#run = run;
  }

  first(): void {
    this.#to(0);
  }

  last(): void {
    this.#to(this.#run.length - 1);
  }

  next(): void {
    this.#step(this.#at + 1);
  }

  prev(): void {
    this.#step(this.#at - 1);
  }

  seek(key: Uint8Array, seqno: number): void {
    this.#to(this.#lowerBound(key, seqno));
  }

  seekBefore(key: Uint8Array, seqno: number): void {
    this.#to(this.#lowerBound(key, seqno) - 1);
  }

  /** Makes the fields those of an entry. */
  stand(id: number): void {
    const entries = this.#entries;
    const start = entries.keyStart(id);
    const chunk = entries.chunk(id);
    this.keyBytes = chunk;
    this.keyStart = start;
    this.keyEnd = start + entries.keyBytes(id);
    this.seqno = entries.seqno(id);
    this.kind = entries.kind(id);
    this.valueBytes = chunk;
    this.valueStart = entries.valueStart(id);
    this.valueEnd = this.valueStart + entries.valueBytes(id);
    this.valid = true;
  }

  #step(at: number): void {
    const { keyBytes, keyStart, keyEnd } = this;
    this.#to(at);
    this.repeatsKey = equalBytes(keyBytes, keyStart, keyEnd, this.keyBytes, this.keyStart, this.keyEnd);
  }

  #to(at: number): void {
    this.#at = at;
    if (at >= 0 && at < this.#run.length) this.stand(this.#run[at]!);
    else this.valid = false;
  }

  #lowerBound(key: Uint8Array, seqno: number): number {
    const entries = this.#entries;
    let low = 0;
    for (let high = this.#run.length; low < high;) {
      const middle = (low + high) >>> 1;
      const id = this.#run[middle]!; // below the length
      const order = entries.compareKey(id, key, 0, key.length);
      if (order < 0 || (order === 0 && entries.seqno(id) > seqno)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
