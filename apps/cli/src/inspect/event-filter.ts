import type { LineValue, Line } from "./line.js";

/** Which events of stores are meant; everything that is given must hold. */
export interface EventFilter {
  /** Sequences, both inclusive. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  readonly entity: string | undefined;
  readonly lane: number | undefined;
  readonly kind: number | undefined;
}

/** Options of the command line by which events are chosen, as `parseArgs` takes them. */
export const eventFilterOptions = {
  from: { type: "string" },
  to: { type: "string" },
  entity: { type: "string" },
  lane: { type: "string" },
  kind: { type: "string" },
} as const;

/** Whether a line is about an event that is meant. */
export function isMeant(filter: EventFilter, { kind, fields }: Line): boolean {
  if (kind !== "store-event") return false;
  const sequence = fields["sequence"] as bigint; // every event has one
  if (filter.from !== undefined && sequence < filter.from) return false;
  if (filter.to !== undefined && sequence > filter.to) return false;
  return (
    isSame(filter.entity, fields["entity"]) &&
    isSame(filter.lane, fields["lane"]) &&
    isSame(filter.kind, fields["eventKind"])
  );
}

function isSame(wanted: string | number | undefined, found: LineValue | undefined): boolean {
  return wanted === undefined || wanted === found;
}
