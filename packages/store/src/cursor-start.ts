import type { EventDefinition } from "./event-definition.js";
import { isReader } from "./event-feed.js";
import { checkAnchor, decodePageToken } from "./page-token.js";
import type { ReadableStore, ReaderWatermarks } from "./readable-store.js";
import type { Region } from "./region.js";
import { checkOptions, refused } from "./option-checks.js";

/**
 * Where a consumer begins: before the first event, behind the last one there is, behind the event of a sequence, or where another
 * consumer or a page of the same region ended, by its token.
 */
export type CursorStart = "start" | "end" | number | { readonly token: string };

/**
 * The sequence behind which that is, at this moment; a reader looks again first.
 *
 * @throws `STORE_CLOSED`; `STORE_INVALID_OPTION` naming `field`; `STORE_INVALID_TOKEN` for a token of another store, region or history.
 */
export function resolveStart<Definition extends EventDefinition>(
  source: ReadableStore<Definition>,
  region: Region,
  {
    field,
    start,
    until,
  }: { readonly field: string; readonly start: CursorStart; readonly until: keyof ReaderWatermarks },
): number {
  if (isReader(source)) source.refresh();
  source.hashAt(0); // there is none: it says whether the store is open
  const { visible, durable } = source.watermarks;
  if (start === "start") return 0;
  // What a reader does not know to be durable yet may stay so for long, and a position has to wait for it.
  if (start === "end") return until === "durable" && isReader(source) ? durable : visible;
  if (typeof start === "object" && start !== null) {
    checkOptions(start, ["token"], field);
    const binding = { logId: Buffer.from(source.id, "hex"), region, backward: false };
    const anchor = decodePageToken(start.token, binding);
    checkAnchor(anchor, source.hashAt(anchor.sequence));
    return anchor.sequence;
  }
  if (Number.isSafeInteger(start) && start >= 0 && start <= visible) return start;
  throw refused(field, `must be "start", "end", { token }, or a sequence up to ${visible}, not ${String(start)}`);
}
