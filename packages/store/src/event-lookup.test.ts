import type { PlaceReader } from "@holdfast/wal/places";
import { expect, test } from "vitest";
import { encodeEventRecord } from "./event-encoder.js";
import { EventHasher } from "./event-hash.js";
import type { EventIndex } from "./event-index.js";
import { EventLookup } from "./event-lookup.js";
import { sha256 } from "./sha256.js";

test("an event whose id only shares a hash is not the one that is looked for, nor is one that is not visible", () => {
  const records = [1, 2, 3].map((id) => {
    const [bytes, hash, none] = [new Uint8Array(200), new Uint8Array(32), new Uint8Array()];
    const links = { previousHash: hash, previousInStream: hash, correlation: undefined, causation: undefined };
    const names = { entity: Uint8Array.of(0x61), scope: none, metadata: none, lane: 0, revision: 0, timeUs: 0 };
    const what = { kind: 4096, payloadVersion: 1, id: new Uint8Array(16).fill(id), isKeyed: false };
    return bytes.subarray(0, encodeEventRecord({ ...what, ...names, ...links }, none, bytes, 0));
  });
  const places = {
    bytes: new Uint8Array() as Uint8Array,
    start: 0,
    end: 0,
    load(_segmentId: number, _from: number, sequence: number): void {
      this.bytes = records[sequence - 1] as Uint8Array;
      this.end = this.bytes.length;
    },
  };
  // An index in which all ids have one hash.
  const index = {
    segments: { of: () => 1 },
    offsetBefore: () => 64,
    findId: (_id: Uint8Array, hasId: (sequence: number) => boolean) => [1, 2, 3].find(hasId) ?? 0,
  };
  const lookup = new EventLookup({
    index: index as unknown as EventIndex,
    places: places as unknown as PlaceReader,
    hasher: new EventHasher(sha256, new Uint8Array(16)),
  });
  const idOf = (id: number): Uint8Array => new Uint8Array(16).fill(id);
  expect([1, 2, 3, 4].map((id) => lookup.findId(idOf(id), 3))).toEqual([1, 2, 3, 0]);
  expect(lookup.findId(idOf(3), 2)).toBe(0);
});
