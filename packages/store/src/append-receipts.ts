import type { AppendReceipt, CommitReceipt } from "./append-outcome.js";
import { formatEventId, type Revision, type Sequence } from "./event-id.js";
import type { StagedEvent, WrittenEvent } from "./event-writer.js";

/** Something whose durability can be waited for. */
export type Written = number | Pick<AppendReceipt, "sequence"> | Pick<CommitReceipt, "receipts">;

/** What is told of events that were written, one receipt for each. */
export function receiptsOf(
  kind: AppendReceipt["kind"],
  staged: readonly StagedEvent[],
  written: readonly WrittenEvent[],
): AppendReceipt[] {
  return written.map(({ sequence, revision, timeUs, hash }, index) => ({
    kind,
    id: formatEventId((staged[index] as StagedEvent).id), // one for each
    sequence: sequence as Sequence, // as the log gave it
    revision: revision as Revision, // as the index counts it
    timeMs: timeUs / 1000,
    hash,
  }));
}

/** A sequence, if it is something whose durability can be waited for. */
export function sequenceOf(what: Written): unknown {
  const { receipts, sequence = what } = Object(what) as { receipts?: unknown; sequence?: unknown };
  if (!Array.isArray(receipts)) return sequence;
  return receipts.length === 0 ? 0 : (receipts as AppendReceipt[]).at(-1)?.sequence;
}
