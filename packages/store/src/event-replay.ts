import type { EventHasher } from "./event-hash.js";
import { ID_BYTES, isSame, layoutAt } from "./event-layout.js";
import type { EventLookup } from "./event-lookup.js";
import type { EventRecord } from "./event-record.js";
import type { StagedEvent, WrittenEvent } from "./event-writer.js";
import { StoreError } from "./store-error.js";

/**
 * What was written under the key of these events before; undefined when nothing was.
 *
 * The ids of a keyed commit follow from the key, and its events lie side by side, so the first id leads to all of them. It is the same
 * commit when it has as many events, each of the same stream, scope, kind and version, and with the same payload. What else was said
 * of an event may differ: who tries again may have another trace.
 *
 * @param idBehind - the id that one event more would have.
 * @throws {@link StoreError} `STORE_KEY_REUSED` when it is another one.
 */
export function findReplay(
  events: readonly StagedEvent[],
  idBehind: Uint8Array,
  lookup: EventLookup,
  hasher: EventHasher,
): readonly WrittenEvent[] | undefined {
  const { lastSequence } = lookup.index;
  const first = lookup.findId((events[0] as StagedEvent).id, lastSequence); // there is one
  if (first === 0) {
    // No two events have one id, whatever the hash is worth.
    const taken = events.find(({ id }) => lookup.findId(id, lastSequence) !== 0);
    if (taken !== undefined) {
      throw reused(lookup.findId(taken.id, lastSequence), "another event has an id of this commit");
    }
    return undefined;
  }
  if (!lookup.view(first).isKeyed) throw reused(first, "an event without a key has its id");
  const hasIdAt = (sequence: number, id: Uint8Array): boolean => {
    if (sequence > lastSequence) return false;
    const { bytes, start } = lookup.view(sequence);
    return isSame(bytes, start + layoutAt.id, id, 0, ID_BYTES);
  };
  if (hasIdAt(first + events.length, idBehind)) throw reused(first, "the first time it had more events");
  return events.map((event, index) => {
    const sequence = first + index;
    if (!hasIdAt(sequence, event.id)) throw reused(first, "the first time it had fewer events");
    const record = lookup.view(sequence);
    const difference = differenceOf(record, event, hasher);
    if (difference !== undefined) throw reused(sequence, `the first time event ${index} had another ${difference}`);
    const { revision, timeUs } = record;
    return { sequence, revision, timeUs, hash: hasher.hashOf(record, sequence) };
  });
}

/** The first field by which the events are not the same. */
function differenceOf(record: EventRecord, event: StagedEvent, hasher: EventHasher): string | undefined {
  if (!isEqual(record.viewEntity(), event.entity)) return "entity";
  if (record.lane !== event.lane) return "lane";
  if (!isEqual(record.viewScope(), event.scope)) return "scope";
  if (record.kind !== event.kind) return "kind";
  if (record.payloadVersion !== event.payloadVersion) return "version";
  const payload = record.viewPayload();
  const isSamePayload =
    payload === undefined
      ? isEqual(record.viewDroppedHash(), hasher.payloadHash(event.payload))
      : isEqual(payload, event.payload);
  return isSamePayload ? undefined : "payload";
}

function isEqual(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.compare(a, b) === 0;
}

function reused(sequence: number, why: string): StoreError {
  const message = `the idempotency key was used for something else: ${why}`;
  return new StoreError("STORE_KEY_REUSED", message, { sequence, field: "key" });
}
