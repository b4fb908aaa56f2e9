import { applyEffect, homesOf, isDirectoryMove, needs } from "./effect-rules.js";
import { isName, type BarrierRecord, type Effect, type LogRecord, type NameEffect } from "./effects.js";
import { FsState, type Image } from "./fs-state.js";
import { pageBytes, type SlabAllocator } from "./paged-content.js";
import type { Personality } from "./personality.js";

/**
 * Replays a log under one personality: what is durable, and what is still pending. Advancing costs what it settles:
 * pending effects are kept by file and by directory, so a barrier looks only at its own.
 *
 * Invariants: `state` is the least a power loss leaves (I6); an effect is either settled, pending or lost, never two of
 * these; the pending effects of one file, and of one directory, are in log order.
 */
export class Ledger {
  readonly personality: Personality;
  /** What is durable for certain. */
  readonly state: FsState;
  /** Records before this one have been replayed. */
  position = 0;
  /** Files whose durable bytes differ from what was written, because the disk failed them. */
  readonly touchedByDisk: Set<number> = new Set();
  readonly #records: readonly LogRecord[];
  readonly #files = new Map<number, Effect[]>();
  readonly #directories = new Map<number, NameEffect[]>();

  constructor(personality: Personality, base: Image, records: readonly LogRecord[], slab?: SlabAllocator) {
    this.personality = personality;
    this.state = new FsState(base, slab);
    this.#records = records;
  }

  /** Replays the records before `to`. */
  advance(to: number = this.#records.length): void {
    while (this.position < to) {
      const record = this.#records[this.position] as LogRecord; // below length
      this.position += 1;
      this.#replay(record);
    }
  }

  #replay(record: LogRecord): void {
    switch (record.kind) {
      case "data":
        if (record.lost || record.strayTo !== undefined) this.touchedByDisk.add(record.ino);
        if (record.strayTo !== undefined) this.touchedByDisk.add(record.strayTo.ino);
        if (!record.lost) push(this.#files, record.ino, record);
        return;
      case "size":
        push(this.#files, record.ino, record);
        return;
      case "link":
      case "unlink":
        push(this.#directories, record.directory, record);
        return;
      case "barrier":
        this.#barrier(record);
        return;
      case "writeback":
        this.settle(this.#pendingAmong(new Set(record.effects)));
        return;
      case "media":
        this.#flip(record.ino, record.offset, record.bit);
        return;
      case "mark":
        return;
    }
  }

  #pendingAmong(seqs: ReadonlySet<number>): Effect[] {
    return this.pending().filter((effect) => seqs.has(effect.seq));
  }

  #barrier(record: BarrierRecord): void {
    if (record.outcome === "failed") this.#lose(record);
    if (record.outcome !== "done") return;
    const { fileSync, namesSync } = this.personality.closures;
    const plain = record.scope === "all" || (record.scope === "file" ? fileSync === "bytes" : namesSync === "entries");
    this.settle(this.#coveredBy(record), plain);
  }

  /** Lost bytes count as clean: no later barrier will write them. */
  #lose(record: BarrierRecord): void {
    const lost = new Set(record.lost);
    const list = this.#files.get(record.ino);
    if (list === undefined || lost.size === 0) return;
    this.touchedByDisk.add(record.ino);
    this.#files.set(
      record.ino,
      list.filter((effect) => !lost.has(effect.seq)),
    );
  }

  #coveredBy(record: BarrierRecord): Effect[] {
    const { fileSync, namesSync } = this.personality.closures;
    const own = this.#ownEffects(record);
    const widens = record.scope === "file" ? fileSync : namesSync;
    if (record.scope === "all" || widens === "bytes" || widens === "entries") return own;
    const all = this.pending().filter((effect) => effect.seq < record.covers);
    if (widens === "own-names") return [...own, ...all.filter((effect) => isName(effect) && effect.ino === record.ino)];
    return [...own, ...all.filter((effect) => effect.kind !== "data")];
  }

  #ownEffects(record: BarrierRecord): Effect[] {
    if (record.scope === "all") return this.pending().filter((effect) => effect.seq < record.covers);
    const list: readonly Effect[] = (record.scope === "file" ? this.#files : this.#directories).get(record.ino) ?? [];
    return list.filter((effect) => effect.seq < record.covers);
  }

  /**
   * Makes effects durable, with all they need and the rest of their groups. `prefixes` says that every file and
   * directory in the set comes with all its earlier effects, as behind a barrier: then only effects that reach into
   * another directory have companions to look for.
   */
  settle(effects: readonly Effect[], prefixes = false): void {
    const chosen = new Set(effects);
    const queue = [...chosen];
    const local = prefixes && this.personality.edges.metadataOrder === "free";
    for (let at = 0; at < queue.length; at += 1) {
      const effect = queue[at] as Effect; // below length
      if (local && at < effects.length && !reachesOut(effect)) continue; // what joined later brings its own companions
      for (const other of this.#companions(effect)) {
        if (chosen.has(other)) continue;
        chosen.add(other);
        queue.push(other);
      }
    }
    queue.sort((a, b) => a.seq - b.seq);
    for (const effect of queue) applyEffect(this.state, effect);
    this.#forget(queue, chosen);
  }

  /** Pending effects that must persist when `effect` does. Files never need names, so a file's own list is enough. */
  #companions(effect: Effect): Effect[] {
    const fifo = this.personality.edges.metadataOrder === "fifo" && effect.kind !== "data";
    const near: readonly Effect[] =
      isName(effect) || fifo ? this.#pendingMetadata(fifo) : (this.#files.get(effect.ino) ?? []);
    const homes: readonly Effect[] = homesOf(this.personality, effect, near);
    return near.filter(
      (other) =>
        homes.includes(other) ||
        cutBelow(effect, other) ||
        (other.seq < effect.seq && needs(this.personality, effect, other)) ||
        (this.personality.rename === "atomic" && isName(effect) && isName(other) && other.group === effect.group),
    );
  }

  #pendingMetadata(withSizes: boolean): Effect[] {
    const names: Effect[] = [...this.#directories.values()].flat();
    if (!withSizes) return names;
    return [...names, ...[...this.#files.values()].flat()];
  }

  #forget(queue: readonly Effect[], settled: ReadonlySet<Effect>): void {
    const files = new Set<number>();
    const directories = new Set<number>();
    for (const effect of queue) {
      if (isName(effect)) directories.add(effect.directory);
      else files.add(effect.ino);
    }
    for (const ino of files) keep(this.#files, ino, settled);
    for (const ino of directories) keep(this.#directories, ino, settled);
  }

  #flip(ino: number, offset: number, bit: number): void {
    this.touchedByDisk.add(ino);
    const page = Math.floor(offset / pageBytes);
    const start = offset - page * pageBytes;
    const byte = new Uint8Array(1);
    this.state.inode(ino)?.content?.read(byte, offset);
    byte[0] = (byte[0] ?? 0) ^ (1 << bit);
    if (this.state.inode(ino) !== undefined) this.state.writeRange(ino, page, start, start + 1, byte, 0);
  }

  /** Everything that may or may not survive, in log order. */
  pending(): Effect[] {
    const all: Effect[] = [];
    for (const list of this.#files.values()) for (const effect of list) all.push(effect);
    for (const list of this.#directories.values()) for (const effect of list) all.push(effect);
    return all.sort((a, b) => a.seq - b.seq);
  }

  /** Pending bytes and lengths of one file. */
  pendingOfFile(ino: number): readonly Effect[] {
    return this.#files.get(ino) ?? [];
  }

  pendingOfDirectory(ino: number): readonly NameEffect[] {
    return this.#directories.get(ino) ?? [];
  }
}

/**
 * Bytes that settle while an earlier cut below them is pending would be taken away when that cut is applied after them,
 * so the cut settles with them. Only write-back of single effects comes here: a barrier settles a file's cuts anyway.
 */
function cutBelow(effect: Effect, cut: Effect): boolean {
  if (effect.kind !== "data" || cut.kind !== "size" || cut.ino !== effect.ino) return false;
  return cut.seq < effect.seq && cut.to < cut.from && cut.to < effect.page * pageBytes + effect.end;
}

function reachesOut(effect: Effect): boolean {
  if (!isName(effect)) return false;
  // A directory that is merely created stands on nothing; moving or removing one reaches into others.
  return (
    effect.rename === "across" ||
    (effect.inodeKind === "directory" && effect.kind === "unlink") ||
    isDirectoryMove(effect)
  );
}

function push<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function keep<T extends Effect>(map: Map<number, T[]>, key: number, settled: ReadonlySet<Effect>): void {
  const left = (map.get(key) ?? []).filter((effect) => !settled.has(effect));
  if (left.length === 0) map.delete(key);
  else map.set(key, left);
}
