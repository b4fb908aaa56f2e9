import { defineProjection, type Projection } from "../src/projections-entry.js";
import { Paid, Placed, type Sample } from "./sample-store.js";

/** Takes in everything of every event that tells events apart, so that any two histories give two states. */

export interface Ledger {
  readonly total: number;
  readonly payers: readonly string[];
  /** Sequences of all events, in the order in which they were folded. */
  readonly seen: readonly number[];
}

export function emptyLedger(): Ledger {
  return { total: 0, payers: [], seen: [] };
}

export function ledgerOf(version = 1): Projection<Ledger, Sample> {
  return defineProjection({
    name: "ledger",
    version,
    events: [Placed, Paid],
    initial: emptyLedger,
    on: {
      "order.placed": (state, { data, sequence }) => ({
        ...state,
        total: state.total + data.amount,
        seen: [...state.seen, sequence],
      }),
      "order.paid": (state, { data, sequence }) => ({
        ...state,
        payers: [...state.payers, data.by],
        seen: [...state.seen, sequence],
      }),
    },
  });
}
