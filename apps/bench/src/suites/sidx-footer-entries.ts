import { Sdx4Builder, type Sdx4Coverage, type Sdx4Entry } from "@holdfast/sidx-footer";
import { encodeSdx3, type Sdx3Row } from "@holdfast/sidx-footer/sdx3";

/** Whether entries name a correlation and a cause of their own, or none. */
export interface EntryShape {
  readonly linked: boolean;
}

const ENTITIES = 10_000;
const FIRST_OFFSET = 64;
const FIRST_US = 1_700_000_000_000_000;

const names = Array.from({ length: ENTITIES }, (_, index) => `order:customer-${index}`);
const scopes = ["shop", "billing", "audit"];

/** An entry whose fields are filled in again and again, so that what is measured is not the making of entries. */
type Reused = { -readonly [Key in keyof Sdx4Entry]: Sdx4Entry[Key] };

/** Event id of entry `index`: 16 scattered bytes, the same on every run. */
export function eventIdOf(index: number): Uint8Array {
  const words = new Uint32Array(4);
  scatterInto(words, 0, index);
  return new Uint8Array(words.buffer);
}

/** Makes entries one by one, all in one object: what comes before is gone with the next. */
export class EntrySource {
  readonly #words = new Uint32Array(20);
  readonly #linked: boolean;
  readonly #entry: Reused;

  constructor({ linked }: EntryShape) {
    const bytes = (start: number, length: number): Uint8Array => new Uint8Array(this.#words.buffer, start, length);
    this.#linked = linked;
    // Without spreads: V8 makes a dictionary of every such object from the sixth on, which is what the builder would read.
    this.#entry = {
      sequence: 0,
      frameOffset: FIRST_OFFSET,
      frameLength: 0,
      batchIndex: 0,
      entity: "",
      scope: "",
      revision: 0,
      lane: 0,
      depth: 0,
      kind: 0,
      timestampUs: 0,
      flags: 0,
      eventId: bytes(0, 16),
      hash: bytes(16, 32),
      correlationId: linked ? bytes(48, 16) : undefined,
      causationId: linked ? bytes(64, 16) : undefined,
    };
  }

  /** Entry `index`; they are asked for in order, from 0. */
  next(index: number): Sdx4Entry {
    const [words, entry] = [this.#words, this.#entry];
    scatterInto(words, 0, index);
    for (let word = 4; word < 12; word++) words[word] = Math.imul(words[word & 3] ?? 0, word);
    if (this.#linked) {
      scatterInto(words, 12, index >>> 2);
      scatterInto(words, 16, index - 1);
    }
    const draw = words[0] ?? 0;
    entry.sequence = index + 1;
    entry.frameOffset += entry.frameLength;
    entry.frameLength = 200 + (draw & 63) * 8;
    entry.entity = names[draw % ENTITIES] ?? "";
    entry.scope = scopes[draw % 3] ?? "";
    entry.revision = Math.floor(index / ENTITIES);
    entry.kind = 0x1000 + (draw % 5);
    entry.timestampUs = FIRST_US + index * 37;
    return entry;
  }

  /** What the entries so far cover. */
  coverage(): Sdx4Coverage {
    return { coveredBytes: this.#entry.frameOffset + this.#entry.frameLength, segmentCrc: 1, chain: 2 };
  }
}

export interface Footer {
  readonly bytes: Uint8Array;
  /** Where it belongs in a file. */
  readonly coveredBytes: number;
}

export function sdx4Of(count: number, shape: EntryShape): Footer {
  const [entries, builder] = [new EntrySource(shape), new Sdx4Builder({ maxBytes: 0xffff_ffff })];
  for (let index = 0; index < count; index++) builder.add(entries.next(index));
  const coverage = entries.coverage();
  return { bytes: builder.encode(coverage), coveredBytes: coverage.coveredBytes };
}

/** batpak's footer over the same entries. */
export function sdx3Of(count: number, shape: EntryShape): Footer {
  const entries = new EntrySource(shape);
  for (let index = 0; index < count; index++) entries.next(index);
  const { coveredBytes } = entries.coverage();
  return { bytes: encodeSdx3(rowsOf(count, shape), coveredBytes), coveredBytes };
}

/** The same entries as rows of batpak's footer. Every row is made of the one entry, so its bytes last until the next row. */
function* rowsOf(count: number, shape: EntryShape): Iterable<Sdx3Row> {
  const entries = new EntrySource(shape);
  for (let index = 0; index < count; index++) yield rowOf(entries.next(index));
}

function rowOf(entry: Sdx4Entry): Sdx3Row {
  return {
    eventId: entry.eventId,
    correlationId: entry.correlationId ?? entry.eventId,
    causationId: entry.causationId,
    entity: entry.entity,
    scope: entry.scope,
    kind: entry.kind,
    wallMs: BigInt(Math.floor(entry.timestampUs / 1000)),
    clock: entry.revision,
    lane: entry.lane,
    depth: entry.depth,
    previousHash: entry.hash ?? noHash,
    eventHash: entry.hash ?? noHash,
    frameOffset: entry.frameOffset,
    frameLength: entry.frameLength,
    globalSequence: BigInt(entry.sequence),
  };
}

const noHash = new Uint8Array(32);

/** Four words out of a number: the finaliser of MurmurHash3 by Austin Appleby, over four numbers in a row. */
function scatterInto(words: Uint32Array, at: number, index: number): void {
  for (let word = 0; word < 4; word++) {
    let mixed = Math.imul(index * 4 + word + 1, 0x9e37_79b1);
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    words[at + word] = mixed ^ (mixed >>> 16);
  }
}
