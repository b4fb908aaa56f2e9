import { rootIno, type FsState, type Image, type Inode } from "./fs-state.js";
import type { Page } from "./paged-content.js";

/**
 * Identity of a tree by content: two images have one hash when paths, kinds, lengths, bytes and the sharing of hard
 * links agree, whatever their inode numbers. 53 bits: a million images collide with a chance of about 1 in 20,000.
 *
 * Holes and zeros are the same bytes, so both add nothing, unless `storage` is `counted`: then trees differ as well when
 * one stores a page, or more of it, that the other does not.
 */
export function imageHash(tree: FsState | Image, storage: Storage = "ignored"): number {
  const first = new Map<number, number>();
  const hash = new Pair();
  walk(tree, rootIno, 0, first, hash, storage);
  return hash.value();
}

type Storage = "ignored" | "counted";

/** Two 32-bit sums that are mixed at every step. */
class Pair {
  low = 0x9e3779b9 | 0;
  high = 0x85ebca6b | 0;

  add(word: number): void {
    this.low = mix(this.low ^ word);
    this.high = mix(this.high + Math.imul(word, 0x27d4eb2f) + 0x165667b1);
  }

  value(): number {
    return (this.high >>> 11) * 0x100000000 + (this.low >>> 0);
  }
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
  return x ^ (x >>> 16);
}

function walk(
  tree: FsState | Image,
  ino: number,
  depth: number,
  first: Map<number, number>,
  hash: Pair,
  storage: Storage,
): void {
  const inode = tree.inode(ino);
  if (inode === undefined) return;
  const seen = first.get(ino);
  if (seen !== undefined) {
    hash.add(0x5bd1e995);
    hash.add(seen); // another name of something already described: which one, by its place in this walk
    return;
  }
  first.set(ino, first.size);
  if (inode.names === undefined) {
    addContent(inode, hash, storage);
    return;
  }
  hash.add(0x3c6ef372 + depth);
  for (const name of sortedNames(inode.names)) {
    hash.add(name.length);
    for (let at = 0; at < name.length; at += 1) hash.add(name.charCodeAt(at));
    walk(tree, inode.names.get(name) as number, depth + 1, first, hash, storage); // a key of the same map
  }
  hash.add(0x1b873593 + depth);
}

/** So many are sorted by insertion. */
const fewNames = 8;

/** By code unit. A call of `sort` costs more than the rest of a tree of few names. */
function sortedNames(names: ReadonlyMap<string, number>): string[] {
  const list = [...names.keys()];
  if (list.length > fewNames) return list.sort();
  for (let end = 1; end < list.length; end += 1) {
    const name = list[end] as string; // below length
    let at = end;
    for (; at > 0 && (list[at - 1] as string) > name; at -= 1) list[at] = list[at - 1] as string;
    list[at] = name;
  }
  return list;
}

function addContent(inode: Inode, hash: Pair, storage: Storage): void {
  const { content } = inode;
  if (content === undefined) return;
  hash.add((content.size % 0x100000000) | 0);
  hash.add(Math.floor(content.size / 0x100000000) + 1);
  for (const index of content.pageIndexes()) {
    const page = pageHash(content.page(index));
    if (storage === "counted") hash.add(content.page(index)?.length ?? 0);
    else if (page === 0) continue;
    hash.add(index);
    hash.add((page % 0x100000000) | 0);
    hash.add(Math.floor(page / 0x100000000));
  }
}

/** 53 bits over the bytes that are not zero, kept with the page; 0 for a page of zeros. */
function pageHash(page: Page | undefined): number {
  if (page === undefined) return 0;
  if (page.hash !== -1) return page.hash;
  const { bytes } = page;
  let low = 0;
  let high = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number; // below length
    if (byte === 0) continue;
    const word = mix(byte + Math.imul(at + 1, 0x01000193));
    low = (low + word) | 0;
    high = (high + Math.imul(word ^ (word >>> 13), 0x5851f42d)) | 0;
  }
  page.hash = (high >>> 11) * 0x100000000 + (low >>> 0);
  return page.hash;
}
