import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { openStore, region } from "@holdfast/store";
import { openNamedCursor } from "@holdfast/store/consumers";
import { compact } from "@holdfast/store/maintenance";
import { defineProjection, directoryCache, Projector, type Projection } from "@holdfast/store/projections";
import { Placed, timeMs } from "./small-store.js";

const Counted: Projection<{ count: number }, typeof Placed> = defineProjection({
  name: "counted",
  version: 1,
  events: [Placed],
  initial: () => ({ count: 0 }),
  on: { "order.placed": ({ count }) => ({ count: count + 1 }) },
});

/**
 * Makes a store on the host with all the files that one keeps, and closes it: so many events of one stream, two a segment; an accelerator; a
 * cursor `mailer` that has acknowledged eight events at most; and the row of a projection in `rows`, whose name it resolves with.
 *
 * @param isRetained - whether the payloads of the first four events are taken.
 */
export async function companyStore(path: string, count = 12, isRetained = false): Promise<string> {
  const directory = openDirectory(path);
  const store = await openStore({
    directory,
    events: [Placed],
    segmentBytes: 512,
    ...{ bufferBytes: 256, preallocateBytes: 0, mergeBytes: 0, prepareSegments: false, acceleratorEvents: 1 },
    clock: () => timeMs,
  });
  for (let amount = 1; amount <= count; amount += 1) {
    store.append("order:a", Placed, { amount });
    await store.sync();
  }
  const cursor = await openNamedCursor(store, region({}), { name: "mailer", live: false, batchEvents: 4 });
  for await (const batch of cursor) {
    if ((batch.events.at(-1)?.sequence ?? 0) > 8) break;
    await batch.ack();
  }
  await cursor.close();
  const rows = openDirectory(join(path, "rows"), { create: true });
  new Projector(store, { cache: directoryCache(rows) }).project(Counted, "order:a", { snapshotEvery: 1 });
  if (isRetained) await compact(store, { keep: ({ sequence }) => sequence > 4 });
  await store.close();
  return rows.list().find(({ name }) => name.endsWith(".row"))?.name ?? "";
}
