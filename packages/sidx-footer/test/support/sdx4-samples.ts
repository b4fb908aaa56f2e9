import type { Sdx4Entry } from "../../src/index.js";
import { encode, whole, type WholeEntry } from "./sdx4-entries.js";

const id = (number: number): Uint8Array =>
  Uint8Array.from({ length: 16 }, (_, at) => (at < 12 ? 0xa0 + at : (number >>> (8 * (at - 12))) & 0xff));

/** Entry `at` of a plain list: 8 entities, 2 scopes, a frame of 40 bytes each. */
export function plainEntry(at: number, changes: Partial<Sdx4Entry> = {}): WholeEntry {
  return whole({
    ...{ sequence: 100 + 2 * at, frameOffset: 64 + 40 * at, frameLength: 40, batchIndex: 0 },
    ...{ eventId: id(at), entity: `entity:${at % 8}`, scope: `scope:${at % 2}`, revision: Math.floor(at / 8) },
    ...{ lane: at % 3, depth: 0, kind: 0x1000 + (at % 5), timestampUs: 1_700_000_000_000_000 + at, flags: 0 },
    ...changes,
  });
}

export function plainEntries(count: number): readonly WholeEntry[] {
  return Array.from({ length: count }, (_, at) => plainEntry(at));
}

export function plainFooter(count: number): Uint8Array {
  return encode(plainEntries(count), { coveredBytes: 64 + 40 * count });
}

/** Few entries with everything an entry may have: one block of each kind. */
export const richEntries: readonly WholeEntry[] = Array.from({ length: 12 }, (_, at) =>
  plainEntry(at, {
    ...{ lane: at * 70_000, depth: at * 300, flags: at * 5000, revision: at * 2 ** 45 },
    hash: Uint8Array.from({ length: 32 }, (_byte, index) => at + index + 1),
    ...(at % 2 === 0 ? {} : { correlationId: id(at - 1), causationId: id(at - 1) }),
  }),
);

export function richFooter(): Uint8Array {
  return encode(richEntries, { coveredBytes: 64 + 40 * 12 });
}
