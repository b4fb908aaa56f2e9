import type { FileHandle } from "./file-handle.js";

/** How much of overwritten content is remembered per path; older content is forgotten first. */
const maxStaleBytes = 1 << 20;

interface StaleRange {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** What writes have covered up, kept while a rule may ask for a stale read. */
export class StaleBytes {
  readonly #wanted: (path: string) => boolean;
  readonly #ranges = new Map<string, StaleRange[]>();

  /** @param wanted - whether any rule may read this path stale. */
  constructor(wanted: (path: string) => boolean) {
    this.#wanted = wanted;
  }

  /**
   * Remembers a range that is about to be written; what lies behind the end counts as zeros.
   *
   * @param offset - default: the end of the file.
   */
  keep(handle: FileHandle, length: number, offset?: number): void {
    if (length === 0 || handle.mode === "read" || !this.#wanted(handle.path)) return;
    const from = offset ?? handle.stat().size;
    const bytes = new Uint8Array(Math.min(length, maxStaleBytes));
    handle.readAt(bytes, from);
    const ranges = this.#ranges.get(handle.path) ?? [];
    ranges.push({ offset: from, bytes });
    let total = ranges.reduce((sum, range) => sum + range.bytes.length, 0);
    while (total > maxStaleBytes) total -= ranges.shift()?.bytes.length ?? total;
    this.#ranges.set(handle.path, ranges);
  }

  /** Puts what was there before the last write over `target`, which was read at `offset`. */
  overlay(path: string, target: Uint8Array, offset: number): void {
    for (const range of this.#ranges.get(path) ?? []) {
      const from = Math.max(range.offset, offset);
      const end = Math.min(range.offset + range.bytes.length, offset + target.length);
      if (from < end) target.set(range.bytes.subarray(from - range.offset, end - range.offset), from - offset);
    }
  }
}
