// Who may change a page, an inode or a list of names in place, and what is copied first: paged-content.ts, fs-state.ts.
// A mistake here lets a later write change what is durable, what an image holds, or what the log says was written.
import { area, tests } from "./area.mjs";

export const pageMutations = area(
  "pages",
  [tests.crash, tests.pages, tests.laws, tests.differential],
  [
    // --- paged-content.ts ---
    {
      what: "a copy of a file shares the list of chunks it changes",
      file: "paged-content.ts",
      find: "if (this.#chunksOwner === this.owner) return;",
      put: "if (this.#chunksOwner !== undefined) return;",
    },
    {
      what: "a copy of a file counts as owner of the list of chunks",
      file: "paged-content.ts",
      find: "copy.#chunksOwner = this.#chunksOwner;",
    },
    {
      what: "a chunk of another owner is changed in place",
      file: "paged-content.ts",
      find: "if (chunk !== undefined && chunk.owner === this.owner) return chunk;",
      put: "if (chunk !== undefined && chunk.pages.length >= 0) return chunk;",
    },
    {
      what: "a page of another owner is changed in place",
      file: "paged-content.ts",
      in: "#ownPage(index",
      find: "if (page.owner === this.owner) {",
      put: "if (page.owner !== null) {",
    },
    {
      what: "a page that changes keeps its old hash",
      file: "paged-content.ts",
      in: "#ownPage(index",
      find: "page.hash = -1;",
    },
    {
      what: "the far chunks are shared with a copy",
      file: "paged-content.ts",
      find: "this.#far = this.#far === undefined ? undefined : new Map(this.#far);",
    },
    {
      what: "a logged range is overwritten in place",
      file: "paged-content.ts",
      find: "before === undefined || (before.sealed >= 0 && start >= before.sealed)",
      put: "before === undefined || before.sealed >= 0",
    },
    {
      what: "a write to a page counts as an append wherever it is",
      file: "paged-content.ts",
      find: "const appends = before === undefined || (before.sealed >= 0 && start >= before.sealed);",
      put: "const appends = true;",
    },
    {
      what: "an overwritten page is not taken from the log",
      file: "paged-content.ts",
      find: "before.owner = undefined; // effects keep the old bytes: the next line makes a private copy",
    },
    {
      what: "an appended range is not sealed",
      file: "paged-content.ts",
      find: "page.sealed = end;",
    },
    {
      what: "the log refers to the caller's buffer",
      file: "paged-content.ts",
      find: "slab.copy(source, from, to, payload);",
      put: "payload.bytes = source; payload.shift = from;",
    },
    {
      what: "zeros are written over bytes that the log refers to",
      file: "paged-content.ts",
      find: "if (page.owner === this.owner && page.sealed > start) page.owner = undefined;",
    },
    {
      what: "a file is cut and keeps the pages behind its end",
      file: "paged-content.ts",
      find: "this.dropPages(rest === 0 ? page : page + 1);",
    },
    {
      what: "a file is cut and keeps the bytes of its last page",
      file: "paged-content.ts",
      find: "if (rest > 0) this.zeroPage(page, rest, pageBytes, slab);",
    },

    // --- fs-state.ts ---
    {
      what: "a frozen state goes on changing in place",
      file: "fs-state.ts",
      in: "freeze(): Image",
      find: "this.owner = new Owner();",
    },
    {
      what: "freezing does not share the list of inodes",
      file: "fs-state.ts",
      in: "freeze(): Image",
      find: "this.#chunksShared = true;",
    },
    {
      what: "mounting changes the list of inodes of its image",
      file: "fs-state.ts",
      in: "constructor(image?: Image, slab",
      find: "this.#chunksShared = true;",
      put: "this.#chunksShared = false;",
    },
    {
      what: "an inode of another owner is changed in place",
      file: "fs-state.ts",
      in: "own(ino: number): Inode",
      find: "if (inode.owner === this.owner) return inode;",
      put: "if (inode.owner !== undefined) return inode;",
    },
    {
      what: "a chunk of inodes of another owner is changed in place",
      file: "fs-state.ts",
      find: "if (chunk.owner !== this.owner) {",
      put: "if (chunk.owner === undefined) {",
    },
    {
      what: "the entries of another owner's directory are changed in place",
      file: "fs-state.ts",
      find: "if (this.#namesOwner === this.owner) return names;",
      put: "return names;",
    },
    {
      what: "a copied directory counts as owner of its entries",
      file: "fs-state.ts",
      find: "copy.#namesOwner = this.#namesOwner;",
    },
    {
      what: "a copied inode shares its content with the original",
      file: "fs-state.ts",
      find: "this.content?.copyFor(owner), this.names",
      put: "this.content, this.names",
    },
    {
      what: "an adopted content belongs to two files",
      file: "fs-state.ts",
      find: "inode.content = content.copyFor(this.owner);",
      put: "inode.content = content;",
    },
    {
      what: "what lies behind the end after a crash stays there",
      file: "fs-state.ts",
      in: "trim(ino: number)",
      find: "own.cutTo(own.size, this.slab);",
    },
    {
      what: "a file without a name stays after a crash",
      file: "fs-state.ts",
      in: "dropUnreachable(): void",
      find: "if (count === 0) this.drop(ino);",
      put: "if (count === 0) continue;",
    },
    {
      what: "links are not counted afresh after a crash",
      file: "fs-state.ts",
      in: "dropUnreachable(): void",
      find: "else if (inode.links !== count) this.own(ino).links = count;",
    },
    {
      what: "a directory keeps two names after a rename came apart",
      file: "fs-state.ts",
      in: "dropUnreachable(): void",
      find: 'if (count > 0 && kind === "directory") this.own(ino).ownNames().delete(name);\n        else links',
      put: "links",
      tests: [tests.crash, tests.laws, tests.brute],
    },

    // --- sharing by reflink ---
    {
      what: "a reflinked page is changed in place by its source",
      file: "engine-content.ts",
      in: "protected shareContent(",
      find: "page.owner = undefined;",
      tests: [tests.conformance, tests.crash, tests.laws],
    },
    {
      what: "a page that an effect brings belongs to the state, which may change it",
      file: "effect-rules.ts",
      find: "new Page(undefined, bytes, shift",
      put: "new Page(state.owner, bytes.subarray",
    },
  ],
);
