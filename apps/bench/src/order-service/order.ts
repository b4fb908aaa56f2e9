import { defineProjection, type Projection } from "@holdfast/store/projections";
import { orderDefinitions, type NewOrderEvent, type OrderDefinition, type OrderLine } from "./order-events.js";

/** The rules: what may be done with an order, and what follows from it. Nothing here knows of files, and nothing of time. */

export type OrderStatus = "open" | "paid" | "shipped" | "cancelled";

/** What the rules need to know of an order. */
export interface Order {
  readonly status: "none" | OrderStatus;
  readonly lineCount: number;
  readonly totalCents: number;
}

/** What every command says. */
interface Addressed {
  /** Of the command: whoever sends it again with this id changes nothing, and gets the answer of the first time. */
  readonly id: string;
  readonly order: string;
  /** Refuses the command unless this is the revision of the order's last event: for who has seen it, and decided by that. */
  readonly ifRevision?: number | undefined;
}

export type OrderCommand =
  | (Addressed & { readonly kind: "place"; readonly customer: string; readonly lines: readonly OrderLine[] })
  | (Addressed & { readonly kind: "addLine"; readonly line: OrderLine })
  | (Addressed & { readonly kind: "pay"; readonly method: string })
  | (Addressed & { readonly kind: "ship"; readonly carrier: string })
  | (Addressed & { readonly kind: "cancel"; readonly reason: string });

export type Refusal = "exists" | "unknown" | "not-open" | "no-lines" | "not-paid" | "shipped" | "cancelled";

export type Decision =
  | { readonly kind: "accepted"; readonly events: readonly NewOrderEvent[] }
  | { readonly kind: "refused"; readonly reason: Refusal };

/** An order as its stream makes it. */
export const orderProjection: Projection<Order, OrderDefinition> = defineProjection<Order, OrderDefinition>({
  name: "order",
  version: 1,
  events: orderDefinitions,
  initial: () => ({ status: "none", lineCount: 0, totalCents: 0 }),
  on: {
    "order.placed": (order) => ({ ...order, status: "open" }),
    "order.line-added": ({ status, lineCount, totalCents }, { data }) => ({
      status,
      lineCount: lineCount + 1,
      totalCents: totalCents + data.quantity * data.unitCents,
    }),
    "order.paid": (order) => ({ ...order, status: "paid" }),
    "order.shipped": (order) => ({ ...order, status: "shipped" }),
    "order.cancelled": (order) => ({ ...order, status: "cancelled" }),
  },
});

export function decide(order: Order, command: OrderCommand): Decision {
  const { status } = order;
  if (command.kind === "place") {
    if (status !== "none") return refused("exists");
    const lines = command.lines.map((data) => ({ name: "order.line-added", data }) as const);
    return accepted({ name: "order.placed", data: { customer: command.customer } }, ...lines);
  }
  if (status === "none") return refused("unknown");
  if (status === "cancelled") return refused("cancelled");
  switch (command.kind) {
    case "addLine":
      return status === "open" ? accepted({ name: "order.line-added", data: command.line }) : refused("not-open");
    case "pay":
      if (status !== "open") return refused("not-open");
      if (order.lineCount === 0) return refused("no-lines");
      return accepted({ name: "order.paid", data: { method: command.method, cents: order.totalCents } });
    case "ship":
      if (status === "shipped") return refused("shipped");
      if (status !== "paid") return refused("not-paid");
      return accepted({ name: "order.shipped", data: { carrier: command.carrier } });
    case "cancel": {
      if (status === "shipped") return refused("shipped");
      const refundedCents = status === "paid" ? order.totalCents : 0;
      return accepted({ name: "order.cancelled", data: { reason: command.reason, refundedCents } });
    }
  }
}

function accepted(...events: readonly NewOrderEvent[]): Decision {
  return { kind: "accepted", events };
}

function refused(reason: Refusal): Decision {
  return { kind: "refused", reason };
}
