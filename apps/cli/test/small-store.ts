import { Directory, type StoreFs } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import {
  FrameCursor,
  FrameEncoder,
  SEGMENT_HEADER_BYTES,
  encodeSegmentHeader,
  frameKinds,
  inspectSegmentHeader,
  sourceOf,
} from "@holdfast/segment-codec";
import { defineEvent, openStore, uncheckedSchema, type EventDefinition, type Store } from "@holdfast/store";
import { filesIn, type Files } from "./small-log.js";

// Stores, small and in memory, and stores whose frames are sound around events that are not.

type Definition<Name extends string, Data> = EventDefinition<Name, Data, Data>;

export const Placed: Definition<"order.placed", { readonly amount: number }> = defineEvent({
  name: "order.placed",
  kind: 0x1001,
  schema: uncheckedSchema<{ readonly amount: number }>(),
});
export const Noted: Definition<"order.noted", string> = defineEvent({
  name: "order.noted",
  kind: 0x1002,
  schema: uncheckedSchema<string>(),
  codec: { encode: (text) => new TextEncoder().encode(JSON.stringify({ text })), decode: String },
});

/** Milliseconds since 1970 at which everything here happens. */
export const timeMs = 1_800_000_000_123;

export async function openSmall(
  directory: Directory = new Directory(new MemoryFs()),
  segmentBytes = 512,
): Promise<Store<typeof Placed | typeof Noted>> {
  let drawn = 0;
  return openStore({
    directory,
    events: [Placed, Noted],
    segmentBytes,
    ...{ bufferBytes: 256, preallocateBytes: 0, mergeBytes: 0, prepareSegments: false },
    clock: () => timeMs,
    random: (target) => void target.fill((drawn += 1)),
  });
}

/**
 * A store of ten events of two streams, closed: sequences 1 to 6 are order a or b in turn, 7 and 8 a commit of both, 9 has another
 * codec and 10 another lane. By default in some five segments.
 */
export async function smallStore(fs: StoreFs = new MemoryFs(), segmentBytes?: number): Promise<Files> {
  const directory = new Directory(fs);
  const store = await openSmall(directory, segmentBytes);
  for (let at = 1; at <= 6; at++) {
    store.append(at % 2 === 1 ? "order:a" : "order:b", Placed, { amount: at }, { metadata: { by: "test" } });
    await store.sync();
  }
  store.commit((commit) => {
    const id = commit.append("order:a", Placed, { amount: 7 });
    commit.append("order:b", Placed, { amount: 8 }, { causation: id });
  });
  await store.sync();
  store.append({ entity: "order:a", scope: "eu" }, Noted, "left at the door", { key: "note" });
  store.append({ entity: "order:a", lane: 3 }, Placed, { amount: 10 });
  await store.close();
  return filesIn(directory);
}

/** The segment again, its log and its sound checksums kept, with other records; batches stay as they are. */
export function reencoded(bytes: Uint8Array, change: (record: Uint8Array, lsn: number) => Uint8Array): Uint8Array {
  const outcome = inspectSegmentHeader(bytes.subarray(0, SEGMENT_HEADER_BYTES));
  if (outcome.kind !== "segment") throw new Error("no segment");
  const target = new Uint8Array(bytes.length + 1024);
  const { logId, segmentId, nonce, epoch, content, baseLsn, durableLsn, previousChain, hash } = outcome.header;
  const identity = { logId, segmentId, nonce, epoch, content, baseLsn, durableLsn, previousChain, hash };
  const encoder = new FrameEncoder(encodeSegmentHeader(identity, target));
  let end = SEGMENT_HEADER_BYTES;
  const cursor = new FrameCursor(sourceOf(bytes), outcome.header);
  while (cursor.next()) {
    const { kind, flags, span, lsn } = cursor;
    const payload = cursor.viewPayload().slice();
    const changed = kind === frameKinds.record ? change(payload, lsn) : payload;
    if (span > 0) end = encoder.append(target, end, changed, { kind, flags, span });
  }
  return target.subarray(0, end);
}
