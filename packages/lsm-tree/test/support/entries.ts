// Entries as plain objects, and what is to be done with them the slow and obvious way.
import fc from "fast-check";
import type { EntryView } from "../../src/index.js";
import type { EntryCursor } from "../../src/format-entry.js";

export interface Entry {
  readonly key: Uint8Array;
  readonly seqno: number;
  /** Undefined for a delete. */
  readonly value: Uint8Array | undefined;
}

const nothing = new Uint8Array();

/** An entry as builders take it. */
export function viewOf({ key, seqno, value }: Entry): EntryView {
  const valueBytes = value ?? nothing;
  return {
    ...{ keyBytes: key, keyStart: 0, keyEnd: key.length, seqno, kind: value === undefined ? 2 : 1 },
    ...{ valueBytes, valueStart: 0, valueEnd: valueBytes.length },
  };
}

/** A copy of the entry that a view shows. */
export function entryOf(view: EntryView): Entry {
  const value = view.kind === 2 ? undefined : Uint8Array.from(view.valueBytes.subarray(view.valueStart, view.valueEnd));
  return { key: Uint8Array.from(view.keyBytes.subarray(view.keyStart, view.keyEnd)), seqno: view.seqno, value };
}

/** Whether two lists hold the same entries; on large ones far faster than `toEqual`. */
export function isSame(found: readonly Entry[], expected: readonly Entry[]): boolean {
  const none = Uint8Array.of(0);
  return (
    found.length === expected.length &&
    found.every(({ key, seqno, value }, at) => {
      const other = expected[at];
      if (other === undefined || seqno !== other.seqno || Buffer.compare(key, other.key) !== 0) return false;
      return (
        (value === undefined) === (other.value === undefined) &&
        Buffer.compare(value ?? none, other.value ?? none) === 0
      );
    })
  );
}

/** Internal order by `Buffer.compare`, which shares no code with ours. */
export function compareEntries(a: Entry, b: Entry): number {
  return Buffer.compare(a.key, b.key) || b.seqno - a.seqno;
}

/** Index of the first entry that is not before (key, seqno), by looking at each. */
export function lowerBound(entries: readonly Entry[], key: Uint8Array, seqno: number): number {
  const found = entries.findIndex((entry) => compareEntries(entry, { key, seqno, value: undefined }) >= 0);
  return found < 0 ? entries.length : found;
}

/** The newest version of a key up to a seqno. */
export function versionAt(entries: readonly Entry[], key: Uint8Array, seqno: number): Entry | undefined {
  const versions = entries.filter((entry) => Buffer.compare(entry.key, key) === 0 && entry.seqno <= seqno);
  return versions.toSorted((a, b) => b.seqno - a.seqno)[0];
}

/** What a snapshot sees: keys ascending, deletes left out. */
export function visibleAt(entries: readonly Entry[], seqno: number): Entry[] {
  const keys = [...new Map(entries.map((entry) => [hexOf(entry.key), entry.key])).values()];
  return keys
    .toSorted((a, b) => Buffer.compare(a, b))
    .flatMap((key) => versionAt(entries, key, seqno) ?? [])
    .filter((entry) => entry.value !== undefined);
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function forward(cursor: EntryCursor): Entry[] {
  const entries: Entry[] = [];
  for (cursor.first(); cursor.valid; cursor.next()) entries.push(entryOf(cursor));
  return entries;
}

export function backward(cursor: EntryCursor): Entry[] {
  const entries: Entry[] = [];
  for (cursor.last(); cursor.valid; cursor.prev()) entries.push(entryOf(cursor));
  return entries;
}

/** Keys of few bytes and few kinds of them, so that they collide, share prefixes and follow closely; some long ones. */
export const keys: fc.Arbitrary<Uint8Array> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .array(fc.constantFrom(0, 1, 0x61, 0x7f, 0x80, 0xff), { maxLength: 4 })
      .map((each) => Uint8Array.from(each)),
  },
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 60 }).map((each) => bytesOf(`!sub!user:${each}`)) },
  { weight: 1, arbitrary: fc.uint8Array({ minLength: 120, maxLength: 300 }) },
);

export const values: fc.Arbitrary<Uint8Array | undefined> = fc.oneof(
  { weight: 5, arbitrary: fc.uint8Array({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.nat({ max: 600 }).map((length) => new Uint8Array(length).fill(0x20)) },
  { weight: 2, arbitrary: fc.constant(undefined) },
);

/** So few that each has many versions. */
export const crowdedKeys: fc.Arbitrary<Uint8Array> = fc
  .constantFrom("", "a", "a\0", "ab", "b", "ba", "bb", "c", "\u00ff")
  .map((text) => Uint8Array.from(Buffer.from(text, "latin1")));

/** Entries in the order in which they were written: seqnos ascend. */
export function writes(maxLength = 80, keysOf: fc.Arbitrary<Uint8Array> = keys): fc.Arbitrary<Entry[]> {
  const gap = fc.constantFrom(1, 1, 1, 2, 70, 300_000);
  return fc.array(fc.record({ key: keysOf, value: values, gap }), { maxLength }).map((operations) => {
    let seqno = 0;
    return operations.map(({ key, value, gap: by }) => ({ key, value, seqno: (seqno += by) }));
  });
}

/** Entries in internal order. */
export function sorted(maxLength?: number): fc.Arbitrary<Entry[]> {
  return writes(maxLength).map((entries) => entries.toSorted(compareEntries));
}
