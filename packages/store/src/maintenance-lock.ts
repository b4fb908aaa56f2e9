import type { MaintenanceParts } from "./maintenance-parts.js";
import { ofStore } from "./log-ending.js";
import { StoreError } from "./store-error.js";

/** Stores whose files are being worked on. */
const busy = new WeakSet<MaintenanceParts>();

/**
 * Does the work unless other work on the files of the same store is under way. It is refused rather than made to wait: whoever starts a backup behind a
 * compaction of an hour wants to know.
 *
 * @throws {@link StoreError} `STORE_BUSY`; `STORE_CLOSED` when the store is closed in the middle of it.
 */
export async function exclusively<T>(parts: MaintenanceParts, work: () => Promise<T>): Promise<T> {
  if (busy.has(parts)) throw new StoreError("STORE_BUSY", "a compaction or a backup of this store is under way");
  busy.add(parts);
  try {
    return await work();
  } catch (error) {
    throw ofStore(error);
  } finally {
    busy.delete(parts);
  }
}
