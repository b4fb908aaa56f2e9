// SDX4 against the plainest model there is: the list of entries itself.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Sdx4Builder, openSdx4, type Sdx4Filter } from "../src/index.js";
import { anyEntries, coverage, encode, manyEntries, open, readAll, type WholeEntry } from "./support/sdx4-entries.js";

const equal = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

test("what was added comes back, whole and in order", () => {
  fc.assert(
    fc.property(anyEntries, (entries) => {
      const bytes = encode(entries);
      expect(bytes.length % 8).toBe(0);
      const footer = open(bytes);
      expect(footer.trailer).toMatchObject({ ...coverage, entryCount: entries.length });
      expect(footer.startOffset).toBe(0);
      expect(readAll(footer)).toEqual(entries);
      footer.checkAll();
    }),
    { numRuns: 200 },
  );
});

test("so it does over many blocks, and column by column", () => {
  fc.assert(
    fc.property(manyEntries, (entries) => {
      const footer = open(encode(entries));
      footer.checkAll();
      let ordinal = 0;
      while (ordinal < footer.entryCount) {
        const rows = footer.viewRows(ordinal);
        const part = entries.slice(ordinal, ordinal + rows.count);
        expect([rows.firstOrdinal, part.length]).toEqual([ordinal, rows.count]);
        expect([...rows.column("sequence")]).toEqual(part.map(({ sequence }) => sequence));
        expect([...rows.column("frameOffset")]).toEqual(part.map(({ frameOffset }) => frameOffset));
        expect([...rows.column("revision")]).toEqual(part.map(({ revision }) => revision));
        expect(equal(rows.viewBytes("eventId") ?? new Uint8Array(), Buffer.concat(part.map((e) => e.eventId)))).toBe(
          true,
        );
        ordinal += rows.count;
      }
      expect(ordinal).toBe(entries.length);
      const last = entries.length - 1;
      expect(footer.readEntry(last)).toEqual(entries[last]);
    }),
    { numRuns: 15 },
  );
});

test("lookups by event id and by sequence are those of the list", () => {
  fc.assert(
    fc.property(
      fc.oneof(anyEntries, manyEntries),
      fc.nat(),
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      (entries, seed, stranger) => {
        const footer = open(encode(entries));
        const asked = [stranger, ...entries.filter((_, at) => at % 97 === seed % 97).map(({ eventId }) => eventId)];
        for (const eventId of asked) {
          expect(footer.findEventId(eventId)).toBe(entries.findIndex((entry) => equal(entry.eventId, eventId)));
        }
        const some = entries.filter((_, at) => at % 97 === seed % 97).map(({ sequence }) => sequence);
        for (const sequence of [0, seed, ...some, ...some.map((each) => each + 1)]) {
          expect(footer.findSequence(sequence)).toBe(entries.findIndex((entry) => entry.sequence === sequence));
        }
      },
    ),
    { numRuns: 60 },
  );
});

function matches(entry: WholeEntry, filter: Sdx4Filter): boolean {
  const { fromSequence = 0, beforeSequence = Infinity, fromTimestampUs = 0, beforeTimestampUs = Infinity } = filter;
  return (
    entry.sequence >= fromSequence &&
    entry.sequence < beforeSequence &&
    entry.timestampUs >= fromTimestampUs &&
    entry.timestampUs < beforeTimestampUs &&
    entry.entity === (filter.entity ?? entry.entity) &&
    entry.scope === (filter.scope ?? entry.scope) &&
    entry.kind === (filter.kind ?? entry.kind) &&
    entry.lane === (filter.lane ?? entry.lane)
  );
}

/** A filter out of what two of the entries have, so that something matches more often than not. */
function filterFrom(
  entries: readonly WholeEntry[],
  [one, other, parts]: readonly [number, number, number],
): Sdx4Filter {
  const [a, b] = [entries[one % entries.length], entries[other % entries.length]];
  if (a === undefined || b === undefined) return { entity: "nobody" };
  const { entity, scope, kind, lane } = a;
  const all: readonly Sdx4Filter[] = [
    { entity },
    { scope },
    { kind },
    { lane },
    { fromSequence: Math.min(a.sequence, b.sequence) },
    { beforeSequence: Math.max(a.sequence, b.sequence) },
    { fromTimestampUs: Math.min(a.timestampUs, b.timestampUs) },
    { beforeTimestampUs: Math.max(a.timestampUs, b.timestampUs) },
    { scope: "no such scope" },
  ];
  return Object.assign({}, ...all.filter((_, at) => ((parts >>> at) & 1) === 1));
}

test("a selection is the filtered list", () => {
  const picks = fc.tuple(
    fc.nat(),
    fc.nat(),
    fc.oneof(
      fc.nat(255),
      fc.nat(511),
      fc.nat(8).map((bit) => 1 << bit),
    ),
  );
  fc.assert(
    fc.property(
      fc.oneof(anyEntries, manyEntries),
      fc.array(picks, { minLength: 1, maxLength: 6 }),
      (entries, chosen) => {
        const footer = open(encode(entries));
        for (const pick of chosen) {
          const filter = filterFrom(entries, pick);
          const found: number[] = [];
          const selection = footer.select(filter);
          while (selection.next()) found.push(selection.ordinal);
          const expected = [...entries.keys()].filter(
            (at) => entries[at] !== undefined && matches(entries[at], filter),
          );
          expect(found).toEqual(expected);
          expect(selection.next()).toBe(false);
        }
      },
    ),
    { numRuns: 80 },
  );
});

test("a footer can be encoded again and again while entries are added", () => {
  fc.assert(
    fc.property(anyEntries, fc.nat(), (entries, cut) => {
      const builder = new Sdx4Builder();
      const half = cut % (entries.length + 1);
      for (const entry of entries.slice(0, half)) builder.add(entry);
      expect(readAll(open(builder.encode(coverage)))).toEqual(entries.slice(0, half));
      for (const entry of entries.slice(half)) builder.add(entry);
      expect(equal(builder.encode(coverage), encode(entries))).toBe(true);
      expect(builder.entryCount).toBe(entries.length);
    }),
  );
});

test("a footer that came back encodes to the same bytes", () => {
  fc.assert(
    fc.property(anyEntries, (entries) => {
      const bytes = encode(entries);
      expect(equal(encode(readAll(open(bytes))), bytes)).toBe(true);
    }),
  );
});

test("bytes before the footer are nothing to it", () => {
  fc.assert(
    fc.property(anyEntries, fc.uint8Array({ maxLength: 100 }), (entries, before) => {
      const footer = openSdx4(Buffer.concat([before, encode(entries)]));
      expect(footer?.startOffset).toBe(before.length);
      if (footer !== undefined) expect(readAll(footer)).toEqual(entries);
      const reserved = encode(entries, { reserveBytes: before.length });
      expect(equal(reserved.subarray(before.length), encode(entries))).toBe(true);
    }),
  );
});
