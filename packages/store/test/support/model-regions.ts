import { region, type Region } from "../../src/index.js";
import { defineProjection, type Projection, type ProjectionTarget } from "../../src/projections-entry.js";
import { Placed, type Sample } from "../sample-store.js";
import type { ModelEvent } from "./store-model.js";

/** Selections of events, twice: in the words of the store, and as what they mean. */

export interface ModelSelection<Of> {
  readonly of: Of;
  readonly holds: (event: ModelEvent) => boolean;
}

/** What is an order, and not a payment. */
export function isPlaced({ amount }: Pick<ModelEvent, "amount">): boolean {
  return amount % 2 === 0;
}

export const orders: Region = region({ kinds: [Placed] });

export const modelRegions: readonly ModelSelection<Region>[] = [
  { of: region(), holds: () => true },
  { of: orders, holds: isPlaced },
  { of: region({ entityPrefix: "a" }), holds: ({ entity }) => entity.startsWith("a") },
  { of: region({ entity: "b", fromSequence: 3 }), holds: ({ entity, sequence }) => entity === "b" && sequence >= 3 },
  { of: region({ scope: "s", lane: 0 }), holds: ({ scope, lane }) => scope === "s" && lane === 0 },
];

export const modelTargets: readonly ModelSelection<ProjectionTarget>[] = [
  ...modelRegions,
  { of: "a", holds: ({ entity, lane }) => entity === "a" && lane === 0 },
  { of: { entity: "ab", lane: 3 }, holds: ({ entity, lane }) => entity === "ab" && lane === 3 },
];

/** Takes in what tells two histories apart, and nothing that retention takes. */
export const idsOf: Projection<readonly string[], Sample> = defineProjection({
  name: "ids",
  version: 1,
  initial: (): readonly string[] => [],
  apply: (state, event) => [...state, `${event.sequence} ${event.id}`],
});
