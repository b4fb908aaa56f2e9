import type { Directory } from "@holdfast/fs-seam";
import {
  defineEvent,
  openStore,
  uncheckedSchema,
  type AppendReceipt,
  type EventDefinition,
  type Store,
} from "@holdfast/store";
import type { Order } from "./order-file.js";

/** The store that the tour records orders in. */

export const OrderRecorded: EventDefinition<"order.recorded", Order, Order> = defineEvent({
  name: "order.recorded",
  kind: 0x1001,
  schema: uncheckedSchema<Order>(),
});

export type OrderStore = Store<typeof OrderRecorded>;

/** @param directory - small segments, so that a kill, a check and a backup meet several. */
export function openOrders(directory: Directory): Promise<OrderStore> {
  return openStore({ directory, events: [OrderRecorded], segmentBytes: 128 * 1024, preallocateBytes: 16 * 1024 });
}

/** Records an order once: a second time, with the same key, gives the receipt of the first. */
export function recordOrder(store: OrderStore, order: Order): AppendReceipt {
  return store.append(`order:${order.id}`, OrderRecorded, order, { key: `record order ${order.id}` });
}
