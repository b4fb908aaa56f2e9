import { rootIno, type FsState } from "./fs-state.js";
import type { Ledger } from "./ledger.js";
import { pageBytes } from "./paged-content.js";

/**
 * What must always hold inside the engine, checked after every barrier and every crash when the environment variable
 * `HOLDFAST_ASSERT` is `1`. The tests of this package run with it on; it costs time in proportion to the whole tree.
 *
 * I1 durable bytes were written by somebody, or are zero. I5 a second crash changes nothing. I6 the worst image is the
 * durable state. I7 the page accounting is the sum over all files. (I2-I4 speak of whole sets of images and are property
 * tests, I8 is the epoch of a handle, I9 is asserted by fault plans.)
 */
export const invariantsAreOn: boolean = globalThis.process?.env["HOLDFAST_ASSERT"] === "1";

/** A broken invariant: a bug in this package, never in the program under test. */
class InvariantBroken extends Error {
  override readonly name: string = "InvariantBroken";
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new InvariantBroken(what);
}

/** I5 and I6 compare two trees by their hashes. */
export function demandSame(a: number, b: number, what: string): void {
  demand(a === b, what);
}

/** I7, and that links, names and lengths agree. `whole` is false for a durable state, whose names may be missing. */
export function checkState(state: FsState, whole: boolean): void {
  const links = new Map<number, number>([[rootIno, 1]]);
  let pages = 0;
  for (let ino = rootIno; ino < state.nextIno; ino += 1) {
    const inode = state.inode(ino);
    if (inode === undefined) continue;
    demand(inode.ino === ino, `inode ${ino} is filed under another number`);
    for (const child of inode.names?.values() ?? []) {
      demand(state.inode(child) !== undefined, `a name of directory ${ino} leads nowhere`);
      links.set(child, (links.get(child) ?? 0) + 1);
    }
    const { content } = inode;
    if (content === undefined) continue;
    let own = 0;
    for (const index of content.pageIndexes(0, Number.MAX_SAFE_INTEGER)) {
      own += 1;
      if (whole) checkPage(content.page(index)?.bytes, index, content.size, ino);
    }
    demand(own === content.pageCount, `I7: file ${ino} has ${own} pages and counts ${content.pageCount}`);
    pages += own;
  }
  demand(pages === state.usedPages, `I7: ${pages} pages exist and ${state.usedPages} are counted`);
  for (let ino = rootIno; ino < state.nextIno; ino += 1) {
    const inode = state.inode(ino);
    if (inode !== undefined) demand(inode.links === (links.get(ino) ?? 0), `inode ${ino} counts ${inode.links} links`);
  }
}

function checkPage(bytes: Uint8Array | undefined, index: number, size: number, ino: number): void {
  if (bytes === undefined) return;
  demand(bytes.length <= pageBytes, `a page of file ${ino} is too long`);
  for (let at = Math.max(0, size - index * pageBytes); at < bytes.length; at += 1) {
    demand(bytes[at] === 0, `file ${ino} has old bytes behind its end`);
  }
}

/** I1 for the effects that one file still has pending: a settled page never holds a byte nobody wrote. */
export function checkLedger(ledger: Ledger, visible: FsState): void {
  checkState(ledger.state, false);
  let last = -1;
  for (const effect of ledger.pending()) {
    demand(effect.seq > last && effect.seq < ledger.position, "pending effects are out of order");
    last = effect.seq;
  }
  for (let ino = rootIno; ino < ledger.state.nextIno; ino += 1) {
    const settled = ledger.state.inode(ino);
    const seen = visible.inode(ino);
    const clean = ledger.pendingOfFile(ino).length === 0 && !ledger.touchedByDisk.has(ino);
    if (settled?.content === undefined || seen?.content === undefined || !clean) continue;
    // With nothing pending and no disk fault, what is durable is what is seen: both ends of I1 at once.
    demand(settled.content.size === seen.content.size, `I1: the durable length of clean file ${ino} differs`);
    const a = new Uint8Array(Math.min(settled.content.size, 1 << 16));
    const b = new Uint8Array(a.length);
    settled.content.read(a, 0);
    seen.content.read(b, 0);
    demand(
      a.every((byte, at) => byte === b[at]),
      `I1: the durable bytes of clean file ${ino} differ from what is seen`,
    );
  }
}
