import type { TableMeta } from "../version-edit.js";
import type { Version } from "../version.js";

/** How much larger a level may be than the one above it. */
export const LEVEL_RATIO = 10;

/** So many tables of level 0 start a compaction; their keys overlap, so that a get may have to ask each. */
export const LEVEL0_TRIGGER = 4;

/**
 * How large each level may become, in bytes: the last one as it is, each above it a tenth of the next. Derived from what is there, so that
 * shallow levels are small in a small database, the last level holds nine tenths of it, and there is no size to be set.
 *
 * Level 0 has no size; its number of tables counts.
 */
export function levelTargets(version: Version): number[] {
  const last = version.levels.length - 1;
  const lastBytes = version.bytes(last);
  return version.levels.map((_, level) => (level === last ? Infinity : lastBytes / LEVEL_RATIO ** (last - level)));
}

/** Level 0 is merged with so many times its own bytes at most. Measured: with 3, 10 and 20 more was written for 100 to 400 flushes of random keys. */
const BASE_RATIO = 5;

/**
 * Where level 0 is merged to: the deepest level down to which everything together is at most five times as large as what comes. More would be rewritten
 * for very little; a shallower one would only be a stop on the way.
 *
 * Flushes of any size get levels that fit: a database that is flushed after every few writes has more levels, not larger rewrites.
 */
export function baseLevel(version: Version, incomingBytes: number): number {
  let base = 1;
  let bytes = 0;
  for (let level = 1; level < version.levels.length; level++) {
    bytes += version.bytes(level);
    if (bytes <= BASE_RATIO * incomingBytes) base = level;
  }
  return base;
}

/**
 * Bytes of a table for whoever chooses: deletes weigh what they promise to free, twice the average entry each, as far as there are more of them than
 * of anything else. Otherwise tables full of them would be the last to be compacted, being small.
 */
export function weightOf({ bytes, entryCount, deleteCount }: TableMeta, averageEntryBytes: number): number {
  return bytes + Math.max(0, 2 * deleteCount - entryCount) * 2 * averageEntryBytes;
}

/** Bytes of files for each entry, over all tables. */
export function averageEntryBytes(version: Version): number {
  let bytes = 0;
  let entries = 0;
  for (const table of version.tables()) {
    bytes += table.bytes;
    entries += table.entryCount;
  }
  return entries === 0 ? 0 : bytes / entries;
}

/**
 * Bytes that compactions would have to write for every level to be as large as it should be, about: what is too much of a level, with what it
 * meets in the next, passed on from level to level.
 */
export function compactionDebtBytes(version: Version): number {
  const targets = levelTargets(version);
  const level0 = version.tablesOf(0);
  let debt = 0;
  let incoming = 0;
  let base = 1;
  if (level0.length >= LEVEL0_TRIGGER) {
    incoming = version.bytes(0);
    base = baseLevel(version, incoming);
    debt = incoming + version.bytes(base);
  }
  for (let level = 1; level < version.levels.length - 1; level++) {
    const bytes = version.bytes(level) + (level === base ? incoming : 0);
    if (level === base) incoming = 0;
    const excess = bytes - targets[level]!; // one for each level
    if (excess <= 0) continue;
    debt += excess * (1 + version.bytes(level + 1) / bytes);
  }
  return debt;
}
