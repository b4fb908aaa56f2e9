import { corrupt, type LsmError } from "../lsm-error.js";
import { blockFooter, WIDE_RESTARTS } from "./table-layout.js";

/** What the end of a data block says, in fields that a cursor loads again and again. */
export class BlockShape {
  /** Where entries end and the places of restarts begin. */
  entriesEnd = 0;
  entryCount = 0;
  restartCount = 0;
  restartInterval = 1;
  baseSeqno = 0;
  /** Bytes of the place of a restart: 2 or 4. */
  width = 2;

  /** Reads the end of a block. Throws `LSM_CORRUPT` unless all that it announces lies inside. */
  load(block: Uint8Array): void {
    const footer = block.length - blockFooter.bytes;
    if (footer < 0) throw malformed("is shorter than its end", 0);
    const interval = block[footer + blockFooter.restartInterval]!; // the footer is inside the block
    const flags = block[footer + blockFooter.flags]!;
    const high = wordAt(block, footer + 4);
    const entryCount = wordAt(block, footer + blockFooter.entryCount);
    if (entryCount === 0) throw malformed("has no entries", footer + blockFooter.entryCount);
    if (interval === 0) throw malformed("has a restart interval of 0", footer + blockFooter.restartInterval);
    if (flags > WIDE_RESTARTS) throw malformed("has flags that are not known", footer + blockFooter.flags);
    if (high > 0x1f_ffff) throw malformed("has a base seqno above 2^53-1", footer);
    const restartCount = Math.ceil(entryCount / interval);
    const width = flags === WIDE_RESTARTS ? 4 : 2;
    const entriesEnd = footer - restartCount * width;
    if (entriesEnd < 0) throw malformed("has more restarts than room", footer + blockFooter.entryCount);
    this.entriesEnd = entriesEnd;
    this.entryCount = entryCount;
    this.restartCount = restartCount;
    this.restartInterval = interval;
    this.baseSeqno = high * 0x1_0000_0000 + wordAt(block, footer);
    this.width = width;
  }

  /** Where restart number `index` lies. */
  restartAt(block: Uint8Array, index: number): number {
    const at = this.entriesEnd + index * this.width;
    return this.width === 2 ? block[at]! | (block[at + 1]! << 8) : wordAt(block, at); // index is below restartCount
  }
}

/**
 * Checks once what cursors rely on whenever they load the block: the first restart is at 0, they ascend strictly, and all are among
 * the entries.
 *
 * @throws LsmError `LSM_CORRUPT` with the offset in the block.
 */
export function checkBlockShape(block: Uint8Array, shape: BlockShape): void {
  shape.load(block);
  const footer = block.length - blockFooter.bytes;
  if ((block[footer + blockFooter.zero]! | block[footer + blockFooter.zero + 1]!) !== 0) {
    throw malformed("has bytes that are not zero", footer + blockFooter.zero);
  }
  let least = 0;
  for (let index = 0; index < shape.restartCount; index++) {
    const restart = shape.restartAt(block, index);
    const isRight = index === 0 ? restart === 0 : restart >= least;
    if (!isRight || restart >= shape.entriesEnd) {
      throw malformed(`has restart ${index} at ${restart}`, shape.entriesEnd + index * shape.width);
    }
    least = restart + 1;
  }
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0; // callers stay inside
}

function malformed(problem: string, offset: number): LsmError {
  return corrupt(`a data block ${problem}`, { offset });
}
