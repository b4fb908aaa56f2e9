import { applyEffect } from "./effect-rules.js";
import type { LogRecord } from "./effects.js";
import type { EngineHandle } from "./engine-handle.js";
import { FsError } from "./fs-error.js";
import { FsState, type Image } from "./fs-state.js";
import type { Ledger } from "./ledger.js";
import type {
  DroppedSyncFault,
  FailedSyncFault,
  HandleMediaFault,
  LostWriteFault,
  MisdirectedWriteFault,
} from "./media-faults.js";
import { pageBytes } from "./paged-content.js";
import { posix } from "./personality.js";
import { Prng, streamSeed } from "./prng.js";

/**
 * Faults of the disk under CrashFs: unreadable and stale pages, astray writes, and what a failed barrier loses. The
 * tables belong to the disk: they outlive a crash in place, and go only when the place is written again.
 */
export class DiskFaults {
  /** True while no read or write has to look at the tables. */
  quiet = true;
  readonly #latent = new Map<number, Set<number>>();
  readonly #stale = new Map<number, Map<number, Uint8Array>>();
  readonly #names = new Map<number, FailedSyncFault | DroppedSyncFault>();

  readonly #reports = new Map<number, { readonly count: number; readonly error: FsError }>();
  readonly #poisonedNames = new Map<number, FsError>();

  /** How many barriers of this file have failed: a handle opened now has nothing to hear about them. */
  reportsOf(ino: number): number {
    return this.#reports.get(ino)?.count ?? 0;
  }

  report(ino: number, error: FsError): void {
    this.#reports.set(ino, { count: this.reportsOf(ino) + 1, error });
  }

  /** The failure that a handle has yet to hear of, once for each handle that was open when it happened. */
  owedTo(handle: EngineHandle): FsError | undefined {
    const report = this.#reports.get(handle.ino);
    if (report === undefined || report.count <= handle.heard) return undefined;
    handle.heard = report.count;
    return report.error;
  }

  poisonNames(ino: number, error: FsError): void {
    this.#poisonedNames.set(ino, error);
  }

  checkNames(ino: number, path: string): void {
    const cause = this.#poisonedNames.get(ino);
    if (cause === undefined) return;
    const why = `syncNames ${path}: a names barrier of this directory has failed; open anew and recover`;
    throw new FsError("FS_POISONED", why, { operation: "syncNames", path }, { cause });
  }

  /** The process is gone, and with it everything that was still to be told. */
  forgetReports(): void {
    this.#reports.clear();
    this.#poisonedNames.clear();
  }

  armNames(ino: number, fault: FailedSyncFault | DroppedSyncFault): void {
    this.#names.set(ino, fault);
  }

  takeNames(ino: number): HandleMediaFault | undefined {
    const fault = this.#names.get(ino);
    this.#names.delete(ino);
    return fault;
  }

  checkBit(path: string, offset: number, bit: number, size: number): void {
    const inside = Number.isSafeInteger(offset) && offset >= 0 && offset < size;
    if (inside && Number.isInteger(bit) && bit >= 0 && bit < 8) return;
    throw new FsError("FS_INVALID_ARGUMENT", `flipBit ${path}: there is no bit ${bit} at offset ${offset}`, {
      operation: "write",
      path,
      offset,
    });
  }

  #pages(path: string, offset: number, length: number): { first: number; end: number } {
    const valid = Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(length) && length > 0;
    if (valid) return { first: Math.floor(offset / pageBytes), end: Math.ceil((offset + length) / pageBytes) };
    throw new FsError("FS_INVALID_ARGUMENT", `read ${path}: offset and length must describe a range of bytes`, {
      operation: "read",
      path,
    });
  }

  latentError(ino: number, path: string, offset: number, length: number): void {
    const { first, end } = this.#pages(path, offset, length);
    const pages = this.#latent.get(ino) ?? new Set();
    for (let page = first; page < end; page += 1) pages.add(page);
    this.#latent.set(ino, pages);
    this.quiet = false;
  }

  /** Remembers each page as it was before the last write to it. */
  staleRead(
    ino: number,
    path: string,
    offset: number,
    length: number,
    base: Image,
    records: readonly LogRecord[],
  ): void {
    const { first, end } = this.#pages(path, offset, length);
    const pages = this.#stale.get(ino) ?? new Map<number, Uint8Array>();
    for (let page = first; page < end; page += 1) pages.set(page, versionBefore(ino, page, base, records));
    this.#stale.set(ino, pages);
    this.quiet = false;
  }

  /** Carries out the table for one read; undefined when no page of it is concerned. */
  read(state: FsState, handle: EngineHandle, target: Uint8Array, offset: number): number | undefined {
    const content = state.inode(handle.ino)?.content;
    const count = Math.min(target.length, Math.max(0, (content?.size ?? 0) - offset));
    if (content === undefined || count === 0) return undefined;
    const { first, end } = this.#pages(handle.path, offset, count);
    for (let page = first; page < end; page += 1) {
      if (this.#latent.get(handle.ino)?.has(page) !== true) continue;
      throw new FsError("FS_IO", `read ${handle.path}: the disk cannot read page ${page}`, {
        operation: "read",
        path: handle.path,
        errno: "EIO",
        offset,
        injected: true,
      });
    }
    const stale = this.#stale.get(handle.ino);
    if (stale === undefined) return undefined;
    content.read(target, offset);
    for (const [page, bytes] of stale) {
      const from = Math.max(offset, page * pageBytes);
      const to = Math.min(offset + count, (page + 1) * pageBytes);
      if (from < to) target.set(bytes.subarray(from - page * pageBytes, to - page * pageBytes), from - offset);
    }
    return count;
  }

  /** A page that is written again is well again. */
  written(ino: number, records: readonly LogRecord[], first: number): void {
    for (let at = first; at < records.length; at += 1) {
      const record = records[at];
      if (record?.kind !== "data" || record.ino !== ino) continue;
      this.#latent.get(ino)?.delete(record.page);
      this.#stale.get(ino)?.delete(record.page);
    }
  }

  /** Turns the effects of the write just logged into lost or stray ones. */
  misplace(
    fault: LostWriteFault | MisdirectedWriteFault,
    targetIno: number,
    records: readonly LogRecord[],
    first: number,
  ): void {
    let page = fault.kind === "misdirectedWrite" ? fault.offset / pageBytes : 0;
    for (let at = first; at < records.length; at += 1) {
      const record = records[at];
      if (record?.kind !== "data") continue;
      if (fault.kind === "lostWrite") record.lost = true;
      else record.strayTo = { ino: targetIno, page };
      page += 1;
    }
  }

  /** Data effects that a failed barrier loses, by record number. */
  lostBy(fault: FailedSyncFault, ino: number, covers: number, ledger: Ledger): number[] {
    const pending = ledger.pendingOfFile(ino).filter((effect) => effect.kind === "data" && effect.seq < covers);
    if (fault.lost === "all") return pending.map(({ seq }) => seq);
    const prng = new Prng(streamSeed(fault.lost.seed, "failedSyncLoss"));
    return pending.filter(() => prng.coin(0.5)).map(({ seq }) => seq);
  }

  /** Makes the cache show the disk: durable bytes, and on top what is still dirty. */
  reload(state: FsState, ino: number, ledger: Ledger): void {
    const disk = new FsState(ledger.state.freeze(), state.slab);
    for (const effect of ledger.pendingOfFile(ino)) applyEffect(disk, effect, ledger.personality);
    disk.trim(ino);
    const content = disk.inode(ino)?.content;
    if (content !== undefined) state.adoptContent(ino, content);
  }
}

function versionBefore(ino: number, page: number, base: Image, records: readonly LogRecord[]): Uint8Array {
  const isWrite = (record: LogRecord): boolean =>
    record.kind === "data" && record.ino === ino && record.page === page && !record.lost;
  const last = records.findLastIndex(isWrite);
  const state = new FsState(base);
  for (const record of records.slice(0, Math.max(last, 0))) {
    if ((record.kind === "data" || record.kind === "size") && record.ino === ino) applyEffect(state, record, posix);
  }
  const bytes = new Uint8Array(pageBytes);
  const content = state.inode(ino)?.content;
  const stored = content?.page(page);
  if (stored !== undefined) bytes.set(stored.bytes);
  return bytes;
}
