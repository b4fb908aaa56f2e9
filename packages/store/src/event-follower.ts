import { resolveStart, type CursorStart } from "./cursor-start.js";
import { deliveryKeys, resolveDelivery, type DeliveryOptions, type ResolvedDelivery } from "./delivery-options.js";
import type { EventDefinition } from "./event-definition.js";
import { deliver, type RegionEvent } from "./event-feed.js";
import { encodePageToken } from "./page-token.js";
import type { ReadableStore } from "./readable-store.js";
import type { Region } from "./region.js";
import { checkOptions, checkRegion, checkSource } from "./option-checks.js";

/** Events in the order of the store, and what goes on behind the last of them. */
export interface EventBatch<Event> {
  /** One at least. */
  readonly events: readonly Event[];
  /** The `token` of `from` for a consumer, or `after` of a page of the same region, that goes on behind this batch; it holds for ever. */
  token(): string;
}

/**
 * The events of a region by the batch: every one, once, in the order of the store, and then, unless `live` is false, those that come.
 * Nothing is kept anywhere: to go on another time, keep the token of a batch. Every loop over it begins anew where `from` says.
 *
 * By default only what is durable is given out, so that nobody acts on an event that a power loss takes back. Of a store that is open for
 * writing it asks for the barriers itself; where a reader reads, the last events come once the log states them.
 *
 * @throws `STORE_INVALID_OPTION` at once; when it is iterated `STORE_INVALID_TOKEN`, and what reading and waiting throw.
 */
export function followEvents<One extends Region, Definition extends EventDefinition>(
  source: ReadableStore<Definition>,
  of: One,
  options: DeliveryOptions = {},
): AsyncIterable<EventBatch<RegionEvent<One, Definition>>> {
  checkOptions(options, deliveryKeys, "following");
  checkSource(source);
  checkRegion(of);
  const { from = "start" } = options;
  const delivery = resolveDelivery(options, "durable");
  return { [Symbol.asyncIterator]: () => follow(source, of, from, delivery) };
}

async function* follow<One extends Region, Definition extends EventDefinition>(
  source: ReadableStore<Definition>,
  of: One,
  from: CursorStart,
  delivery: ResolvedDelivery,
): AsyncGenerator<EventBatch<RegionEvent<One, Definition>>, void, undefined> {
  const { until } = delivery;
  const after = resolveStart(source, of, { field: "from", start: from, until });
  for await (const events of deliver(source, of, after, delivery)) {
    const { sequence } = events.at(-1) as (typeof events)[number]; // one at least
    yield { events, token: () => tokenBehind(source, of, sequence) };
  }
}

/** The token of a consumer that has had the event with this sequence. */
export function tokenBehind<Definition extends EventDefinition>(
  source: ReadableStore<Definition>,
  region: Region,
  sequence: number,
): string {
  const { id, hash } = source.anchor(sequence);
  return encodePageToken({ logId: Buffer.from(id, "hex"), region, backward: false }, sequence, hash);
}
