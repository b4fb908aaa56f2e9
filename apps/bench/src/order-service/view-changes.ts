import type { KnownEvent } from "@holdfast/store";
import { orderOf, type OrderDefinition, type OrderLine } from "./order-events.js";
import type { OrderStatus } from "./order.js";

/** What events change in the rows of the read model. Pure: rows in, rows out. */

/** An order as a page shows it. */
export interface OrderRow {
  readonly customer: string;
  readonly status: OrderStatus;
  readonly lines: readonly OrderLine[];
  readonly totalCents: number;
  /** Milliseconds since 1970. */
  readonly placedMs: number;
  /** Of its last event: what a command may be bound to by `ifRevision`. */
  readonly revision: number;
}

/** What came in on one day, by the time of the payments, and went out again. */
export interface RevenueRow {
  readonly cents: number;
  readonly payments: number;
  readonly refunds: number;
}

export type OrderEvent = KnownEvent<OrderDefinition>;

/** The day of a moment, in UTC: `2026-11-28`. */
export function dayOf(timeMs: number): string {
  return new Date(timeMs).toISOString().slice(0, 10);
}

/** The rows that these events read and change. */
export function touchedBy(events: readonly OrderEvent[]): { readonly orders: string[]; readonly days: string[] } {
  const orders = new Set(events.map(({ entity }) => orderOf(entity)));
  const days = new Set(events.filter(movesMoney).map(({ timeMs }) => dayOf(timeMs)));
  return { orders: [...orders], days: [...days] };
}

/** Rows as they were, and as events make them. */
export class ViewChanges {
  readonly orders: Map<string, OrderRow>;
  readonly revenue: Map<string, RevenueRow>;
  /** Status of orders before the first of these events that is not the same now; undefined for one that was not there. */
  readonly statusBefore: Map<string, OrderStatus | undefined> = new Map();

  /** @param orders - the rows of all orders that are going to be touched, where there are any; likewise `revenue` of all days. */
  constructor(orders: Map<string, OrderRow>, revenue: Map<string, RevenueRow>) {
    this.orders = orders;
    this.revenue = revenue;
  }

  take(event: OrderEvent): void {
    const id = orderOf(event.entity);
    const before = this.orders.get(id);
    if (!this.statusBefore.has(id)) this.statusBefore.set(id, before?.status);
    this.orders.set(id, { ...nextRow(before ?? placedBy(event), event), revision: event.revision });
    if (!movesMoney(event)) return;
    const day = dayOf(event.timeMs);
    const { cents, payments, refunds } = this.revenue.get(day) ?? { cents: 0, payments: 0, refunds: 0 };
    const row =
      event.name === "order.paid"
        ? { cents: cents + event.data.cents, payments: payments + 1, refunds }
        : { cents: cents - event.data.refundedCents, payments, refunds: refunds + 1 };
    this.revenue.set(day, row);
  }
}

type MoneyEvent = Extract<OrderEvent, { readonly name: "order.paid" | "order.cancelled" }>;

function movesMoney(event: OrderEvent): event is MoneyEvent {
  return event.name === "order.paid" || (event.name === "order.cancelled" && event.data.refundedCents > 0);
}

function placedBy({ data, timeMs }: OrderEvent): OrderRow {
  // The rules let nothing happen to an order before it is placed.
  const { customer } = data as { readonly customer: string };
  return { customer, status: "open", lines: [], totalCents: 0, placedMs: timeMs, revision: 0 };
}

function nextRow(row: OrderRow, event: OrderEvent): OrderRow {
  switch (event.name) {
    case "order.placed":
      return row;
    case "order.line-added": {
      const { quantity, unitCents } = event.data;
      return { ...row, lines: [...row.lines, event.data], totalCents: row.totalCents + quantity * unitCents };
    }
    case "order.paid":
      return { ...row, status: "paid" };
    case "order.shipped":
      return { ...row, status: "shipped" };
    case "order.cancelled":
      return { ...row, status: "cancelled" };
  }
}
