// The log as four words a record: every field that is packed and unpacked. effect-log.ts.
import { area, tests } from "./area.mjs";

const field = (what, find, put, block) => ({
  what,
  file: "effect-log.ts",
  find,
  put,
  ...(block === undefined ? {} : { in: block }),
});

export const recordMutations = area(
  "records",
  [tests.effectLog, tests.crash, tests.log],
  [
    field("full chunks are forgotten", "for (const chunk of this.#full) this.#decodeChunk(chunk, chunk.length);", ""),
    field("a chunk that is full is not kept", "if (this.#at > 0) this.#full.push(this.#chunk);", ""),
    field("records are decoded again and again", "this.#at = 0;", "", "#decode(): void"),
    field("full chunks are decoded again and again", "this.#full = [];", "", "#decode(): void"),
    field("an append counts as one record", "this.length += kind === appendKind ? 2 : 1;", "this.length += 1;"),
    field(
      "an append that does not fit loses its length",
      "if (kind === appendKind) this.size(ino, page * pageBytes + start, page * pageBytes + end);",
      "",
    ),
    field("an append loses its length", "records.push(new SizeEffect(seq + 1, ino, from, to, undefined));", ""),
    field("zeros are bytes of some slab", "(range & (1 << 26)) === 0 ?", "(range & (1 << 26)) !== -1 ?"),
    field("every payload is in the first slab", "this.#slabs.at(place >>> 18)", "this.#slabs.at(0)"),
    field("every payload is at the start of its slab", "place & 0x3ffff, undefined", "0, undefined"),
    field("every write starts at the start of its page", "range & 0x1fff, (range", "0, (range"),
    field("a length beyond 32 bits is cut", "(second & 0xffff) * 2 ** 32 + (first >>> 0)", "first >>> 0"),
    field("a new length beyond 32 bits is cut", "(second >>> 16) * 2 ** 32 + (third >>> 0)", "third >>> 0"),
    field("a length beyond 48 bits is packed", "|| from >= 2 ** 48 || to >= 2 ** 48", ""),
    field("a rename is three renames", "seq - (third & 3)", "seq"),
    field("a rename that reaches far back is packed", "|| back > 3", ""),
    field("no name is of a rename", "renames[(third >>> 2) & 3]", "renames[0]"),
    field("a packed rename never leaves its directory", 'rename === "within" ? 1 : 2', '"within" === "within" ? 1 : 2'),
    field("every name is a file's", '(third & 16) === 0 ? "file" : "directory"', '"file"'),
    field("a packed unlink is a link", '(head & 7) === linkKind ? "link" : "unlink"', '"link"'),
    field("a packed barrier covers what came after its issue", "seq - first, outcome", "seq, outcome"),
    field("a packed barrier is always of a file", "scopes[second & 3]", "scopes[0]"),
    field("a packed barrier is always on rung data", '(second & 4) === 0 ? "data" : "full"', '"data"'),
    field("a packed barrier was never dropped", '(second & 8) === 0 ? "done" : "dropped"', '"done"'),
    field("a failed barrier is packed", '|| outcome === "failed"', ""),
    field(
      "a packed record forgets its call",
      "this.captureSites || ino > maxIno || directory > maxWord",
      "ino > maxIno || directory > maxWord",
    ),
    field(
      "the call that is recorded is the one before",
      'this.call = { operation, path, destination, site: new Error("call site") };',
      "",
    ),
  ],
);
