import { approximateSize } from "./approximate-size.js";
import type { EngineCursor, EngineSnapshot, RangeOptions, ReadOptions } from "./engine-contract.js";
import type { EntryView } from "./entry-cursor.js";
import { entryKinds } from "./internal-key.js";
import type { LiveTree } from "./live-tree.js";
import { LsmError } from "./lsm-error.js";
import { checkAreBytes, checkIsBytes, checkKeys } from "./option-check.js";

/** Reading, which is the same beside a writer and by it: a moment is fixed by the call, and nothing is waited for. */
export abstract class ReadableEngine {
  protected abstract readonly tree: LiveTree;
  /** What a read at a snapshot goes through. */
  protected treeOf(_snapshot: EngineSnapshot | undefined): LiveTree {
    return this.tree;
  }

  /** Throws unless the database is open. */
  protected abstract checkOpen(): void;

  /** An owned copy of the value; undefined when there is none. */
  get(key: Uint8Array, options?: ReadOptions): Uint8Array | undefined {
    const found = this.find(key, options);
    return found?.valueBytes.slice(found.valueStart, found.valueEnd); // of a memtable or a block, never a Buffer
  }

  /** The entry where it lies, lent until the next call; undefined when there is none. */
  find(key: Uint8Array, options?: ReadOptions): EntryView | undefined {
    this.checkOpen();
    checkIsBytes(key, "key");
    const tree = this.treeOf(options?.snapshot);
    const found = tree.view.find(key, seqnoOf(options, tree), undefined, options?.fillCache);
    return found === undefined || found.kind === entryKinds.delete ? undefined : found;
  }

  /** As `get` for each key, all of the same moment. */
  getMany(keys: readonly Uint8Array[], options?: ReadOptions): (Uint8Array | undefined)[] {
    this.checkOpen();
    for (const key of keys) checkIsBytes(key, "every key");
    const tree = this.treeOf(options?.snapshot);
    return tree.view.getMany(keys, seqnoOf(options, tree), options?.fillCache);
  }

  /** Whether there is an entry that is no delete. */
  has(key: Uint8Array, options?: ReadOptions): boolean {
    return this.find(key, options) !== undefined;
  }

  /** A moment: everything that reads see now. Release it. */
  snapshot(): EngineSnapshot {
    this.checkOpen();
    return this.tree.takeSnapshot();
  }

  /** Bytes of table files that hold keys from `start` up to `end`, exclusive; what is in memory alone does not count. */
  approximateSize(start: Uint8Array, end: Uint8Array): number {
    this.checkOpen();
    checkIsBytes(start, "start");
    checkIsBytes(end, "end");
    return approximateSize(this.tree.version, this.tree.tables, start, end);
  }

  /** Entries inside the bounds. Close it. */
  cursor(range: RangeOptions = {}): EngineCursor {
    this.checkOpen();
    checkKeys(range, rangeKeys, "a cursor");
    const { gt, gte, lt, lte } = range;
    checkAreBytes({ gt, gte, lt, lte });
    const tree = this.treeOf(range.snapshot);
    const pin = tree.versions.pin();
    try {
      return tree.view.cursor(seqnoOf(range, tree), range, () => pin.release());
    } catch (error) {
      pin.release();
      throw error;
    }
  }
}

/** What {@link RangeOptions} may have. */
export const rangeKeys: readonly string[] = ["gt", "gte", "lt", "lte", "reverse", "snapshot", "fillCache"];

function seqnoOf(options: ReadOptions | undefined, tree: LiveTree): number {
  const snapshot = options?.snapshot;
  if (snapshot === undefined) return tree.visibleSeqno;
  if (snapshot.released) throw new LsmError("LSM_SNAPSHOT_RELEASED", "the snapshot was released");
  return snapshot.seqno;
}
