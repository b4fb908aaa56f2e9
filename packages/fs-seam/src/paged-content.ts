import type { Payload, SlabAllocator } from "./slab-allocator.js";

/**
 * The bytes of one file as copy-on-write pages.
 *
 * Ownership: every mutable piece carries the `Owner` that may change it in place. Freezing a state drops its owner, so
 * the next write copies the chunk and the page it touches, and nothing else. A frozen piece is never mutated, except
 * that lazily loaded pages of a base file system are filled in, which nobody can observe.
 *
 * Invariant: bytes at and behind `size` are zero or absent, so growing a file never shows old bytes.
 */

export const pageBytes = 4096;
const chunkPages = 64;
/** Chunks below this index live in an array, sparse ones above it in a map. */
const nearChunks = 4096;

/** Identity of the state that may mutate a piece in place. */
export class Owner {
  readonly created: true = true;
}

/**
 * One page. `bytes` may be shorter than a page: what is missing reads as zeros.
 *
 * `sealed` protects bytes that effects of the log refer to: bytes before `sealed` must not change in place. -1 says the
 * page is private: no effect refers to it, and logged writes store copies of their bytes instead.
 */
export class Page {
  owner: Owner | undefined;
  /** The bytes are `slab[at, at + length)`; write there. */
  slab: Uint8Array;
  at: number;
  length: number;
  sealed: number;
  /** Cached content hash; -1 when it has to be computed. */
  hash: number;
  #view: Uint8Array | undefined;

  constructor(owner: Owner | undefined, slab: Uint8Array, at: number, length: number, sealed: number) {
    this.owner = owner;
    this.slab = slab;
    this.at = at;
    this.length = length;
    this.sealed = sealed;
    this.hash = -1;
    this.#view = undefined;
  }

  /** A view of the bytes, made when somebody first reads: it weighs more than the log's record of a write. */
  get bytes(): Uint8Array {
    this.#view ??= this.slab.subarray(this.at, this.at + this.length);
    return this.#view;
  }

  /** Gives the page other storage. Effects refer to the old one by place, and keep it. */
  move(slab: Uint8Array, at: number, length: number): void {
    this.slab = slab;
    this.at = at;
    this.length = length;
    this.#view = undefined;
  }
}

class Chunk {
  readonly owner: Owner;
  readonly pages: (Page | undefined)[];

  constructor(owner: Owner, pages: (Page | undefined)[]) {
    this.owner = owner;
    this.pages = pages;
  }
}

/** Reads the pages of a base file system on first use. */
export interface ContentOrigin {
  readonly size: number;
  /** Fills `target` from `offset`; the file is known to be at least that long. */
  load(target: Uint8Array, offset: number): void;
}

export class PagedContent {
  owner: Owner;
  size = 0;
  /** Pages that exist; holes cost nothing. */
  pageCount = 0;
  #chunks: (Chunk | undefined)[] = [];
  #far: Map<number, Chunk> | undefined;
  #chunksOwner: Owner;
  readonly #origin: ContentOrigin | undefined;
  /** Pages at and behind this one are no longer read from the origin: a cut has dropped them. */
  #lazyPages = 0;

  constructor(owner: Owner, origin?: ContentOrigin) {
    this.owner = owner;
    this.#chunksOwner = owner;
    this.#origin = origin;
    if (origin === undefined) return;
    this.size = origin.size;
    this.pageCount = Math.ceil(origin.size / pageBytes);
    this.#lazyPages = this.pageCount;
  }

  /** A copy for another owner; O(1), all pages are shared. */
  copyFor(owner: Owner): PagedContent {
    const copy = new PagedContent(owner, this.#origin);
    copy.size = this.size;
    copy.pageCount = this.pageCount;
    copy.#chunks = this.#chunks;
    copy.#far = this.#far;
    copy.#chunksOwner = this.#chunksOwner;
    copy.#lazyPages = this.#lazyPages;
    return copy;
  }

  #chunk(index: number): Chunk | undefined {
    const chunk = index < nearChunks ? this.#chunks[index] : this.#far?.get(index);
    if (chunk !== undefined || this.#origin === undefined || index * chunkPages >= this.#lazyPages) return chunk;
    return this.#loadChunk(index, this.#origin);
  }

  /** Every chunk of a lazy file is loaded whole, whoever asks, because the list of chunks may be shared. */
  #loadChunk(index: number, origin: ContentOrigin): Chunk {
    const start = index * chunkPages * pageBytes;
    const length = Math.min(chunkPages * pageBytes, origin.size - start);
    const bytes = new Uint8Array(length);
    origin.load(bytes, start);
    const pages: (Page | undefined)[] = [];
    for (let at = 0; at < length; at += pageBytes) {
      pages.push(new Page(undefined, bytes, at, Math.min(pageBytes, length - at), -1));
    }
    const chunk = new Chunk(new Owner(), pages);
    this.#store(index, chunk);
    return chunk;
  }

  #store(index: number, chunk: Chunk): void {
    if (index < nearChunks) {
      while (this.#chunks.length < index) this.#chunks.push(undefined); // a packed array stays fast
      this.#chunks[index] = chunk;
    } else {
      this.#far ??= new Map();
      this.#far.set(index, chunk);
    }
  }

  page(index: number): Page | undefined {
    return this.#chunk(Math.floor(index / chunkPages))?.pages[index % chunkPages];
  }

  #ownChunks(): void {
    if (this.#chunksOwner === this.owner) return;
    this.#chunks = this.#chunks.slice();
    this.#far = this.#far === undefined ? undefined : new Map(this.#far);
    this.#chunksOwner = this.owner;
  }

  #writableChunk(index: number): Chunk {
    this.#ownChunks();
    const chunk = this.#chunk(index);
    if (chunk !== undefined && chunk.owner === this.owner) return chunk;
    const own = new Chunk(this.owner, chunk === undefined ? [] : chunk.pages.slice());
    this.#store(index, own);
    return own;
  }

  /** Puts `page` in place and says whether there was none before. */
  setPage(index: number, page: Page | undefined): void {
    const chunk = this.#writableChunk(Math.floor(index / chunkPages));
    const slot = index % chunkPages;
    const before = chunk.pages[slot];
    if (before === undefined) {
      if (page === undefined) return;
      while (chunk.pages.length < slot) chunk.pages.push(undefined);
      this.pageCount += 1;
    } else if (page === undefined) {
      this.pageCount -= 1;
    }
    chunk.pages[slot] = page;
  }

  /**
   * A page that may be changed in place, with room for `end` bytes. `seal` is what its copy starts with. `whole` says that
   * the caller overwrites all 4096 bytes.
   */
  #ownPage(index: number, end: number, slab: SlabAllocator, seal: number, whole = false): Page {
    const page = this.page(index);
    if (page === undefined) {
      const length = index > 0 ? pageBytes : capacityFor(end);
      const at = whole ? slab.take(length) : slab.takeZeroed(length);
      const fresh = new Page(this.owner, slab.slab, at, length, seal);
      this.setPage(index, fresh);
      return fresh;
    }
    if (page.owner === this.owner) {
      if (page.length < end) grow(page, end, slab);
      page.hash = -1;
      return page;
    }
    const length = Math.max(page.length, capacityFor(end));
    const at = slab.takeZeroed(length);
    slab.slab.set(page.bytes, at);
    const copy = new Page(this.owner, slab.slab, at, length, seal);
    this.setPage(index, copy);
    return copy;
  }

  /** Copies `source[from, to)` into one page at `start`. No effect will refer to the bytes. */
  writePage(index: number, start: number, source: Uint8Array, from: number, to: number, slab: SlabAllocator): void {
    const page = this.#ownPage(index, start + to - from, slab, -1, to - from === pageBytes);
    page.slab.set(from === 0 && to === source.length ? source : source.subarray(from, to), page.at + start);
  }

  /** Gives storage to every page that `[from, to)` of the file touches. No effect will refer to it. */
  reserve(from: number, to: number, slab: SlabAllocator): void {
    for (let page = Math.floor(from / pageBytes); page * pageBytes < to; page += 1) {
      if (this.page(page) === undefined) this.writePage(page, 0, zeroByte, 0, 1, slab);
    }
  }

  /**
   * The same for a logged write: `payload` is set to bytes that will not change while the log lives. Whole pages and
   * appended ranges share their storage with the file; a page that is overwritten in part becomes private once.
   */
  writePageLogged(
    index: number,
    start: number,
    source: Uint8Array,
    from: number,
    to: number,
    slab: SlabAllocator,
    payload: Payload,
  ): void {
    const end = start + to - from;
    if (start === 0 && end === pageBytes) {
      const at = slab.take(pageBytes);
      slab.slab.set(from === 0 && to === source.length ? source : source.subarray(from, to), at);
      this.#placeWhole(index, slab.slab, at);
      payload.bytes = slab.slab;
      payload.shift = at;
      return;
    }
    const before = this.page(index);
    const appends = before === undefined || (before.sealed >= 0 && start >= before.sealed);
    if (before !== undefined && before.owner === this.owner && !appends && before.sealed >= 0) {
      before.owner = undefined; // effects keep the old bytes: the next line makes a private copy
    }
    const page = this.#ownPage(index, end, slab, appends ? 0 : -1);
    page.slab.set(from === 0 && to === source.length ? source : source.subarray(from, to), page.at + start);
    if (page.sealed >= 0) {
      page.sealed = end;
      payload.bytes = page.slab;
      payload.shift = page.at + start;
    } else {
      slab.copy(source, from, to, payload);
    }
  }

  /** Puts a whole sealed page in place. An own page is moved: nothing but this content refers to the object. */
  #placeWhole(index: number, slab: Uint8Array, at: number): void {
    const page = this.page(index);
    if (page === undefined || page.owner !== this.owner) {
      this.setPage(index, new Page(this.owner, slab, at, pageBytes, pageBytes));
      return;
    }
    page.move(slab, at, pageBytes);
    page.sealed = pageBytes;
    page.hash = -1;
  }

  /** Makes `[start, end)` of one page read as zeros. */
  zeroPage(index: number, start: number, end: number, slab: SlabAllocator): void {
    const page = this.page(index);
    if (page === undefined || page.length <= start) return;
    if (start === 0 && end >= page.length) {
      this.setPage(index, undefined);
      return;
    }
    if (page.owner === this.owner && page.sealed > start) page.owner = undefined;
    const own = this.#ownPage(index, page.length, slab, -1);
    own.slab.fill(0, own.at + start, own.at + Math.min(end, own.length));
  }

  /** Drops pages from `fromPage` on. Reads at most one chunk of a lazy file. */
  dropPages(fromPage: number): void {
    this.#ownChunks();
    const edge = Math.floor(fromPage / chunkPages);
    const edgeChunk = this.#chunk(edge);
    for (let slot = fromPage - edge * chunkPages; slot < (edgeChunk?.pages.length ?? 0); slot += 1) {
      this.setPage(edge * chunkPages + slot, undefined);
    }
    this.#forgetLazy(edge + 1);
    for (let index = this.#chunks.length - 1; index > edge; index -= 1) this.#forget(this.#chunks[index]);
    if (this.#chunks.length > edge + 1) this.#chunks.length = edge + 1;
    for (const [index, chunk] of this.#far ?? []) {
      if (index <= edge) continue;
      this.#forget(chunk);
      this.#far?.delete(index);
    }
  }

  #forget(chunk: Chunk | undefined): void {
    for (const page of chunk?.pages ?? []) if (page !== undefined) this.pageCount -= 1;
  }

  /** Takes the chunks from `first` on, where they have not been read, off the origin. */
  #forgetLazy(first: number): void {
    for (let index = first; index * chunkPages < this.#lazyPages; index += 1) {
      const loaded = index < nearChunks ? this.#chunks[index] : this.#far?.get(index);
      if (loaded === undefined) this.pageCount -= Math.min(chunkPages, this.#lazyPages - index * chunkPages);
    }
    this.#lazyPages = Math.min(this.#lazyPages, first * chunkPages);
  }

  /** Indexes of the pages that exist in `[from, to)`, ascending. Reads what it passes of a lazy file. */
  pageIndexes(from = 0, to: number = Math.ceil(this.size / pageBytes)): number[] {
    const indexes: number[] = [];
    const dense = Math.max(this.#chunks.length, Math.ceil(this.#lazyPages / chunkPages));
    const end = Math.min(dense, Math.ceil(to / chunkPages));
    for (let index = Math.floor(from / chunkPages); index < end; index += 1) this.#addIndexes(indexes, index, from, to);
    if (this.#far === undefined) return indexes;
    for (const index of [...this.#far.keys()].sort((a, b) => a - b)) {
      if (index >= dense) this.#addIndexes(indexes, index, from, to);
    }
    return indexes;
  }

  #addIndexes(indexes: number[], chunk: number, from: number, to: number): void {
    const pages = this.#chunk(chunk)?.pages ?? [];
    for (let slot = 0; slot < pages.length; slot += 1) {
      const at = chunk * chunkPages + slot;
      if (pages[slot] !== undefined && at >= from && at < to) indexes.push(at);
    }
  }

  /** Fills `target` from `offset` and returns the count; short at the end of the file. */
  read(target: Uint8Array, offset: number): number {
    const count = Math.min(target.length, this.size - offset);
    if (count <= 0) return 0;
    let done = 0;
    while (done < count) {
      const index = Math.floor((offset + done) / pageBytes);
      const start = offset + done - index * pageBytes;
      const length = Math.min(pageBytes - start, count - done);
      copyOut(this.page(index), start, length, target, done);
      done += length;
    }
    return count;
  }

  /** Cuts the length and forgets the bytes behind it. */
  cutTo(size: number, slab: SlabAllocator): void {
    const page = Math.floor(size / pageBytes);
    const rest = size - page * pageBytes;
    this.dropPages(rest === 0 ? page : page + 1);
    if (rest > 0) this.zeroPage(page, rest, pageBytes, slab);
    this.size = size;
  }
}

const zeroByte = new Uint8Array(1);

function copyOut(page: Page | undefined, start: number, length: number, target: Uint8Array, at: number): void {
  if (page === undefined || page.length <= start) {
    target.fill(0, at, at + length);
    return;
  }
  const have = Math.min(length, page.length - start);
  target.set(start === 0 && have === page.length ? page.bytes : page.bytes.subarray(start, start + have), at);
  if (have < length) target.fill(0, at + have, at + length);
}

/** First pages start small, so that a thousand tiny files do not cost four megabytes. */
function capacityFor(end: number): number {
  if (end > 1024) return pageBytes;
  return end > 256 ? 1024 : 256;
}

function grow(page: Page, end: number, slab: SlabAllocator): void {
  const length = capacityFor(end);
  const at = slab.takeZeroed(length);
  slab.slab.set(page.bytes, at);
  page.move(slab.slab, at, length);
}
