import type { LogRecord } from "../src/effects.js";
import { listImage } from "../src/image-file.js";
import type { Image } from "../src/fs-state.js";
import type { Personality } from "../src/personality.js";

/**
 * The crash model once more, as naively as possible: flat arrays, every subset, and the rules of a personality written
 * out as sentences. Only good for a handful of effects; the engine must agree with it exactly.
 */

interface NaiveFile {
  size: number;
  bytes: Map<number, number>;
}

interface NaiveTree {
  files: Map<number, NaiveFile>;
  /** Directory inode to name to inode. */
  names: Map<number, Map<string, number>>;
}

/** A piece of an effect: a whole name or length change, or one sector of one write. */
interface Piece {
  readonly record: Exclude<LogRecord, { kind: "barrier" | "mark" | "writeback" | "media" }>;
  readonly sector: number | undefined;
}

/** What a log beside the journal has been about, and the renames, links and removals it may bring along. */
interface TreeLog {
  readonly logged: Set<number>;
  readonly loose: Set<number>;
  /** What is on its way to the disk although nobody waits for it, by record number. */
  readonly started: Set<number>;
}

const page = 4096;

export function naiveImages(base: Image, records: readonly LogRecord[], rules: Personality): Set<string> {
  const found = new Set<string>();
  const sectorBytes = rules.tears.unitBytes;
  const durable = treeOf(base);
  const treeLog: TreeLog = { logged: new Set(), loose: new Set(), started: new Set() };
  let pending: Piece[] = [];
  for (let at = 0; at <= records.length; at += 1) {
    const record = records[at];
    // Every moment, not only the ones the engine thinks are enough.
    const before = records[at - 1];
    const insideRename =
      record !== undefined &&
      before !== undefined &&
      "group" in record &&
      "group" in before &&
      record.group === before.group;
    const exposed = exposedAt(at, records, pending, rules, treeLog);
    for (const subset of insideRename && rules.rename === "atomic" ? [] : subsets(exposed)) {
      if (!isLegal(subset, exposed, rules, treeLog)) continue;
      found.add(describe(apply(durable, subset, "zeros", rules)));
      if (rules.unwritten === "garbage") found.add(describe(apply(durable, subset, "garbage", rules)));
      if (rules.cutTail === "either") found.add(describe(apply(durable, subset, "old", rules)));
    }
    if (record === undefined) break;
    if (record.kind === "barrier" || record.kind === "writeback") {
      const settled = settledBy(record, pending, rules, treeLog);
      const known = new Set([...durable.names.values()].flatMap((names) => [...names.values()]));
      const next = apply(durable, settled, "zeros", rules, true);
      durable.files = next.files;
      durable.names = next.names;
      pending = pending.filter((piece) => !settled.includes(piece));
      pending = settled.reduce(
        (left, { record: done }) => (done.kind === "size" ? overtaken(left, done) : left),
        pending,
      );
      if (record.kind === "barrier") {
        for (const seq of committedAlong(record.covers, pending, rules)) treeLog.started.add(seq);
      }
      if (record.kind === "barrier" && rules.closures.reach === "tree-log" && record.scope !== "all") {
        bringAlong(record, settled, pending, known, treeLog);
      }
    } else if (record.kind === "data" && isFreed(record) && rules.edges.metadataOrder === "journal") {
      pending.push({ record, sector: undefined });
    } else if (record.kind === "data") {
      for (let s = Math.floor(record.start / sectorBytes); s * sectorBytes < record.end; s += 1) {
        pending.push({ record, sector: s });
      }
    } else if (record.kind === "size" && (record.cause === "close-after-cut" || record.cause === "rename-over")) {
      const { ino, cause } = record;
      if (cause === "close-after-cut" || rules.edges.lengthEntersAt.includes(cause)) {
        for (const piece of pending) {
          if (!("directory" in piece.record) && piece.record.ino === ino) treeLog.started.add(piece.record.seq);
        }
      }
      const waits = pending.some((piece) => piece.record.kind === "size" && piece.record.ino === ino);
      if (waits && rules.edges.lengthEntersAt.includes(cause)) pending.push({ record, sector: undefined });
    } else if (record.kind === "size" || record.kind === "link" || record.kind === "unlink") {
      pending.push({ record, sector: undefined });
    }
  }
  return found;
}

/** Once a length is durable, older lengths of the file are history, and so are older bytes behind a cut. */
function overtaken(pending: readonly Piece[], done: Extract<Piece["record"], { kind: "size" }>): Piece[] {
  return pending.flatMap(({ record, sector }): Piece[] => {
    if (!("page" in record) && record.kind !== "size") return [{ record, sector }];
    if (record.ino !== done.ino || record.seq > done.seq) return [{ record, sector }];
    if (record.kind === "size") return [];
    const end = Math.min(record.end, done.to - record.page * page);
    if (done.to > done.from || end === record.end) return [{ record, sector }];
    const first = sector === undefined ? record.start : Math.max(record.start, sector * 512);
    if (end <= first) return [];
    return [{ record: Object.assign(Object.create(record) as typeof record, { end }), sector }];
  });
}

/** What a power loss may keep: everything pending, or only what somebody asks the disk for at this moment. */
function exposedAt(
  at: number,
  records: readonly LogRecord[],
  pending: readonly Piece[],
  rules: Personality,
  treeLog: TreeLog,
): readonly Piece[] {
  if (rules.writeBack === "spontaneous") return pending;
  const exposed = new Set<Piece>();
  const along = new Set<number>(treeLog.started);
  for (const record of records.slice(at)) {
    if (record.kind !== "barrier" || record.covers > at) continue;
    for (const piece of settledBy(record, pending, rules, treeLog)) exposed.add(piece);
    for (const seq of committedAlong(record.covers, pending, rules)) along.add(seq);
  }
  return pending.filter((piece) => {
    const { record } = piece;
    if (record.kind === "data" && record.bytes === undefined) return true; // zeros of a cut or a hole go with any commit
    if ("group" in record && treeLog.loose.has(record.group)) return true;
    return exposed.has(piece) || along.has(record.seq);
  });
}

/** Older entries of the journal that a barrier commits if it has anything to commit. */
function committedAlong(covers: number, pending: readonly Piece[], rules: Personality): number[] {
  if (rules.edges.metadataOrder === "free" || rules.closures.reach === "tree-log") return [];
  const older = pending.filter(({ record }) => record.seq < covers);
  const inJournal = older.filter(
    ({ record }) => (record.kind !== "data" || isFreed(record)) && isJournaled(record, older, rules),
  );
  return inJournal.map(({ record }) => record.seq);
}

/** A barrier on one file or directory may carry names of what the log has seen, and of directories it had to write. */
function bringAlong(
  barrier: Extract<LogRecord, { kind: "barrier" }>,
  settled: readonly Piece[],
  pending: readonly Piece[],
  known: ReadonlySet<number>,
  treeLog: TreeLog,
): void {
  treeLog.logged.add(barrier.ino);
  const parents = new Set<number>();
  let named = known.has(barrier.ino);
  for (const { record } of settled) {
    if (!("directory" in record)) continue;
    treeLog.logged.add(record.ino);
    if (record.rename === "across") treeLog.logged.add(record.directory);
    if (barrier.scope !== "file" || record.ino !== barrier.ino) continue;
    // The first name of a new file is not another one.
    if (record.kind === "link" && !named) named = true;
    else parents.add(record.directory);
  }
  for (const { record } of pending) {
    if (!("directory" in record) || record.seq >= barrier.covers) continue;
    if (treeLog.logged.has(record.ino) || parents.has(record.directory)) treeLog.loose.add(record.group);
  }
}

function isFreed(record: { bytes: Uint8Array | undefined; start: number; end: number }): boolean {
  return record.bytes === undefined && record.start === 0 && record.end === page;
}

function* subsets(pieces: readonly Piece[]): Generator<Piece[]> {
  if (pieces.length > 16) throw new Error(`the naive model cannot do ${pieces.length} pieces`);
  for (let mask = 0; mask < 2 ** pieces.length; mask += 1) {
    yield pieces.filter((_, index) => Math.floor(mask / 2 ** index) % 2 === 1);
  }
}

function isLegal(subset: readonly Piece[], pending: readonly Piece[], rules: Personality, treeLog: TreeLog): boolean {
  return subset.every((later) =>
    pending.every((other) => {
      if (subset.includes(other)) return true;
      if (rules.rename === "atomic" && sameRename(later, other) && !mayLag(other, later, treeLog)) return false;
      if (isHome(other, later, pending, rules)) return false;
      if (other.record.seq >= later.record.seq) return true;
      if (waitsForJournal(other, later, pending, rules, treeLog)) return false;
      return !mustComeFirst(other, later, rules);
    }),
  );
}

/** Of a move that the log brought along, the removal of the old name may be missing. */
function mayLag({ record: removal }: Piece, { record: link }: Piece, treeLog: TreeLog): boolean {
  if (removal.kind !== "unlink" || removal.rename !== "across" || !("group" in link)) return false;
  return link !== removal && treeLog.loose.has(removal.group);
}

/** Everything that is not bytes, and bytes that are never written in place, wait for what the journal held before. */
function waitsForJournal(
  { record: x }: Piece,
  { record: y }: Piece,
  pending: readonly Piece[],
  rules: Personality,
  treeLog: TreeLog,
): boolean {
  if (rules.edges.metadataOrder !== "journal" || !isJournaled(x, pending, rules)) return false;
  if ("group" in y) return !treeLog.loose.has(y.group);
  if (y.kind === "data" && !isFreed(y)) return rules.edges.bytesNeedJournal;
  return true;
}

/** Whether something had its place in the journal as soon as it happened. */
function isJournaled(x: Piece["record"], pending: readonly Piece[], rules: Personality): boolean {
  if (x.kind === "data") return isFreed(x);
  if (x.kind !== "size") return true;
  if (x.cause !== "write" && x.cause !== "write-in-block") return true;
  if (rules.edges.grownLength === "at-write") return true;
  if (rules.edges.grownLength === "at-write-back" || x.cause === "write") return false;
  const lastPage = Math.floor(x.from / page);
  return !pending.some(
    ({ record: bytes }) =>
      bytes.kind === "data" &&
      bytes.ino === x.ino &&
      bytes.seq < x.seq &&
      bytes.page === lastPage &&
      lastPage * page + bytes.start < x.from,
  );
}

function sameRename(a: Piece, b: Piece): boolean {
  return "group" in a.record && "group" in b.record && a.record.group === b.record.group;
}

/** A cut that would be applied behind bytes that settled, and take them away, settles with them. */
function takesAway({ record: cut }: Piece, { record: data }: Piece): boolean {
  if (cut.kind !== "size" || data.kind !== "data" || cut.ino !== data.ino || cut.seq > data.seq) return false;
  return cut.to < cut.from && cut.to < data.page * page + data.end;
}

/** A move out of a directory stands on the pending names of where it goes: of that directory and of all above it. */
function isHome(home: Piece, move: Piece, pending: readonly Piece[], rules: Personality): boolean {
  if (rules.edges.tree === "free" || !("directory" in move.record) || move.record.rename !== "across") return false;
  let directory: number | undefined = move.record.directory;
  while (directory !== undefined) {
    const at: number = directory;
    const links = pending.filter(
      ({ record }) => record.kind === "link" && record.ino === at && record.seq < move.record.seq,
    );
    const last = links.at(-1);
    if (last === undefined) return false;
    if (last === home) return true;
    directory = "directory" in last.record ? last.record.directory : undefined;
  }
  return false;
}

function mustComeFirst(a: Piece, b: Piece, rules: Personality): boolean {
  const [x, y] = [a.record, b.record];
  // Two writes to one sector persist in order.
  if (x.kind === "data" && y.kind === "data") {
    const samePlace = a.sector === b.sector || a.sector === undefined || b.sector === undefined;
    return x.ino === y.ino && x.page === y.page && samePlace;
  }
  // Two lengths of one file persist in order, but where a call that sets one does not wait for those of writes.
  if (x.kind === "size" && y.kind === "size") {
    const grew = (cause: string): boolean => cause.startsWith("write");
    return x.ino === y.ino && (rules.edges.setLengthNeedsGrown || grew(y.cause) || !grew(x.cause));
  }
  // Bytes on a page wholly behind a cut need the cut.
  if (x.kind === "size" && y.kind === "data") {
    return rules.edges.bytesNeedEarlierCut && x.ino === y.ino && x.to < x.from && y.page * page >= x.to;
  }
  // The length that a write grew needs the bytes in the new range.
  if (x.kind === "data" && y.kind === "size") {
    const inside = x.page * page + x.start < y.to && x.page * page + x.end > y.from;
    return rules.edges.lengthNeedsBytes && x.ino === y.ino && y.cause.startsWith("write") && inside;
  }
  if (!("directory" in x) || !("directory" in y)) return false;
  // Two changes of one name persist in order.
  if (x.directory === y.directory && x.name === y.name) return true;
  if (rules.edges.tree === "free") return false;
  // The tree stays in one piece.
  const moved = (r: typeof x): boolean => r.inodeKind === "directory" && r.rename !== "none";
  if (moved(x) && moved(y)) return true;
  return (
    y.kind === "unlink" &&
    y.inodeKind === "directory" &&
    y.rename === "none" &&
    x.kind === "unlink" &&
    x.directory === y.ino
  );
}

function settledBy(
  barrier: Extract<LogRecord, { kind: "barrier" | "writeback" }>,
  pending: readonly Piece[],
  rules: Personality,
  treeLog: TreeLog,
): Piece[] {
  const aside = barrier.kind === "barrier" && barrier.scope !== "all" && rules.closures.reach === "tree-log";
  const settled = new Set(
    pending.filter(({ record }) => {
      if (barrier.kind === "writeback") return barrier.effects.includes(record.seq);
      if (record.seq >= barrier.covers || barrier.outcome !== "done") return false;
      if (barrier.scope === "all") return rules.closures.everything === "all" || record.kind !== "data";
      const { fileSync, dataSync, namesSync } = rules.closures;
      const widened = barrier.scope === "names" ? namesSync : barrier.rung === "full" ? fileSync : dataSync;
      if (widened === "own-names" && "directory" in record && record.ino === barrier.ino) return true;
      return "directory" in record
        ? barrier.scope === "names" && record.directory === barrier.ino
        : barrier.scope === "file" && record.ino === barrier.ino;
    }),
  );
  // A length that has waited for this barrier comes behind all that was in the journal when it was issued.
  const waited = [...settled].some(({ record }) => record.kind === "size" && !isJournaled(record, pending, rules));
  if (rules.edges.metadataOrder === "journal" && rules.writeBack === "none" && waited && !aside) {
    for (const piece of pending) {
      const older = barrier.kind === "barrier" && piece.record.seq < barrier.covers;
      if (older && isJournaled(piece.record, pending, rules)) settled.add(piece);
    }
  }
  for (let grew = true; grew;) {
    grew = false;
    for (const piece of pending) {
      if (settled.has(piece)) continue;
      const needed = [...settled].some((other) => {
        const older = piece.record.seq < other.record.seq;
        if (older && mustComeFirst(piece, other, rules)) return true;
        if (aside) {
          const removal = piece.record.kind === "unlink" && piece.record.rename === "across";
          return (sameRename(piece, other) && !removal) || isBirth(piece, other, pending);
        }
        if (older && waitsForJournal(piece, other, pending, rules, treeLog)) return true;
        if (isHome(piece, other, pending, rules)) return true;
        if (takesAway(piece, other)) return true;
        return rules.rename === "atomic" && sameRename(piece, other) && !mayLag(piece, other, treeLog);
      });
      if (!needed) continue;
      settled.add(piece);
      grew = true;
    }
  }
  return pending.filter((piece) => settled.has(piece));
}

/** The creation of a directory that a settled name lies in, or of one above it. */
function isBirth({ record: birth }: Piece, { record: name }: Piece, pending: readonly Piece[]): boolean {
  if (birth.kind !== "link" || birth.rename !== "none" || name.kind !== "link") return false;
  if (birth.ino === name.directory) return true;
  return pending.some(({ record: above }) => {
    if (above.kind !== "link" || above.rename !== "none" || above.ino !== name.directory) return false;
    return isBirth({ record: birth, sector: undefined }, { record: above, sector: undefined }, pending);
  });
}

function treeOf(image: Image): NaiveTree {
  const tree: NaiveTree = { files: new Map(), names: new Map() };
  for (let ino = 1; ino < image.nextIno; ino += 1) {
    const inode = image.inode(ino);
    if (inode?.names !== undefined) tree.names.set(ino, new Map(inode.names));
    if (inode?.content === undefined) continue;
    const bytes = new Uint8Array(inode.content.size);
    inode.content.read(bytes, 0);
    tree.files.set(ino, { size: bytes.length, bytes: new Map(bytes.entries()) });
  }
  return tree;
}

function apply(
  durable: NaiveTree,
  pieces: readonly Piece[],
  unwritten: "zeros" | "garbage" | "old",
  rules: Personality,
  keepLoose = false,
): NaiveTree {
  const files = new Map(
    [...durable.files].map(([ino, file]) => [ino, { size: file.size, bytes: new Map(file.bytes) }]),
  );
  const names = new Map([...durable.names].map(([ino, entries]) => [ino, new Map(entries)]));
  const file = (ino: number): NaiveFile => {
    const known = files.get(ino) ?? { size: 0, bytes: new Map<number, number>() };
    files.set(ino, known);
    return known;
  };
  const directory = (ino: number): Map<string, number> => {
    const known = names.get(ino) ?? new Map<string, number>();
    names.set(ino, known);
    return known;
  };
  const survivors = new Set<string>();
  for (const { record, sector } of pieces) {
    if (record.kind === "data") {
      for (let at = record.start; at < record.end; at += 1) {
        if (sector !== undefined && Math.floor(at / rules.tears.unitBytes) !== sector) continue;
        const byte = record.bytes === undefined ? 0 : (record.bytes[record.shift + at - record.start] ?? 0);
        file(record.ino).bytes.set(record.page * page + at, byte);
        survivors.add(`${record.ino}:${record.page * page + at}`);
      }
    } else if (record.kind === "size") {
      const own = file(record.ino);
      for (const at of [...own.bytes.keys()]) {
        const kept =
          rules.cutTail === "by-write" || unwritten === "old" ? Math.ceil(record.to / page) * page : record.to;
        if (record.to >= own.size || at < kept) continue;
        own.bytes.delete(at);
        survivors.delete(`${record.ino}:${at}`);
      }
      own.size = record.to;
      // Space whose length was not durable holds what it likes, except where a write that survives put something.
      const spilled = unwritten === "garbage" ? record.to : record.from;
      for (let at = record.from; at < spilled; at += 1) {
        if (!survivors.has(`${record.ino}:${at}`)) own.bytes.set(at, garbageByte(at));
      }
    } else if (record.kind === "link") {
      directory(record.directory).set(record.name, record.ino);
      if (record.inodeKind === "directory") directory(record.ino);
      else file(record.ino);
    } else {
      directory(record.directory).delete(record.name);
    }
  }
  if (!keepLoose) {
    for (const own of files.values()) for (const at of [...own.bytes.keys()]) if (at >= own.size) own.bytes.delete(at);
  }
  return { files, names };
}

function garbageByte(at: number): number {
  return (((at % page) * 167 + 89) % 251) + 4;
}

/** Everything a reader of the tree can tell, hard links included, as one string. */
function describe(tree: NaiveTree): string {
  const lines: string[] = [];
  const first = new Map<number, string>();
  const homes = homesOf(tree);
  const walk = (ino: number, prefix: string): void => {
    for (const [name, child] of [...(tree.names.get(ino) ?? [])].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const path = prefix + name;
      if (tree.names.has(child)) {
        if (homes.get(child) !== path) continue;
        lines.push(`${path}/`);
        walk(child, `${path}/`);
        continue;
      }
      const own = tree.files.get(child) ?? { size: 0, bytes: new Map<number, number>() };
      const bytes = Array.from({ length: own.size }, (_, at) => own.bytes.get(at) ?? 0);
      lines.push(`${path} ${first.get(child) ?? ""} ${Buffer.from(bytes).toString("hex")}`);
      if (!first.has(child)) first.set(child, path);
    }
  };
  walk(1, "");
  return lines.join("\n");
}

/** A directory with two names keeps the one that a breadth-first walk in insertion order meets first. */
function homesOf(tree: NaiveTree): Map<number, string> {
  const homes = new Map<number, string>([[1, ""]]);
  const queue: [number, string][] = [[1, ""]];
  for (const [ino, prefix] of queue) {
    for (const [name, child] of tree.names.get(ino) ?? []) {
      if (!tree.names.has(child) || homes.has(child)) continue;
      homes.set(child, prefix + name);
      queue.push([child, `${prefix}${name}/`]);
    }
  }
  return homes;
}

/** The same description of one of the engine's images. */
export function describeImage(image: Image): string {
  return listImage(image)
    .map((entry) =>
      entry.kind === "directory"
        ? `${entry.path}/`
        : `${entry.path} ${entry.sameAs ?? ""} ${Buffer.from(entry.bytes).toString("hex")}`,
    )
    .join("\n");
}
