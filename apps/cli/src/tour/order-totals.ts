import { region } from "@holdfast/store";
import { defineProjection, Projector, type Projection } from "@holdfast/store/projections";
import type { Order } from "./order-file.js";
import { OrderRecorded, type OrderStore } from "./order-store.js";
import { SharedTotals, type Total } from "./shared-totals.js";

/** Orders in numbers: how many and how much, by status and by customer. */
export interface OrderTotals {
  readonly byStatus: ReadonlyMap<string, Total>;
  readonly byCustomer: ReadonlyMap<string, Total>;
}

interface TotalsState {
  readonly byStatus: SharedTotals;
  readonly byCustomer: SharedTotals;
}

/** What the tour projects from the events. */
const Totals: Projection<TotalsState, typeof OrderRecorded> = defineProjection({
  name: "order totals",
  version: 1,
  events: [OrderRecorded],
  initial: (): TotalsState => ({ byStatus: SharedTotals.empty(), byCustomer: SharedTotals.empty() }),
  on: {
    "order.recorded": ({ byStatus, byCustomer }, { data: { status, customer, amountCents } }) => ({
      byStatus: byStatus.with(status, amountCents),
      byCustomer: byCustomer.with(customer, amountCents),
    }),
  },
});

/** The totals of all orders of a store, as `@holdfast/store/projections` folds its events. */
export async function projectTotals(store: OrderStore): Promise<OrderTotals> {
  const { state } = await new Projector(store).projectAsync(Totals, region({ kinds: [OrderRecorded] }));
  return { byStatus: state.byStatus.toMap(), byCustomer: state.byCustomer.toMap() };
}

/** The same counted from the orders themselves, without a store, to hold the projection against. */
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
