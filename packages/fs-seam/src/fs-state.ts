import { Owner, type Page, pageBytes, PagedContent, type ContentOrigin } from "./paged-content.js";
import { SlabAllocator } from "./slab-allocator.js";

/**
 * Inodes and names: the tree that MemoryFs shows, that CrashFs keeps as its durable state, and that an image freezes.
 * Nothing here knows about paths, handles, logs or errors; whoever calls has checked already.
 *
 * Freezing and mounting are O(1): both sides share everything, and each copies the piece it touches next.
 */

export const rootIno = 1;
const inodesPerChunk = 32;
const nothingLoose: ReadonlyMap<number, number> = new Map();

export class Inode {
  owner: Owner;
  readonly ino: number;
  readonly kind: "file" | "directory";
  /** Names that refer to this inode. */
  links = 0;
  /** Bytes of a file; undefined for a directory. */
  content: PagedContent | undefined;
  /** Entries of a directory; undefined for a file. */
  names: Map<string, number> | undefined;
  #namesOwner: Owner;

  /** One of `content` and `names` is given, as `kind` says. */
  constructor(
    owner: Owner,
    ino: number,
    kind: "file" | "directory",
    content: PagedContent | undefined,
    names: Map<string, number> | undefined,
  ) {
    this.owner = owner;
    this.#namesOwner = owner;
    this.ino = ino;
    this.kind = kind;
    this.content = content;
    this.names = names;
  }

  copyFor(owner: Owner): Inode {
    const copy = new Inode(owner, this.ino, this.kind, this.content?.copyFor(owner), this.names);
    copy.links = this.links;
    copy.#namesOwner = this.#namesOwner;
    return copy;
  }

  /** Entries that may be changed in place. */
  ownNames(): Map<string, number> {
    const names = this.names ?? new Map<string, number>();
    if (this.#namesOwner === this.owner) return names;
    const own = new Map(names);
    this.names = own;
    this.#namesOwner = this.owner;
    return own;
  }
}

interface InodeChunk {
  readonly owner: Owner;
  readonly inodes: (Inode | undefined)[];
}

/**
 * An immutable file tree with its bytes: what a disk holds at one moment. Made by `snapshot`, by a crash, or by
 * `decodeImage`; mounted in O(1). Treat it as opaque.
 */
export class Image {
  /** @internal */
  readonly chunks: readonly InodeChunk[];
  /** @internal */
  readonly nextIno: number;
  /** @internal */
  readonly usedPages: number;
  /** @internal Files with bytes behind their end, see {@link FsState.loose}. */
  readonly loose: ReadonlyMap<number, number>;
  /** @internal How often this disk has been mounted: tells the lock owners of one boot from those of the next. */
  readonly boots: number;

  /** @internal */
  constructor(
    chunks: readonly InodeChunk[],
    nextIno: number,
    usedPages: number,
    boots: number,
    loose: ReadonlyMap<number, number>,
  ) {
    this.loose = loose;
    this.chunks = chunks;
    this.nextIno = nextIno;
    this.usedPages = usedPages;
    this.boots = boots;
  }

  /** @internal */
  inode(ino: number): Inode | undefined {
    return this.chunks[Math.floor(ino / inodesPerChunk)]?.inodes[ino % inodesPerChunk];
  }
}

/** An empty tree: a root directory and nothing else. */
export function emptyImage(): Image {
  return new FsState().freeze();
}

export class FsState {
  owner: Owner = new Owner();
  readonly slab: SlabAllocator;
  nextIno: number = rootIno + 1;
  /** Pages in use by all files, holes not counted. */
  usedPages = 0;
  boots = 0;
  /**
   * Files that hold bytes behind their end, and how far: bytes that settled before their length, or that a disk put
   * there. A durable state keeps them, because the length may follow; a mount drops them ({@link FsState.trim}).
   */
  readonly loose: Map<number, number>;
  #chunks: InodeChunk[];
  #chunksShared: boolean;

  constructor(image?: Image, slab: SlabAllocator = new SlabAllocator()) {
    this.slab = slab;
    this.loose = image === undefined || image.loose.size === 0 ? new Map() : new Map(image.loose);
    if (image === undefined) {
      this.#chunks = [];
      this.#chunksShared = false;
      const root = new Inode(this.owner, rootIno, "directory", undefined, new Map());
      root.links = 1;
      this.#put(rootIno, root);
      return;
    }
    this.#chunks = image.chunks as InodeChunk[]; // copied before the first change, see #ownChunk
    this.#chunksShared = true;
    this.nextIno = image.nextIno;
    this.usedPages = image.usedPages;
    this.boots = image.boots;
  }

  /** An immutable view of the present state; O(1). */
  freeze(): Image {
    this.owner = new Owner();
    this.#chunksShared = true;
    const loose = this.loose.size === 0 ? nothingLoose : new Map(this.loose);
    return new Image(this.#chunks, this.nextIno, this.usedPages, this.boots, loose);
  }

  inode(ino: number): Inode | undefined {
    return this.#chunks[Math.floor(ino / inodesPerChunk)]?.inodes[ino % inodesPerChunk];
  }

  #put(ino: number, inode: Inode | undefined): void {
    const index = Math.floor(ino / inodesPerChunk);
    if (this.#chunksShared) {
      this.#chunks = this.#chunks.slice();
      this.#chunksShared = false;
    }
    while (this.#chunks.length <= index) this.#chunks.push({ owner: this.owner, inodes: [] });
    let chunk = this.#chunks[index] as InodeChunk; // the loop above made it
    if (chunk.owner !== this.owner) {
      chunk = { owner: this.owner, inodes: chunk.inodes.slice() };
      this.#chunks[index] = chunk;
    }
    while (chunk.inodes.length < ino % inodesPerChunk) chunk.inodes.push(undefined);
    chunk.inodes[ino % inodesPerChunk] = inode;
  }

  /** The inode, changeable in place. It must exist. */
  own(ino: number): Inode {
    const inode = this.inode(ino);
    if (inode === undefined) throw new Error(`internal: inode ${ino} does not exist`);
    if (inode.owner === this.owner) return inode;
    const copy = inode.copyFor(this.owner);
    this.#put(ino, copy);
    return copy;
  }

  /** The content of a file, changeable in place. */
  ownContent(ino: number): PagedContent {
    const { content } = this.own(ino);
    if (content === undefined) throw new Error(`internal: inode ${ino} is no file`);
    return content;
  }

  /** A new inode without a name. `ino` is given when a log dictates it. */
  create(kind: "file" | "directory", ino: number = this.nextIno, origin?: ContentOrigin): Inode {
    const isFile = kind === "file";
    const content = isFile ? new PagedContent(this.owner, origin) : undefined;
    const inode = new Inode(this.owner, ino, kind, content, isFile ? undefined : new Map());
    this.#put(ino, inode);
    this.nextIno = Math.max(this.nextIno, ino + 1);
    this.usedPages += content?.pageCount ?? 0;
    return inode;
  }

  /** Forgets an inode that has neither names nor handles. */
  drop(ino: number): void {
    const inode = this.inode(ino);
    if (inode === undefined) return;
    this.usedPages -= inode.content?.pageCount ?? 0;
    this.#put(ino, undefined);
  }

  /** Binds `name` in a directory, replacing what it was bound to. */
  link(directoryIno: number, name: string, ino: number): void {
    const names = this.own(directoryIno).ownNames();
    const before = names.get(name);
    if (before === ino) return;
    if (before !== undefined) this.own(before).links -= 1;
    names.set(name, ino);
    this.own(ino).links += 1;
  }

  unlink(directoryIno: number, name: string): void {
    const names = this.own(directoryIno).ownNames();
    const before = names.get(name);
    if (before === undefined) return;
    names.delete(name);
    this.own(before).links -= 1;
  }

  lookup(directoryIno: number, name: string): number | undefined {
    return this.inode(directoryIno)?.names?.get(name);
  }

  /** Writes bytes into one page without logging them; `undefined` writes zeros. Never changes the size. */
  writeRange(
    ino: number,
    page: number,
    start: number,
    end: number,
    bytes: Uint8Array | undefined,
    shift: number,
  ): void {
    const content = this.ownContent(ino);
    const before = content.pageCount;
    if (bytes === undefined) content.zeroPage(page, start, end, this.slab);
    else content.writePage(page, start, bytes, shift, shift + end - start, this.slab);
    this.usedPages += content.pageCount - before;
    if (bytes !== undefined) this.#noteReach(ino, content.size, page * pageBytes + end);
  }

  /** Puts a whole page in place without copying it. */
  sharePage(ino: number, index: number, page: Page): void {
    const content = this.ownContent(ino);
    const before = content.pageCount;
    content.setPage(index, page);
    this.usedPages += content.pageCount - before;
    this.#noteReach(ino, content.size, (index + 1) * pageBytes);
  }

  #noteReach(ino: number, size: number, end: number): void {
    if (end > size && end > (this.loose.get(ino) ?? 0)) this.loose.set(ino, end);
  }

  /** Gives a file the content of another state's file; O(1), all pages are shared. */
  adoptContent(ino: number, content: PagedContent): void {
    const inode = this.own(ino);
    this.usedPages += content.pageCount - (inode.content?.pageCount ?? 0);
    inode.content = content.copyFor(this.owner);
  }

  /** Sets the length; a cut forgets the bytes behind it, or, with `keepTail`, only the pages behind the new last one. */
  setSize(ino: number, size: number, keepTail = false): void {
    const content = this.ownContent(ino);
    const before = content.pageCount;
    const end = Math.max(content.size, this.loose.get(ino) ?? 0);
    const cuts = size < content.size;
    const kept = keepTail ? Math.ceil(size / pageBytes) * pageBytes : size;
    if (cuts && kept < content.size) content.cutTo(kept, this.slab);
    content.size = size;
    if (cuts || size >= (this.loose.get(ino) ?? 0)) this.loose.delete(ino);
    if (cuts && kept > size) this.loose.set(ino, Math.min(kept, end));
    this.usedPages += content.pageCount - before;
  }

  /** Restores the invariant of {@link PagedContent} after effects were applied out of step with the size. */
  trim(ino: number): void {
    const content = this.inode(ino)?.content;
    this.loose.delete(ino);
    if (content === undefined) return;
    const own = this.ownContent(ino);
    const before = own.pageCount;
    own.cutTo(own.size, this.slab);
    this.usedPages += own.pageCount - before;
  }

  /**
   * What a mount after a crash does: drops what no name reaches and counts links afresh. A directory that two names
   * reach, which only a rename that came apart can leave, keeps the name nearest to the root.
   */
  dropUnreachable(): void {
    const links = new Array<number>(this.nextIno).fill(0);
    links[rootIno] = 1;
    const queue = [rootIno];
    for (let at = 0; at < queue.length; at += 1) {
      const ino = queue[at] as number; // below length
      for (const [name, child] of this.inode(ino)?.names ?? []) {
        const count = links[child] as number; // every inode is below nextIno
        const kind = this.inode(child)?.kind;
        if (count === 0 && kind === "directory") queue.push(child);
        if (count > 0 && kind === "directory") this.own(ino).ownNames().delete(name);
        else links[child] = count + 1;
      }
    }
    for (let ino = rootIno; ino < this.nextIno; ino += 1) {
      const inode = this.inode(ino);
      if (inode === undefined) continue;
      const count = links[ino] as number;
      if (count === 0) this.drop(ino);
      else if (inode.links !== count) this.own(ino).links = count;
    }
  }
}
