import { region } from "@holdfast/store";
import { OrderRecorded, type OrderStore } from "./order-store.js";
import type { Order } from "./order-file.js";

/** What a projection of the orders holds: their number and sum by status, and by customer. */
export interface OrderTotals {
  readonly byStatus: ReadonlyMap<string, Total>;
  readonly byCustomer: ReadonlyMap<string, Total>;
}

export interface Total {
  readonly count: number;
  readonly cents: number;
}

/** The projection, folded from the events. */
export function totalsOfStore(store: OrderStore): OrderTotals {
  const orders: Order[] = [];
  for (const event of store.events(region({ kinds: [OrderRecorded] }))) {
    if (event.status === "known") orders.push(event.data);
  }
  return totalsOf(orders);
}

/** The same from the orders themselves. */
export function totalsOf(orders: Iterable<Order>): OrderTotals {
  const byStatus = new Map<string, Total>();
  const byCustomer = new Map<string, Total>();
  for (const { status, customer, amountCents } of orders) {
    add(byStatus, status, amountCents);
    add(byCustomer, customer, amountCents);
  }
  return { byStatus, byCustomer };
}

export function isSameTotals(one: OrderTotals, other: OrderTotals): boolean {
  return isSame(one.byStatus, other.byStatus) && isSame(one.byCustomer, other.byCustomer);
}

function isSame(one: ReadonlyMap<string, Total>, other: ReadonlyMap<string, Total>): boolean {
  if (one.size !== other.size) return false;
  return [...one].every(([name, { count, cents }]) => {
    const counterpart = other.get(name);
    return counterpart?.count === count && counterpart.cents === cents;
  });
}

function add(totals: Map<string, Total>, name: string, cents: number): void {
  const { count, cents: sum } = totals.get(name) ?? { count: 0, cents: 0 };
  totals.set(name, { count: count + 1, cents: sum + cents });
}
