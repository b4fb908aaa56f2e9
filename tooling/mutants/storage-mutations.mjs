// Where bytes lie: slabs that are handed out, pages that move, files read lazily from a base, bytes behind the end.
// paged-content.ts, fs-state.ts.
import { area, tests } from "./area.mjs";

export const storageMutations = area(
  "storage",
  [tests.crash, tests.pages, tests.laws, tests.differential],
  [
    {
      what: "a slab hands out the same bytes twice",
      file: "slab-allocator.ts",
      in: "take(length: number): number",
      find: "this.#used = at + length;",
    },
    {
      what: "space that should be zeros holds what was there",
      file: "slab-allocator.ts",
      in: "takeZeroed(length: number): number",
      find: "this.slab.fill(0, at, at + length);",
    },
    {
      what: "every new page counts as overwritten whole",
      file: "paged-content.ts",
      find: "whole ? slab.take(length) : slab.takeZeroed(length)",
      put: "slab.take(length)",
    },
    {
      what: "a page that moves shows its old bytes",
      file: "paged-content.ts",
      in: "move(slab: Uint8Array",
      find: "this.#view = undefined;",
    },
    {
      what: "a page that grows loses its bytes",
      file: "paged-content.ts",
      in: "function grow(",
      find: "slab.slab.set(page.bytes, at);",
    },
    {
      what: "a copied page loses its bytes",
      file: "paged-content.ts",
      in: "#ownPage(index",
      find: "slab.slab.set(page.bytes, at);",
    },
    {
      what: "a whole page is put into the page of another owner",
      file: "paged-content.ts",
      in: "#placeWhole(index",
      find: "if (page === undefined || page.owner !== this.owner) {",
      put: "if (page === undefined) {",
    },
    {
      what: "a whole page that was put in place is not sealed",
      file: "paged-content.ts",
      in: "#placeWhole(index",
      find: "page.sealed = pageBytes;",
      put: "page.sealed = 0;",
    },
    {
      what: "a whole page that was put in place keeps the old hash",
      file: "paged-content.ts",
      in: "#placeWhole(index",
      find: "page.hash = -1;",
    },
    {
      what: "a cut drops chunks of a copy",
      file: "paged-content.ts",
      in: "dropPages(fromPage",
      find: "this.#ownChunks();",
    },
    {
      what: "a file that was cut is read from its base again",
      file: "paged-content.ts",
      find: "this.#lazyPages = Math.min(this.#lazyPages, first * chunkPages);",
    },
    {
      what: "a copy of a file that was cut is read from its base again",
      file: "paged-content.ts",
      find: "copy.#lazyPages = this.#lazyPages;",
    },
    {
      what: "a cut forgets far chunks and keeps them",
      file: "paged-content.ts",
      find: "this.#far?.delete(index);",
    },
    {
      what: "a cut drops chunks and goes on counting their pages",
      file: "paged-content.ts",
      find: "for (const page of chunk?.pages ?? []) if (page !== undefined) this.pageCount -= 1;",
    },

    // --- bytes behind the end ---
    {
      what: "a mounted state does not know which files have bytes behind their end",
      file: "fs-state.ts",
      find: ": new Map(image.loose);",
      put: ": new Map();",
    },
    {
      what: "an image learns what came loose after it",
      file: "fs-state.ts",
      in: "freeze(): Image",
      find: "new Map(this.loose)",
      put: "this.loose",
    },
    {
      what: "bytes written behind the end are not noticed",
      file: "fs-state.ts",
      find: "if (bytes !== undefined) this.#noteReach(ino, content.size, page * pageBytes + end);",
    },
    {
      what: "whole pages put behind the end are not noticed",
      file: "fs-state.ts",
      find: "this.#noteReach(ino, content.size, (index + 1) * pageBytes);",
    },
    {
      what: "bytes behind the end are noticed only once",
      file: "fs-state.ts",
      find: "if (end > size && end > (this.loose.get(ino) ?? 0)) this.loose.set(ino, end);",
      put: "if (end > size && !this.loose.has(ino)) this.loose.set(ino, end);",
    },
    {
      what: "any new length counts as covering what was behind the end",
      file: "fs-state.ts",
      find: "if (cuts || size >= (this.loose.get(ino) ?? 0)) this.loose.delete(ino);",
      put: "this.loose.delete(ino);",
    },
    {
      what: "an image keeps bytes behind the end of a file",
      file: "crash-choice.ts",
      find: "for (const ino of [...state.loose.keys()]) state.trim(ino);",
      tests: [tests.images, tests.brute, tests.laws],
    },
  ],
);
