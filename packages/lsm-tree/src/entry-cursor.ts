/**
 * One entry where it lies: plain fields, so that nobody allocates for each entry. Lent: the bytes are good until the cursor
 * moves; those of values as long as the block or memtable they lie in.
 */
export interface EntryView {
  /** Holds the user key; lent. */
  readonly keyBytes: Uint8Array;
  /** Where the key begins in `keyBytes`. */
  readonly keyStart: number;
  /** Where it ends, exclusive. */
  readonly keyEnd: number;
  /** Number of the write that made it. */
  readonly seqno: number;
  /** See `entryKinds`. */
  readonly kind: number;
  /** Empty range for a delete. */
  readonly valueBytes: Uint8Array;
  /** Where the value begins in `valueBytes`. */
  readonly valueStart: number;
  /** Where it ends, exclusive. */
  readonly valueEnd: number;
}

const nothing = new Uint8Array();

/**
 * A place in a sorted sequence of entries. It begins nowhere: `first`, `last`, `seek` and `seekBefore` place it, `next` and `prev`
 * move it from an entry, and after each of these `valid` says whether it stands on one.
 */
export abstract class EntryCursor implements EntryView {
  /** Whether the cursor stands on an entry; the fields below mean nothing otherwise. */
  valid = false;
  /** Whether `next` or `prev` came here from another version of the same key, which the cursor knows for less than a comparison. Means nothing after other moves. */
  repeatsKey = false;
  keyBytes: Uint8Array = nothing;
  keyStart = 0;
  keyEnd = 0;
  seqno = 0;
  kind = 0;
  valueBytes: Uint8Array = nothing;
  valueStart = 0;
  valueEnd = 0;

  /** To the least entry. */
  abstract first(): void;
  /** To the greatest entry. */
  abstract last(): void;
  /** To the least entry that is not before (`key`, `seqno`): the newest version of `key` up to `seqno`, or what follows it. */
  abstract seek(key: Uint8Array, seqno: number): void;
  /** To the greatest entry before (`key`, `seqno`). */
  abstract seekBefore(key: Uint8Array, seqno: number): void;
  /** To the entry behind this one. Only from an entry. */
  abstract next(): void;
  /** To the entry before this one. Only from an entry. */
  abstract prev(): void;
}
