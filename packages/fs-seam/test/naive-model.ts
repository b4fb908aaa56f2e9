import type { LogRecord } from "../src/effects.js";
import { listImage } from "../src/image-file.js";
import type { Image } from "../src/fs-state.js";

/**
 * The crash model once more, as naively as possible: flat arrays, every subset, and the rules of `posix` and `strict`
 * written out as sentences. Only good for a handful of effects; the engine must agree with it exactly.
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

/** A piece of an effect: a whole name or length change, or one 512-byte sector of one write. */
interface Piece {
  readonly record: Exclude<LogRecord, { kind: "barrier" | "mark" | "writeback" | "media" }>;
  readonly sector: number | undefined;
}

const page = 4096;
const sectorBytes = 512;

export function naiveImages(base: Image, records: readonly LogRecord[], name: "posix" | "strict"): Set<string> {
  const found = new Set<string>();
  const durable = treeOf(base);
  let pending: Piece[] = [];
  for (let at = 0; at <= records.length; at += 1) {
    const record = records[at];
    // Every moment, not only the ones the engine thinks are enough.
    const before = records[at - 1];
    const insideRename =
      record !== undefined && before !== undefined && "group" in record && "group" in before && record.group === before.group;
    for (const subset of insideRename && name === "posix" ? [] : subsets(pending)) {
      if (!isLegal(subset, pending, name)) continue;
      for (const garbage of name === "strict" ? [false, true] : [false]) {
        found.add(describe(apply(durable, subset, garbage)));
      }
    }
    if (record === undefined) break;
    if (record.kind === "barrier") {
      const settled = settledBy(record, pending, name);
      const next = apply(durable, settled, false, true);
      durable.files = next.files;
      durable.names = next.names;
      pending = pending.filter((piece) => !settled.includes(piece));
    } else if (record.kind === "data") {
      for (let s = Math.floor(record.start / sectorBytes); s * sectorBytes < record.end; s += 1) {
        pending.push({ record, sector: s });
      }
    } else if (record.kind === "size" || record.kind === "link" || record.kind === "unlink") {
      pending.push({ record, sector: undefined });
    }
  }
  return found;
}

function* subsets(pieces: readonly Piece[]): Generator<Piece[]> {
  if (pieces.length > 16) throw new Error(`the naive model cannot do ${pieces.length} pieces`);
  for (let mask = 0; mask < 2 ** pieces.length; mask += 1) {
    yield pieces.filter((_, index) => Math.floor(mask / 2 ** index) % 2 === 1);
  }
}

function isLegal(subset: readonly Piece[], pending: readonly Piece[], name: "posix" | "strict"): boolean {
  return subset.every((later) =>
    pending.every((other) => {
      if (subset.includes(other)) return true;
      if (name === "posix" && sameRename(later, other)) return false;
      return other.record.seq >= later.record.seq || !mustComeFirst(other, later, name);
    }),
  );
}

function sameRename(a: Piece, b: Piece): boolean {
  return "group" in a.record && "group" in b.record && a.record.group === b.record.group;
}

function mustComeFirst(a: Piece, b: Piece, name: "posix" | "strict"): boolean {
  const [x, y] = [a.record, b.record];
  // Two writes to one sector persist in order.
  if (x.kind === "data" && y.kind === "data") return x.ino === y.ino && x.page === y.page && a.sector === b.sector;
  // Two lengths of one file persist in order.
  if (x.kind === "size" && y.kind === "size") return x.ino === y.ino;
  // posix: bytes on a page wholly behind a cut need the cut.
  if (x.kind === "size" && y.kind === "data") {
    return name === "posix" && x.ino === y.ino && x.to < x.from && y.page * page >= x.to;
  }
  if (!("directory" in x) || !("directory" in y)) return false;
  // Two changes of one name persist in order.
  if (x.directory === y.directory && x.name === y.name) return true;
  if (name === "strict") return false;
  // posix keeps the tree in one piece.
  const moved = (r: typeof x): boolean => r.inodeKind === "directory" && r.rename !== "none";
  if (moved(x) && moved(y)) return true;
  if (y.rename === "across" && x.kind === "link" && x.ino === y.directory) return true;
  return (
    y.kind === "unlink" && y.inodeKind === "directory" && y.rename === "none" && x.kind === "unlink" && x.directory === y.ino
  );
}

function settledBy(
  barrier: Extract<LogRecord, { kind: "barrier" }>,
  pending: readonly Piece[],
  name: "posix" | "strict",
): Piece[] {
  const settled = new Set(
    pending.filter(({ record }) => {
      if (record.seq >= barrier.covers || barrier.outcome !== "done") return false;
      return "directory" in record
        ? barrier.scope === "names" && record.directory === barrier.ino
        : barrier.scope === "file" && record.ino === barrier.ino;
    }),
  );
  for (let grew = true; grew; ) {
    grew = false;
    for (const piece of pending) {
      if (settled.has(piece)) continue;
      const needed = [...settled].some(
        (other) =>
          (name === "posix" && sameRename(piece, other)) ||
          (piece.record.seq < other.record.seq && mustComeFirst(piece, other, name)),
      );
      if (!needed) continue;
      settled.add(piece);
      grew = true;
    }
  }
  return pending.filter((piece) => settled.has(piece));
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

function apply(durable: NaiveTree, pieces: readonly Piece[], garbage: boolean, keepLoose = false): NaiveTree {
  const files = new Map([...durable.files].map(([ino, file]) => [ino, { size: file.size, bytes: new Map(file.bytes) }]));
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
  for (const { record, sector } of pieces) {
    if (record.kind === "data") {
      for (let at = record.start; at < record.end; at += 1) {
        if (Math.floor(at / sectorBytes) !== sector) continue;
        const byte = record.bytes === undefined ? 0 : (record.bytes[record.shift + at - record.start] ?? 0);
        file(record.ino).bytes.set(record.page * page + at, byte);
      }
    } else if (record.kind === "size") {
      const own = file(record.ino);
      for (const at of [...own.bytes.keys()]) if (record.to < own.size && at >= record.to) own.bytes.delete(at);
      own.size = record.to;
      if (garbage) for (let at = record.from; at < record.to; at += 1) own.bytes.set(at, garbageByte(at));
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
