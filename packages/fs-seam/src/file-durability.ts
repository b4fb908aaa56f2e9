import type { LogRecord } from "./effects.js";
import { rootIno, type FsState } from "./fs-state.js";
import type { Ledger } from "./ledger.js";
import { pageBytes } from "./paged-content.js";

/** A range of bytes, `end` exclusive. */
export interface ByteRange {
  /** Byte offset. */
  readonly start: number;
  /** Byte offset, exclusive. */
  readonly end: number;
}

/** What a power loss may do to one file. Ranges are sorted, disjoint and inside the present size. */
export interface FileDurability {
  /** `durable`: every name on the path is. `pending`: one of them may be lost. */
  readonly name: "durable" | "pending";
  /** Present length, and the length that is durable for certain. */
  readonly size: number;
  /** Bytes that survive whatever is lost. */
  readonly durableSize: number;
  /** Bytes that are on the disk as they read now. */
  readonly durable: readonly ByteRange[];
  /** Bytes that may or may not have reached it. */
  readonly pending: readonly ByteRange[];
  /** Bytes that read well and will never reach it: a barrier over them has failed. */
  readonly lost: readonly ByteRange[];
}

/** Describes one file for {@link FileDurability}. */
export function describeDurability(
  path: string,
  ino: number,
  visible: FsState,
  ledger: Ledger,
  records: readonly LogRecord[],
): FileDurability {
  const size = visible.inode(ino)?.content?.size ?? 0;
  const durableSize = ledger.state.inode(ino)?.content?.size ?? 0;
  const map = new RangeMap(size);
  map.set({ start: 0, end: Math.min(size, durableSize) }, "durable");
  const lost = lostSeqs(records);
  const pending = new Set(ledger.pendingOfFile(ino));
  // Lengths first: a length follows its own bytes in the log, and the bytes have the last word about their range.
  for (const effect of records) {
    if (effect.kind === "size" && effect.ino === ino && pending.has(effect) && effect.to > effect.from) {
      map.set({ start: effect.from, end: effect.to }, "pending");
    }
  }
  for (const effect of records) {
    if (effect.kind !== "data" || effect.ino !== ino) continue;
    const range = { start: effect.page * pageBytes + effect.start, end: effect.page * pageBytes + effect.end };
    if (lost.has(effect.seq) || effect.lost || effect.strayTo !== undefined) map.set(range, "lost");
    else map.set(range, pending.has(effect) ? "pending" : "durable");
  }
  return {
    name: nameIsDurable(path, ino, ledger.state) ? "durable" : "pending",
    size,
    durableSize,
    durable: map.ranges("durable"),
    pending: map.ranges("pending"),
    lost: map.ranges("lost"),
  };
}

function lostSeqs(records: readonly LogRecord[]): Set<number> {
  const lost = new Set<number>();
  for (const record of records) if (record.kind === "barrier") for (const seq of record.lost) lost.add(seq);
  return lost;
}

function nameIsDurable(path: string, ino: number, durable: FsState): boolean {
  let at: number | undefined = rootIno;
  if (path === "/") return true;
  for (const name of path.slice(1).split("/")) {
    at = at === undefined ? undefined : durable.lookup(at, name);
  }
  return at === ino;
}

type Standing = "durable" | "pending" | "lost";

/** Last word wins: a small interval map over `[0, size)`. */
class RangeMap {
  readonly #size: number;
  #pieces: { start: number; end: number; standing: Standing }[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  set(range: ByteRange, standing: Standing): void {
    const start = Math.max(0, range.start);
    const end = Math.min(this.#size, range.end);
    if (start >= end) return;
    const last = this.#pieces.at(-1);
    if (last === undefined || last.end <= start) {
      // The usual case of a file that grows: nothing is overwritten.
      if (last?.end === start && last.standing === standing) last.end = end;
      else this.#pieces.push({ start, end, standing });
      return;
    }
    const next: { start: number; end: number; standing: Standing }[] = [];
    for (const piece of this.#pieces) {
      if (piece.start < start) next.push({ ...piece, end: Math.min(piece.end, start) });
      if (piece.end > end) next.push({ ...piece, start: Math.max(piece.start, end) });
    }
    next.push({ start, end, standing });
    this.#pieces = next.sort((a, b) => a.start - b.start);
  }

  ranges(standing: Standing): ByteRange[] {
    const merged: { start: number; end: number }[] = [];
    for (const piece of this.#pieces) {
      if (piece.standing !== standing) continue;
      const last = merged.at(-1);
      if (last !== undefined && last.end === piece.start) last.end = piece.end;
      else merged.push({ start: piece.start, end: piece.end });
    }
    return merged;
  }
}
