import type { EngineSnapshot, TableStore } from "./engine-contract.js";
import type { HashKey } from "./key-hash.js";
import { Memtable } from "./memtable.js";
import { ReadView, type ReadableTables } from "./read-view.js";
import { SnapshotList } from "./snapshot-list.js";
import type { Version } from "./version.js";
import { VersionSet } from "./version-set.js";

/** A memtable that takes no more writes and waits for its table. */
export interface SealedMemtable {
  readonly memtable: Memtable;
  /** Of its records in the log. */
  readonly firstLsn: number;
  readonly lastLsn: number;
  /** What it holds: see {@link LiveTree.activeBytes}. */
  readonly bytes: number;
}

export interface LiveTreeOptions {
  readonly hashKey: HashKey;
  readonly tables: TableStore & ReadableTables;
  readonly version: Version;
  readonly lastSeqno: number;
  /** The log is in tables up to here. */
  readonly flushedLsn: number;
  readonly writeBufferBytes: number;
}

/** What an entry of a memtable costs besides its bytes in the log: columns, index, and a number in a run. */
const ENTRY_BYTES = 48;

/**
 * What can be read: memtables, the version of the tables, and up to which seqno. Changes of it are steps that no reader sees half of; none of them
 * touches a file, but for tables that nobody needs.
 */
export class LiveTree {
  readonly hashKey: HashKey;
  readonly tables: TableStore & ReadableTables;
  readonly versions: VersionSet;
  readonly snapshots: SnapshotList = new SnapshotList();
  readonly #writeBufferBytes: number;
  #active: Memtable;
  #activeBytes = 0;
  #recordBytes = 0;
  #lastLsn: number;
  #sealedLsn: number;
  /** Oldest first. */
  #sealed: readonly SealedMemtable[] = [];
  #visibleSeqno: number;
  #view: ReadView | undefined;
  /** A memtable that was flushed, empty, for the next writes; and parts of others. Memory that is used again costs no collection, and is never more than was needed at once. */
  #spare: Memtable | undefined;
  readonly #freeChunks: Uint8Array[] = [];

  constructor({ hashKey, tables, version, lastSeqno, flushedLsn, writeBufferBytes }: LiveTreeOptions) {
    this.hashKey = hashKey;
    this.tables = tables;
    this.versions = new VersionSet(version, tables);
    this.#visibleSeqno = lastSeqno;
    this.#lastLsn = flushedLsn;
    this.#sealedLsn = flushedLsn;
    this.#writeBufferBytes = writeBufferBytes;
    this.#active = this.#emptyMemtable();
  }

  get version(): Version {
    return this.versions.current;
  }

  /** The last write that readers see: always the last one of a whole record. */
  get visibleSeqno(): number {
    return this.#visibleSeqno;
  }

  get active(): Memtable {
    return this.#active;
  }

  get sealed(): readonly SealedMemtable[] {
    return this.#sealed;
  }

  /** The last record of the log that is in a memtable or table. */
  get lastLsn(): number {
    return this.#lastLsn;
  }

  /** Whether the active memtable has taken as much as it should. */
  get isFull(): boolean {
    return this.#activeBytes >= this.#writeBufferBytes;
  }

  /** What the active memtable holds: bytes of its records and what its entries cost. */
  get activeBytes(): number {
    return this.#activeBytes;
  }

  /** Bytes of all records that were published, those of a replay among them. */
  get recordBytes(): number {
    return this.#recordBytes;
  }

  /** What there is to read; another one after each change of memtables and tables. */
  get view(): ReadView {
    return (this.#view ??= new ReadView({
      memtables: [this.#active, ...this.#sealed.map(({ memtable }) => memtable).reverse()],
      version: this.versions.current,
      tables: this.tables,
      hashKey: this.hashKey,
    }));
  }

  takeSnapshot(): EngineSnapshot {
    return this.snapshots.take(this.#visibleSeqno);
  }

  /** The record with this LSN is whole in the active memtable: readers see it from here on. */
  publish(lsn: number, recordBytes: number, operationCount: number): void {
    this.#visibleSeqno += operationCount;
    this.#lastLsn = lsn;
    this.#recordBytes += recordBytes;
    this.#activeBytes += recordBytes + operationCount * ENTRY_BYTES;
  }

  /** Seqnos up to this one are passed by: whoever had them wrote nothing that is left. */
  skipTo(seqno: number): void {
    this.#visibleSeqno = Math.max(this.#visibleSeqno, seqno);
  }

  /** The active memtable takes no more. Without an entry in it nothing happens. */
  seal(): SealedMemtable | undefined {
    if (this.#active.entryCount === 0) return undefined;
    const { active: memtable, activeBytes: bytes } = this;
    const sealed = { memtable, firstLsn: this.#sealedLsn + 1, lastLsn: this.#lastLsn, bytes };
    this.#sealed = [...this.#sealed, sealed];
    this.#sealedLsn = this.#lastLsn;
    this.#replaceActive();
    return sealed;
  }

  /**
   * The oldest sealed memtable is in tables of `version`, whose edit is durable. Where no cursor stands in it its memory is used again, while there is much to
   * write; otherwise it is the collector's, like all that was kept.
   */
  installFlush(flushed: SealedMemtable, version: Version): void {
    this.#sealed = this.#sealed.filter((each) => each !== flushed);
    this.install(version);
    const { memtable } = flushed;
    if (this.#sealed.length === 0 && this.#activeBytes * 4 < this.#writeBufferBytes) {
      this.#spare = undefined;
      this.#freeChunks.length = 0;
      return;
    }
    if (memtable.readers > 0) return; // it is theirs
    memtable.reset();
    this.#spare ??= memtable;
  }

  install(version: Version): void {
    this.versions.show(version);
    this.#view = undefined;
  }

  /** Everything up to the record with this LSN is gone for whoever looks from here on. The record has taken one seqno. */
  clear(lsn: number, version: Version): void {
    this.#sealed = [];
    this.#visibleSeqno += 1;
    this.#lastLsn = lsn;
    this.#sealedLsn = lsn;
    this.#replaceActive();
    this.install(version);
  }

  #replaceActive(): void {
    this.#active = this.#emptyMemtable();
    this.#activeBytes = 0;
    this.#view = undefined;
  }

  #emptyMemtable(): Memtable {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare !== undefined) return spare;
    const expectedEntries = Math.min(0x1_0000, Math.floor(this.#writeBufferBytes / 128));
    return new Memtable({ hashKey: this.hashKey, expectedEntries, freeChunks: this.#freeChunks });
  }
}
