import { defineEvent, region, type EventDefinition, type EventInput, type Region } from "@holdfast/store";
import * as v from "valibot";

/** What happens to an order, as it is stored: one stream for each order, `order:<id>`. Amounts are whole cents. */

export interface OrderLine {
  readonly product: string;
  readonly quantity: number;
  readonly unitCents: number;
}

export interface Placed {
  readonly customer: string;
}
export interface Paid {
  readonly method: string;
  readonly cents: number;
}
export interface Shipped {
  readonly carrier: string;
}
export interface Cancelled {
  readonly reason: string;
  /** What had been paid, and was given back. */
  readonly refundedCents: number;
}

type Definition<Name extends string, Data> = EventDefinition<Name, Data, Data>;

/** Ids of orders, customers and products are parts of keys, so they have no separator in them. */
const idPattern = /^[A-Za-z0-9._-]{1,64}$/;
const id = v.pipe(v.string(), v.regex(idPattern));
const text = v.pipe(v.string(), v.maxLength(1000));
const cents = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(1_000_000));

export const OrderPlaced: Definition<"order.placed", Placed> = defineEvent({
  name: "order.placed",
  kind: 0x1101,
  schema: v.strictObject({ customer: id }),
});
export const LineAdded: Definition<"order.line-added", OrderLine> = defineEvent({
  name: "order.line-added",
  kind: 0x1102,
  schema: v.strictObject({ product: id, quantity: count, unitCents: cents }),
});
export const OrderPaid: Definition<"order.paid", Paid> = defineEvent({
  name: "order.paid",
  kind: 0x1103,
  schema: v.strictObject({ method: text, cents }),
});
export const OrderShipped: Definition<"order.shipped", Shipped> = defineEvent({
  name: "order.shipped",
  kind: 0x1104,
  schema: v.strictObject({ carrier: text }),
});
export const OrderCancelled: Definition<"order.cancelled", Cancelled> = defineEvent({
  name: "order.cancelled",
  kind: 0x1105,
  schema: v.strictObject({ reason: text, refundedCents: cents }),
});

export type OrderDefinition =
  | typeof OrderPlaced
  | typeof LineAdded
  | typeof OrderPaid
  | typeof OrderShipped
  | typeof OrderCancelled;

export const orderDefinitions: readonly OrderDefinition[] = [
  OrderPlaced,
  LineAdded,
  OrderPaid,
  OrderShipped,
  OrderCancelled,
];

export type OrderEventName = OrderDefinition["name"];

export const definitionOf: Readonly<Record<OrderEventName, OrderDefinition>> = {
  "order.placed": OrderPlaced,
  "order.line-added": LineAdded,
  "order.paid": OrderPaid,
  "order.shipped": OrderShipped,
  "order.cancelled": OrderCancelled,
};

/** An event that is not stored yet. */
export type NewOrderEvent = {
  readonly [Name in OrderEventName]: {
    readonly name: Name;
    readonly data: EventInput<Extract<OrderDefinition, { readonly name: Name }>>;
  };
}[OrderEventName];

const ENTITY_PREFIX = "order:";

export function entityOf(order: string): string {
  return `${ENTITY_PREFIX}${order}`;
}

export function orderOf(entity: string): string {
  return entity.slice(ENTITY_PREFIX.length);
}

/** All events of all orders: what the read model follows. */
export const allOrders: Region<OrderDefinition> = region({ entityPrefix: ENTITY_PREFIX, kinds: orderDefinitions });

/** @throws `TypeError` that names the field. */
export function checkId(field: string, value: string): void {
  if (typeof value === "string" && idPattern.test(value)) return;
  throw new TypeError(`${field} must be 1 to 64 letters, digits, dots, hyphens and underscores, not ${String(value)}`);
}
