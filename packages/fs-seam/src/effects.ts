import type { FailedSyncAftermath } from "./media-faults.js";
import { pageBytes } from "./paged-content.js";

/**
 * The log of one run: what every call did to the tree, in order, and which barriers returned. It is independent of any
 * personality, so one recorded run can be judged by all of them.
 *
 * Every record's `seq` is its index in the log. Inode numbers, not paths, say what an effect is about: a file keeps its
 * fate through rename, link and unlink.
 */

/** Which call of the program caused an effect. */
export interface Call {
  /** As `FsOperation` names it. */
  readonly operation: string;
  /** What it was called on; for a handle, its path at open time. */
  readonly path: string;
  /** Second path of a rename, link or copy. */
  readonly destination: string | undefined;
  /** Where the call came from, when the recorder was asked to look. Read its `stack`. */
  readonly site: Error | undefined;
}

/** Bytes of one page changed. One write makes one such effect for every page it touches. */
export class DataEffect {
  readonly kind = "data";
  /** Number of this record in the log, from 0. */
  readonly seq: number;
  /** Inode of the file. */
  readonly ino: number;
  /** Which page of 4096 bytes, from 0. */
  readonly page: number;
  /** Range within the page, `end` exclusive. */
  readonly start: number;
  /** End of the range within the page. */
  readonly end: number;
  /** `undefined` stands for zeros. `bytes[shift]` is the first byte of the range. */
  readonly bytes: Uint8Array | undefined;
  /** Where the range begins in `bytes`. */
  readonly shift: number;
  /** Absent where no call of the program made it. */
  readonly call: Call | undefined;
  /** Set when the disk accepts this write and never carries it out. */
  lost = false;
  /** Set when the disk carries it out at another place. */
  strayTo: { readonly ino: number; readonly page: number } | undefined = undefined;

  constructor(
    seq: number,
    ino: number,
    page: number,
    start: number,
    end: number,
    bytes: Uint8Array | undefined,
    shift: number,
    call: Call | undefined,
  ) {
    this.seq = seq;
    this.ino = ino;
    this.page = page;
    this.start = start;
    this.end = end;
    this.bytes = bytes;
    this.shift = shift;
    this.call = call;
  }

  /** What of it lies before a length: all, nothing, or the same effect on fewer bytes. */
  before(length: number): DataEffect[] {
    const end = Math.min(this.end, length - this.page * pageBytes);
    if (end === this.end) return [this];
    if (end <= this.start) return [];
    const { seq, ino, page, start, bytes, shift, call, lost, strayTo } = this;
    const part = new DataEffect(seq, ino, page, start, end, bytes, shift, call);
    part.lost = lost;
    part.strayTo = strayTo;
    return [part];
  }
}

/**
 * Why a length is in the log. `write`: a write reached past the end, into storage that is new. `write-in-block`: the same
 * within the last page of the file, which had been written before. `set`: truncate, allocate or an open that empties. The
 * other two change nothing and say that a file system which delays allocation stops delaying it here: a file that was cut
 * to nothing is closed, or a file is renamed over another one.
 */
export type SizeCause = "write" | "write-in-block" | "set" | "close-after-cut" | "rename-over";

/** The length of a file changed, or is stated again. */
export class SizeEffect {
  readonly kind = "size";
  /** Number of this record in the log, from 0. */
  readonly seq: number;
  /** Inode of the file. */
  readonly ino: number;
  /** Length before, in bytes. */
  readonly from: number;
  /** Length behind it, in bytes. */
  readonly to: number;
  /** What changed it; file systems journal these at different moments. */
  readonly cause: SizeCause;
  /** Absent where no call of the program made it. */
  readonly call: Call | undefined;

  constructor(seq: number, ino: number, from: number, to: number, cause: SizeCause, call: Call | undefined) {
    this.seq = seq;
    this.ino = ino;
    this.from = from;
    this.to = to;
    this.cause = cause;
    this.call = call;
  }
}

/** A directory entry was bound (`link`) or removed (`unlink`). */
export class NameEffect {
  /** Bound, or removed. */
  readonly kind: "link" | "unlink";
  /** Number of this record in the log, from 0. */
  readonly seq: number;
  /** Inode of the directory. */
  readonly directory: number;
  /** In that directory; not a path. */
  readonly name: string;
  /** The inode bound, or the one whose name was removed. */
  readonly ino: number;
  /** What has or had the name. */
  readonly inodeKind: "file" | "directory";
  /**
   * Effects of one rename share a group, the seq of its first effect. Steps in order: `unlink` of the replaced entry,
   * `unlink` of the source, `link` of the destination.
   */
  readonly group: number;
  /** Whether this moves something, and out of its directory. What a rename replaces is removed: `none`. */
  readonly rename: "none" | "within" | "across";
  /**
   * Set by a ledger on its own copy: a barrier may have brought this along past everything older. See `closures.reach`.
   */
  readonly unordered: boolean;
  /** Absent where no call of the program made it. */
  readonly call: Call | undefined;

  constructor(
    kind: "link" | "unlink",
    seq: number,
    directory: number,
    name: string,
    ino: number,
    inodeKind: "file" | "directory",
    group: number,
    rename: "none" | "within" | "across",
    call: Call | undefined,
    unordered = false,
  ) {
    this.kind = kind;
    this.seq = seq;
    this.directory = directory;
    this.name = name;
    this.ino = ino;
    this.inodeKind = inodeKind;
    this.group = group;
    this.rename = rename;
    this.unordered = unordered;
    this.call = call;
  }

  /** The same effect, free to persist before older ones. */
  withoutOrder(): NameEffect {
    const { kind, seq, directory, name, ino, inodeKind, group, rename, call } = this;
    return new NameEffect(kind, seq, directory, name, ino, inodeKind, group, rename, call, true);
  }
}

/** A change that a power loss may keep or lose. */
export type Effect = DataEffect | SizeEffect | NameEffect;

/** A barrier returned. It covers the effects before `covers`, the seq at which it was issued. */
export class BarrierRecord {
  readonly kind = "barrier";
  /** Number of this record in the log, from 0. */
  readonly seq: number;
  /** `file`: bytes of `ino`. `names`: entries of the directory `ino`. `all`: everything. */
  readonly scope: "file" | "names" | "all";
  /** The file or directory; with scope `all`, the root. */
  readonly ino: number;
  /** `data`: bytes and length. `full`: what else belongs to the file, too. */
  readonly rung: "data" | "full";
  /** It settles effects whose `seq` is below this. */
  readonly covers: number;
  /** `dropped`: it said success and did nothing. `failed`: it reported an error. */
  readonly outcome: "done" | "dropped" | "failed";
  /** Seqs of the data effects that a failed barrier lost; they never reach the disk. */
  readonly lost: readonly number[];
  /** What became of the pages that a failed barrier did not write; undefined for one that did not fail. */
  readonly aftermath: FailedSyncAftermath | undefined;
  /** Absent where no call of the program made it. */
  readonly call: Call | undefined;

  constructor(
    seq: number,
    scope: "file" | "names" | "all",
    ino: number,
    rung: "data" | "full",
    covers: number,
    outcome: "done" | "dropped" | "failed",
    lost: readonly number[],
    aftermath: FailedSyncAftermath | undefined,
    call: Call | undefined,
  ) {
    this.seq = seq;
    this.scope = scope;
    this.ino = ino;
    this.rung = rung;
    this.covers = covers;
    this.outcome = outcome;
    this.lost = lost;
    this.aftermath = aftermath;
    this.call = call;
  }
}

/** A word of the program under test, usually "this is acknowledged now". */
export interface MarkRecord {
  readonly kind: "mark";
  /** Number of this record in the log, from 0. */
  readonly seq: number;
  /** The word. */
  readonly label: string;
  /** What was said with it; kept by reference. */
  readonly data: unknown;
}

/** Background write-back made these pending effects durable. */
export interface WritebackRecord {
  readonly kind: "writeback";
  /** Number of this record in the log, from 0. */
  readonly seq: number;
  /** Their `seq`. */
  readonly effects: readonly number[];
}

/** A bit of the durable bytes changed on its own. */
export interface MediaRecord {
  readonly kind: "media";
  /** Number of this record in the log, from 0. */
  readonly seq: number;
  /** Inode of the file. */
  readonly ino: number;
  /** Byte offset in the file. */
  readonly offset: number;
  /** 0 to 7, from the lowest. */
  readonly bit: number;
}

/** Anything that a log holds. Its `seq` is its place there. */
export type LogRecord = Effect | BarrierRecord | MarkRecord | WritebackRecord | MediaRecord;

/** Whether a power loss may keep or lose it. */
export function isEffect(record: LogRecord): record is Effect {
  return record.kind === "data" || record.kind === "size" || record.kind === "link" || record.kind === "unlink";
}

/** A whole page that was freed: what `punch` does to pages that lie wholly in its range. */
export function isFreedPage(effect: Effect): effect is DataEffect {
  return effect.kind === "data" && effect.bytes === undefined && effect.start === 0 && effect.end === pageBytes;
}

/** Whether it is about a name, not about bytes or a length. */
export function isName(effect: Effect): effect is NameEffect {
  return effect.kind === "link" || effect.kind === "unlink";
}
