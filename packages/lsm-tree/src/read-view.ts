import type { TableStore } from "./engine-contract.js";
import type { EntryCursor, EntryView } from "./entry-cursor.js";
import { compareUserKeys, entryKinds } from "./internal-key.js";
import { hashKey, type HashKey } from "./key-hash.js";
import { LevelCursor } from "./level-cursor.js";
import type { Memtable } from "./memtable.js";
import { MergeIterator } from "./merge-iterator.js";
import type { TableMeta } from "./version-edit.js";
import type { Version } from "./version.js";
import { ViewCursor } from "./view-cursor.js";
import type { KeyBounds } from "./visible-entries.js";

/** What a view needs of the files of tables. */
export interface ReadableTables extends Pick<TableStore, "reader" | "pin"> {
  /** How many reads of files there were. */
  readonly readCount: number;
}

/** What a view is made of. */
export interface ReadViewOptions {
  /** Newest first; each key's versions in one are newer than those in the next. */
  readonly memtables: readonly Memtable[];
  /** Its tables. */
  readonly version: Version;
  /** Opens them. */
  readonly tables: ReadableTables;
  /** That of the database. */
  readonly hashKey: HashKey;
}

export interface ViewRange extends KeyBounds {
  /** Descending order. Default false. */
  readonly reverse?: boolean;
  /** Whether blocks that are read go into the cache. Default true. */
  readonly fillCache?: boolean;
}

/** So many reads of files say that the keys of a `getMany` are not in memory: sorting the rest of them costs less than reading a block twice. */
const READS_BEFORE_SORTING = 4;

/**
 * Memtables and tables as one source, for reads at any seqno. It is immutable, so it is made once for each version and set of memtables, not for
 * each read; whoever reads sees to it that its tables stay for as long.
 *
 * Where a key is looked for: active memtable, sealed ones newest first, level 0 newest first, and then one table of each level. All versions of a
 * key in an earlier place are newer than those in a later one, so the first version that the seqno sees decides.
 */
export class ReadView {
  readonly #memtables: readonly Memtable[];
  readonly #version: Version;
  readonly #tables: ReadableTables;
  readonly #hashKey: HashKey;

  /** @param options - its parts are borrowed. */
  constructor(options: ReadViewOptions) {
    this.#memtables = options.memtables;
    this.#version = options.version;
    this.#tables = options.tables;
    this.#hashKey = options.hashKey;
  }

  /**
   * The newest version of `key` up to `seqno`, a delete too; undefined when there is none.
   *
   * @param hash - of the key, where the caller has it already.
   * @param fillCache - whether blocks that are read go into the cache.
   * @returns lent until the next call.
   * @throws LsmError of a table that is missing or damaged, with its file and keys. Keys that lie in others, or in newer places, are found.
   */
  find(
    key: Uint8Array,
    seqno: number,
    hash: number = this.hash(key),
    fillCache: boolean = true,
  ): EntryView | undefined {
    for (const memtable of this.#memtables) {
      if (memtable.entryCount === 0) continue; // its index is large, and a look at it costs as much as memory is slow
      const found = memtable.find(key, hash, seqno);
      if (found !== undefined) return found;
    }
    const { levels } = this.#version;
    for (let level = 0; level < levels.length; level++) {
      const tables = levels[level]!; // below the length
      if (tables.length === 0) continue;
      const found =
        level === 0
          ? this.#findInOverlapping(tables, key, seqno, hash, fillCache)
          : this.#findIn(this.#version.tableFor(level, key), key, seqno, hash, fillCache);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * The values of many keys as one seqno sees them, each owned by the caller; undefined for a key without one.
   *
   * While blocks are in memory keys are looked for one after another. Once files have to be read the rest is looked for in order, so that each table is
   * gone through once, and a block is read once however many keys are in it and however small the cache is.
   */
  getMany(keys: readonly Uint8Array[], seqno: number, fillCache: boolean = true): (Uint8Array | undefined)[] {
    const values = Array.from<Uint8Array | undefined>({ length: keys.length });
    const limit = this.#tables.readCount + READS_BEFORE_SORTING;
    let at = 0;
    for (; at < keys.length && this.#tables.readCount < limit; at++) {
      values[at] = this.#valueOf(keys[at]!, seqno, fillCache); // below the length
    }
    if (at === keys.length) return values;
    const rest = keys.slice(at).map((key, index) => ({ key, index: at + index }));
    rest.sort((a, b) => compareUserKeys(a.key, b.key));
    for (const { key, index } of rest) values[index] = this.#valueOf(key, seqno, fillCache);
    return values;
  }

  /**
   * A cursor over what `seqno` sees inside the bounds. It stands nowhere yet. At a table that cannot be opened it fails when it comes to the keys of that, and
   * not before; what lies behind can be sought.
   *
   * @param onClose - called once, when it is closed. Until then none of the memtables may be reset.
   */
  cursor(seqno: number, range: ViewRange = {}, onClose?: () => void): ViewCursor {
    const { reverse = false, fillCache = true } = range;
    const sources: EntryCursor[] = this.#memtables.flatMap((memtable) => memtable.cursors());
    const levels = this.#levelsOf(seqno, range).map((tables) => new LevelCursor(this.#tables, tables, fillCache, true));
    const direction = reverse ? "reverse" : "forward";
    const merge = new MergeIterator([...sources, ...levels], direction);
    const cursor = new ViewCursor(merge, {
      ...{ direction, seqno, bounds: range, levels },
      onClose: () => {
        for (const memtable of this.#memtables) memtable.readers -= 1;
        onClose?.();
      },
    });
    for (const memtable of this.#memtables) memtable.readers += 1;
    return cursor;
  }

  /** The hash that `find` takes. */
  hash(key: Uint8Array): number {
    return hashKey(key, 0, key.length, this.#hashKey);
  }

  #valueOf(key: Uint8Array, seqno: number, fillCache: boolean): Uint8Array | undefined {
    const found = this.find(key, seqno, this.hash(key), fillCache);
    if (found === undefined || found.kind === entryKinds.delete) return undefined;
    return found.valueBytes.slice(found.valueStart, found.valueEnd);
  }

  /** Newest first, and seqnos of these do not overlap: what the first one has is the newest. */
  #findInOverlapping(
    tables: readonly TableMeta[],
    key: Uint8Array,
    seqno: number,
    hash: number,
    fillCache: boolean,
  ): EntryView | undefined {
    for (const table of tables) {
      if (compareUserKeys(key, table.smallest) < 0 || compareUserKeys(key, table.largest) > 0) continue;
      const found = this.#findIn(table, key, seqno, hash, fillCache);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #findIn(
    table: TableMeta | undefined,
    key: Uint8Array,
    seqno: number,
    hash: number,
    fillCache: boolean,
  ): EntryView | undefined {
    if (table === undefined || table.minSeqno > seqno) return undefined;
    return this.#tables.reader(table).find(key, hash, seqno, fillCache);
  }

  /** Sorted runs of tables that have something `seqno` may see inside the bounds: each of level 0 by itself, and every other level. */
  #levelsOf(seqno: number, { gt, gte, lt, lte }: KeyBounds): (readonly TableMeta[])[] {
    const [above, below] = [gte === undefined ? gt : undefined, lte === undefined ? lt : undefined];
    const isMeant = ({ minSeqno, smallest, largest }: TableMeta): boolean =>
      minSeqno <= seqno &&
      (above === undefined || compareUserKeys(largest, above) > 0) &&
      (below === undefined || compareUserKeys(smallest, below) < 0);
    const runs: TableMeta[][] = [];
    for (let level = 0; level < this.#version.levels.length; level++) {
      const tables = this.#version.overlapping(level, gte ?? gt, lte ?? lt).filter(isMeant);
      if (level === 0) runs.push(...tables.map((table) => [table]));
      else if (tables.length > 0) runs.push(tables);
    }
    return runs;
  }
}
