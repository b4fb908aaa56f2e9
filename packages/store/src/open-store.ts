import { openWal } from "@holdfast/wal";
import { SegmentFooters } from "@holdfast/wal/places";
import type { EventDefinition } from "./event-definition.js";
import { EventRegistry } from "./event-registry.js";
import { FooterCollector } from "./footer-collector.js";
import { Store } from "./store.js";
import { resolveStoreOptions, STORE_CONTENT, type StoreOptions } from "./store-options.js";
import { refuseUnfinished } from "./unfinished-backup.js";

/**
 * Opens a store for writing, creating it where there is none.
 *
 * @throws `StoreError` by its codes; what the log refuses as `WalError`, and `FsError` `FS_LOCKED` when somebody has it open.
 */
export async function openStore<Definition extends EventDefinition>(
  options: StoreOptions<Definition>,
): Promise<Store<Definition>> {
  const resolved = resolveStoreOptions(options);
  const registry = new EventRegistry(resolved.events, resolved.codec);
  const { directory, log: logOptions } = resolved;
  refuseUnfinished(directory);
  const hash = resolved.hash.algorithm;
  const collector = new FooterCollector();
  const footers = new SegmentFooters((sealed) => collector.footerOf(sealed));
  const log = await openWal({ directory, ...logOptions, content: STORE_CONTENT, hash, footers });
  try {
    return new Store(resolved, registry, { log, collector, footers });
  } catch (error) {
    await log.close();
    throw error;
  }
}
