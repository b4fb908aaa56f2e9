import fc from "fast-check";
import {
  Sdx4Builder,
  SidxError,
  openSdx4,
  type Sdx4Coverage,
  type Sdx4Entry,
  type Sdx4Footer,
} from "../../src/index.js";

/** An entry with every optional field spelled out, as a footer gives it back. */
export interface WholeEntry extends Sdx4Entry {
  readonly hash: Uint8Array | undefined;
  readonly correlationId: Uint8Array;
  readonly causationId: Uint8Array | undefined;
}

/** What an entry says about itself; where it stands among the others is decided when a list is put together. */
interface Draft extends Omit<Sdx4Entry, "sequence" | "frameOffset" | "frameLength" | "batchIndex"> {
  readonly sequenceGap: number;
  readonly offsetGap: number;
  readonly frameLength: number;
  readonly sameFrame: boolean;
}

const number = (max: number): fc.Arbitrary<number> => fc.oneof(fc.nat(3), fc.nat(300), fc.nat(max));
const wide = fc.oneof(fc.nat(300), fc.nat(2 ** 31 - 1), fc.maxSafeNat());
const name = fc.oneof(
  fc.constantFrom("", "entity:a", "entity:b", "scope", "é€😀"),
  fc.string({ unit: "grapheme", maxLength: 12 }),
);
const id = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.nat(5).map((last) => Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last)), // the same ones again, and zeros
);

const draft: fc.Arbitrary<Draft> = fc.record(
  {
    sequenceGap: fc.oneof(fc.constant(0), fc.nat(300), fc.nat(2 ** 40)),
    offsetGap: fc.oneof(fc.constant(0), fc.nat(4096), fc.nat(2 ** 34)),
    frameLength: number(0xffff_ffff),
    sameFrame: fc.boolean(),
    eventId: id,
    entity: name,
    scope: name,
    revision: wide,
    lane: number(0xffff_ffff),
    depth: number(0xffff_ffff),
    kind: fc.nat(0xffff),
    timestampUs: fc.oneof(fc.nat(2 ** 20), wide, fc.constant(1_700_000_000_123_456)),
    flags: fc.nat(0xffff),
    hash: fc.option(fc.oneof(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.constant(new Uint8Array(32))), {
      nil: undefined,
    }),
    correlationId: fc.option(id, { nil: undefined }),
    causationId: fc.option(id, { nil: undefined }),
  },
  { noNullPrototype: true },
);

/** Puts drafts in order: ascending sequences, frames behind one another, some of them shared. */
function assemble(drafts: readonly Draft[]): readonly WholeEntry[] {
  const entries: WholeEntry[] = [];
  let sequence = -1;
  let end = 64;
  for (const { sequenceGap, offsetGap, sameFrame, frameLength, ...rest } of drafts) {
    const last = entries.at(-1);
    sequence += 1 + sequenceGap;
    const shared = sameFrame && last !== undefined;
    const place = shared
      ? { frameOffset: last.frameOffset, frameLength: last.frameLength, batchIndex: last.batchIndex + 1 }
      : { frameOffset: end + offsetGap, frameLength, batchIndex: 0 };
    end = place.frameOffset + place.frameLength;
    entries.push(whole({ ...rest, ...place, sequence }));
  }
  return entries;
}

/** What comes back for an entry: zeros stand for no hash and no cause, and a correlation is always there. */
export function whole(entry: Sdx4Entry): WholeEntry {
  const present = (bytes: Uint8Array | undefined): Uint8Array | undefined =>
    bytes?.some((byte) => byte !== 0) === true ? bytes : undefined;
  const { hash, correlationId, causationId } = entry;
  return {
    ...entry,
    hash: present(hash),
    correlationId: correlationId ?? entry.eventId,
    causationId: present(causationId),
  };
}

export const anyEntries: fc.Arbitrary<readonly WholeEntry[]> = fc.array(draft, { maxLength: 40 }).map(assemble);

/** Enough entries for several blocks, out of a few drafts that come again and again. */
export const manyEntries: fc.Arbitrary<readonly WholeEntry[]> = fc
  .tuple(fc.array(draft, { minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 9000 }))
  .map(([drafts, count]) =>
    assemble(
      Array.from({ length: count }, (_, at) => {
        const one = drafts[(at * 7) % drafts.length];
        if (one === undefined) throw new Error("there is at least one draft");
        const eventId = Uint8Array.from(one.eventId, (byte, index) => byte ^ ((at >>> (8 * (index % 4))) & 0xff));
        return {
          ...one,
          eventId,
          sequenceGap: one.sequenceGap % 1000,
          offsetGap: one.offsetGap % 1000,
          frameLength: 1,
        };
      }),
    ),
  );

export const coverage: Sdx4Coverage = { coveredBytes: Number.MAX_SAFE_INTEGER, segmentCrc: 0xdead_beef, chain: 0x1234 };

export function encode(entries: readonly Sdx4Entry[], changes: Partial<Sdx4Coverage> = {}): Uint8Array {
  const builder = new Sdx4Builder();
  for (const entry of entries) builder.add(entry);
  return builder.encode({ ...coverage, ...changes });
}

export function open(bytes: Uint8Array): Sdx4Footer {
  const footer = openSdx4(bytes);
  if (footer === undefined) throw new Error("the bytes do not end in a footer");
  return footer;
}

export function readAll(footer: Sdx4Footer): readonly Sdx4Entry[] {
  return Array.from({ length: footer.entryCount }, (_, ordinal) => footer.readEntry(ordinal));
}

/** The error of this package that `run` ends in; whatever else it throws goes on. */
export function errorOf(run: () => unknown): SidxError {
  try {
    run();
  } catch (error) {
    if (error instanceof SidxError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}
