// When two images are one, and what is asserted in debug mode: image-hash.ts, invariants.ts.
import { area, tests } from "./area.mjs";

export const identityMutations = area(
  "identity",
  [tests.images, tests.laws],
  [
    // --- identity of images ---
    { what: "hash: names do not count", file: "image-hash.ts", find: "hash.add(name.charCodeAt(at));" },
    {
      what: "hash: hard links are copies",
      file: "image-hash.ts",
      find: "if (seen !== undefined) {",
      put: "if (seen === -1) {",
    },
    {
      what: "hash: it does not count which file a hard link names",
      file: "image-hash.ts",
      find: "hash.add(seen);",
      put: "hash.add(0x5bd1e995);",
    },
    {
      what: "hash: the beginning of a directory does not count",
      file: "image-hash.ts",
      find: "hash.add(0x3c6ef372 + depth);",
    },
    {
      what: "hash: the low word of a length does not count",
      file: "image-hash.ts",
      find: "hash.add((content.size % 0x100000000) | 0);",
    },
    {
      what: "hash: the high word of a length does not count",
      file: "image-hash.ts",
      find: "hash.add(Math.floor(content.size / 0x100000000) + 1);",
    },
    { what: "hash: the place of a page does not count", file: "image-hash.ts", find: "hash.add(index);" },
    {
      what: "hash: the low word of a page does not count",
      file: "image-hash.ts",
      find: "hash.add((page % 0x100000000) | 0);",
    },
    {
      what: "hash: the high word of a page does not count",
      file: "image-hash.ts",
      find: "hash.add(Math.floor(page / 0x100000000));",
    },
    { what: "hash: a page of zeros is not a hole", file: "image-hash.ts", find: "if (page === 0) continue;" },
    {
      what: "hash: names count in the order they were made",
      file: "image-hash.ts",
      find: "if (list.length > fewNames) return list.sort();",
      put: "return list;",
    },
    {
      what: "hash: many names count in the order they were made",
      file: "image-hash.ts",
      find: "return list.sort();",
      put: "return list;",
    },
    {
      what: "hash: the place of a byte does not count",
      file: "image-hash.ts",
      find: "mix(byte + Math.imul(at + 1, 0x01000193))",
      put: "mix(byte)",
    },

    // --- what is asserted in debug mode ---
    {
      what: "I1 does not compare lengths",
      file: "invariants.ts",
      find: "demand(settled.content.size === seen.content.size, `I1: the durable length of clean file ${ino} differs`);",
    },
    {
      what: "I1 does not compare bytes",
      file: "invariants.ts",
      find: "a.every((byte, at) => byte === b[at]),",
      put: "a.every((byte) => byte >= 0),",
    },
    { what: "I1 looks at no file", file: "invariants.ts", find: "|| !clean) continue;", put: "|| clean) continue;" },
    { what: "I5 and I6 compare nothing", file: "invariants.ts", find: "demand(a === b, what);" },
    {
      what: "I7 does not count the pages of a file",
      file: "invariants.ts",
      find: "demand(own === content.pageCount, `I7: file ${ino} has ${own} pages and counts ${content.pageCount}`);",
    },
    {
      what: "I7 does not count the pages of all files",
      file: "invariants.ts",
      find: "demand(pages === state.usedPages, `I7: ${pages} pages exist and ${state.usedPages} are counted`);",
    },
    {
      what: "links are not compared with names",
      file: "invariants.ts",
      find: "if (inode !== undefined) demand(inode.links === (links.get(ino) ?? 0), `inode ${ino} counts ${inode.links} links`);",
    },
    {
      what: "names may lead nowhere",
      file: "invariants.ts",
      find: "demand(state.inode(child) !== undefined, `a name of directory ${ino} leads nowhere`);",
    },
    {
      what: "old bytes behind the end are not looked for",
      file: "invariants.ts",
      find: "demand(bytes[at] === 0, `file ${ino} has old bytes behind its end`);",
    },
    {
      what: "the order of pending effects is not looked at",
      file: "invariants.ts",
      find: 'demand(effect.seq > last && effect.seq < ledger.position, "pending effects are out of order");',
    },
  ],
);
