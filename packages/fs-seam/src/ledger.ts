import { closeOver, unitsOf, type Unit } from "./crash-units.js";
import { applyEffect, birthOf, comesAlong, cutBelow, homesOf, isRestated, needs, reachesOut } from "./effect-rules.js";
import {
  isName,
  type BarrierRecord,
  type Effect,
  type LogRecord,
  type NameEffect,
  type SizeEffect,
} from "./effects.js";
import { FsState, type Image } from "./fs-state.js";
import { pageBytes } from "./paged-content.js";
import type { SlabAllocator } from "./slab-allocator.js";
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
  /** Bytes and lengths that are on their way to the disk, see `#startWriteBack`. */
  readonly #started = new Set<Effect>();
  /** Files and directories that barriers of a tree log have been about. */
  readonly #logged = new Set<number>();
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
        if (record.bytes === undefined) this.#started.add(record); // zeros of a cut or a hole go with any commit
        return;
      case "size":
        if (isRestated(record)) this.#startWriteBack(record);
        if (this.#counts(record)) push(this.#files, record.ino, record);
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

  /** A length that is stated again counts where that brings a pending one into the journal. */
  #counts(record: SizeEffect): boolean {
    const { cause, ino } = record;
    if (!isRestated(record)) return true;
    if (!this.personality.edges.lengthEntersAt.some((at) => at === cause)) return false;
    return (this.#files.get(ino) ?? []).some((effect) => effect.kind === "size");
  }

  #pendingAmong(seqs: ReadonlySet<number>): Effect[] {
    return this.pending().filter((effect) => seqs.has(effect.seq));
  }

  #barrier(record: BarrierRecord): void {
    if (record.outcome === "failed") this.#lose(record);
    if (record.outcome !== "done") return;
    const settled = this.#closureOf(record);
    const inTreeLog = this.personality.closures.reach === "tree-log" && record.scope !== "all";
    const parents = inTreeLog && record.scope === "file" ? this.#newParents(record.ino, settled) : [];
    this.#apply(settled);
    if (inTreeLog) this.#bringAlong(record, settled, new Set(parents));
    for (const effect of this.#journaledBefore(record.covers)) this.#started.add(effect);
  }

  /** Everything that is durable once a barrier has returned. */
  #closureOf(record: BarrierRecord): Effect[] {
    const own = this.#coveredBy(record);
    const { closures, edges } = this.personality;
    if (closures.reach === "tree-log" && record.scope !== "all") return this.#alongTreeLog(own);
    if (edges.metadataOrder === "journal") return this.#olderInJournal(own, record.covers);
    const whole = record.scope === "all" ? closures.everything === "all" : this.#widening(record) === "plain";
    return this.#withCompanions(own, whole);
  }

  /** Directories where a file that had a name gets another one by these effects. */
  #newParents(ino: number, effects: readonly Effect[]): number[] {
    const own = effects.filter((effect): effect is NameEffect => isName(effect) && effect.ino === ino);
    const born = (this.state.inode(ino)?.links ?? 0) === 0 ? own.find(({ kind }) => kind === "link") : undefined;
    return own.filter((effect) => effect !== born).map(({ directory }) => directory);
  }

  /**
   * Notes what a barrier may have brought along in the tree log: names of what the log has been about, and names in the
   * directories where this file has got another name.
   */
  #bringAlong({ ino, covers }: BarrierRecord, settled: readonly Effect[], parents: ReadonlySet<number>): void {
    this.#logged.add(ino);
    for (const effect of settled) {
      if (!isName(effect)) continue;
      this.#logged.add(effect.ino);
      if (effect.rename === "across") this.#logged.add(effect.directory);
    }
    const comes = (effect: NameEffect): boolean =>
      effect.seq < covers && (this.#logged.has(effect.ino) || parents.has(effect.directory));
    const groups = new Set<number>();
    for (const effect of this.#names()) if (comes(effect)) groups.add(effect.group);
    for (const [directory, list] of this.#directories) {
      this.#directories.set(
        directory,
        list.map((effect) => (groups.has(effect.group) && !effect.unordered ? effect.withoutOrder() : effect)),
      );
    }
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

  /** Whether a barrier settles the names of what it is about, too. */
  #widening({ scope, rung }: BarrierRecord): "plain" | "own-names" {
    const { fileSync, dataSync, namesSync } = this.personality.closures;
    const closure = scope === "names" ? namesSync : rung === "full" ? fileSync : dataSync;
    return closure === "own-names" ? "own-names" : "plain";
  }

  /** What a barrier covers by itself, before anything comes along that this needs. */
  #coveredBy(record: BarrierRecord): Effect[] {
    const own = this.#ownEffects(record);
    if (record.scope === "all") return this.#flushedByAll(own);
    if (this.#widening(record) === "plain") return own;
    const names = this.#names().filter((effect) => effect.ino === record.ino && effect.seq < record.covers);
    return [...own, ...names.filter((effect) => !own.includes(effect))];
  }

  /** A barrier over everything may find the journal empty and leave bytes in the cache of the disk. */
  #flushedByAll(all: Effect[]): Effect[] {
    return this.personality.closures.everything === "all" ? all : all.filter((effect) => effect.kind !== "data");
  }

  /** Pending names, in log order. */
  #names(): NameEffect[] {
    return [...this.#directories.values()].flat().sort((a, b) => a.seq - b.seq);
  }

  #ownEffects(record: BarrierRecord): Effect[] {
    if (record.scope === "all") return this.pending().filter((effect) => effect.seq < record.covers);
    const list: readonly Effect[] = (record.scope === "file" ? this.#files : this.#directories).get(record.ino) ?? [];
    return list.filter((effect) => effect.seq < record.covers);
  }

  /** Makes effects durable, with all they need and the rest of their groups. */
  settle(effects: readonly Effect[]): void {
    const journals = this.personality.edges.metadataOrder === "journal";
    this.#apply(journals ? this.#olderInJournal(effects, 0) : this.#withCompanions(effects, false));
  }

  /** Makes effects durable and takes them off the pending lists. */
  #apply(settled: Effect[]): void {
    settled.sort((a, b) => a.seq - b.seq);
    for (const effect of settled) applyEffect(this.state, effect, this.personality);
    this.#forget(settled, new Set(settled));
    for (const effect of settled) if (effect.kind === "size") this.#supersede(effect);
  }

  /**
   * A length that is durable has overtaken older ones of its file, and a cut has taken the older bytes behind it: none of
   * these can reach the disk any more.
   */
  #supersede(settled: SizeEffect): void {
    const list = this.#files.get(settled.ino);
    if (list === undefined) return;
    const cuts = settled.to < settled.from;
    const left = list.flatMap((effect): Effect[] => {
      if (effect.seq > settled.seq) return [effect];
      if (effect.kind === "size") return [];
      return cuts && effect.kind === "data" ? effect.before(settled.to) : [effect];
    });
    if (left.length === 0) this.#files.delete(settled.ino);
    else this.#files.set(settled.ino, left);
  }

  /**
   * Effects, with all they need and the rest of their groups. `prefixes` says that every file and directory in the set
   * comes with all its earlier effects, as behind a barrier: then only effects that reach into another directory have
   * companions to look for.
   */
  #withCompanions(effects: readonly Effect[], prefixes: boolean): Effect[] {
    const chosen = new Set(effects);
    const queue = [...chosen];
    for (let at = 0; at < queue.length; at += 1) {
      const effect = queue[at] as Effect; // below length
      if (prefixes && at < effects.length && !reachesOut(effect)) continue; // what joined later brings its own companions
      for (const other of this.#companions(effect)) {
        if (chosen.has(other)) continue;
        chosen.add(other);
        queue.push(other);
      }
    }
    return queue;
  }

  /**
   * Effects, with everything older in the journal. A length that enters the journal only by a barrier stands behind all
   * that was in it when the barrier was issued, the effects before `covers`.
   */
  #olderInJournal(effects: readonly Effect[], covers: number): Effect[] {
    const units = unitsOf(this.pending(), this.personality, false);
    const covered = new Set(effects);
    const isCovered = (unit: Unit): boolean => unit.effects.some((effect) => covered.has(effect));
    // Where anything may be written back at any time, the length may have entered long before, and nothing be left to do.
    const late = this.personality.writeBack === "none";
    const enters = late && units.some((unit) => unit.enters === "later" && isCovered(unit));
    const chosen = new Set<number>();
    units.forEach((unit, index) => {
      const older = enters && unit.enters === "at-once" && unit.effects.every(({ seq }) => seq < covers);
      if (older || isCovered(unit)) chosen.add(index);
    });
    for (let grew = true; grew;) {
      const closed = closeOver(units, chosen);
      const settled = [...closed].flatMap((index) => [...(units[index]?.effects ?? [])]);
      for (const index of closed) chosen.add(index);
      grew = false;
      units.forEach((unit, index) => {
        if (chosen.has(index) || !unit.effects.some((cut) => settled.some((effect) => cutBelow(effect, cut)))) return;
        chosen.add(index);
        grew = true;
      });
    }
    return [...chosen].flatMap((index) => [...(units[index]?.effects ?? [])]);
  }

  /** Effects, with what a log beside the journal keeps of older ones: see `closures.reach`. */
  #alongTreeLog(effects: readonly Effect[]): Effect[] {
    const names = this.#names();
    const chosen = new Set(effects);
    const queue = [...effects];
    for (let at = 0; at < queue.length; at += 1) {
      const effect = queue[at] as Effect; // below length
      const near: readonly Effect[] = isName(effect) ? names : (this.#files.get(effect.ino) ?? []);
      const birth = birthOf(effect, names);
      for (const other of near) {
        const older = other.seq < effect.seq && needs(this.personality, effect, other);
        if (chosen.has(other) || !(older || other === birth || comesAlong(effect, other))) continue;
        chosen.add(other);
        queue.push(other);
      }
    }
    return queue;
  }

  /** Pending effects that must persist when `effect` does. Files never need names, so a file's own list is enough. */
  #companions(effect: Effect): Effect[] {
    const near: readonly Effect[] = isName(effect) ? this.#names() : (this.#files.get(effect.ino) ?? []);
    const homes: readonly Effect[] = homesOf(this.personality, effect, near);
    return near.filter(
      (other) =>
        homes.includes(other) ||
        cutBelow(effect, other) ||
        (other.seq < effect.seq && needs(this.personality, effect, other)) ||
        (this.personality.rename === "atomic" && isName(effect) && isName(other) && other.group === effect.group),
    );
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

  /**
   * What a power loss at this moment may keep. All that is pending, unless the personality never writes back by itself:
   * then what a barrier covers that has been issued and has not returned, and bytes whose write-back a call has started.
   */
  exposed(): Effect[] {
    const pending = this.pending();
    if (this.personality.writeBack === "spontaneous") return pending;
    const onTheWay = (effect: Effect): boolean => this.#started.has(effect) || (isName(effect) && effect.unordered);
    const exposed = new Set<Effect>(pending.filter(onTheWay));
    for (const record of this.#barriersUnderWay()) {
      for (const effect of this.#closureOf(record)) exposed.add(effect);
      for (const effect of this.#journaledBefore(record.covers)) exposed.add(effect);
    }
    return pending.filter((effect) => exposed.has(effect));
  }

  /** What a barrier commits as well when it has to commit at all, which can depend on the tick of a clock. */
  #journaledBefore(covers: number): Effect[] {
    const { edges, closures, writeBack } = this.personality;
    if (writeBack === "spontaneous" || edges.metadataOrder === "free" || closures.reach === "tree-log") return [];
    const older = this.pending().filter((effect) => effect.seq < covers);
    const units = unitsOf(older, this.personality, false).filter(({ enters }) => enters === "at-once");
    return units.flatMap(({ effects }) => [...effects]);
  }

  /** A call has sent off what the cache holds of a file, and nobody waits for it. */
  #startWriteBack({ ino, cause }: SizeEffect): void {
    if (cause === "rename-over" && !this.personality.edges.lengthEntersAt.includes(cause)) return;
    for (const effect of this.#files.get(ino) ?? []) this.#started.add(effect);
  }

  #barriersUnderWay(): BarrierRecord[] {
    const later = this.#records.slice(this.position);
    return later.filter(
      (record): record is BarrierRecord =>
        record.kind === "barrier" && record.outcome !== "dropped" && record.covers <= this.position,
    );
  }

  /** Pending bytes and lengths of one file. */
  pendingOfFile(ino: number): readonly Effect[] {
    return this.#files.get(ino) ?? [];
  }

  pendingOfDirectory(ino: number): readonly NameEffect[] {
    return this.#directories.get(ino) ?? [];
  }
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
