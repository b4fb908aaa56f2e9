import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { defineEvent, openStore, uncheckedSchema, type EventDefinition, type Store } from "@holdfast/store";
import { openWal, type Wal } from "@holdfast/wal";

/** What the parts of the suite `store` share: an event, stores of it, and logs of records as long as its own. */

export interface Order {
  readonly order: number;
  readonly customer: string;
  readonly lines: string;
}

export type OrderPlaced = EventDefinition<"order.placed", Order, Order>;

export const Placed: OrderPlaced = defineEvent({
  name: "order.placed",
  kind: 0x1001,
  schema: uncheckedSchema<Order>(),
});

/** Streams that take turns. */
export const streamCount = 500;

/** Payload of 200 bytes, as MessagePack. */
export function orderOf(order: number): Order {
  return { order, customer: `customer:${order % 997}`, lines: "x".repeat(150) };
}

export function entityOf(index: number): string {
  return `order:${index % streamCount}`;
}

/** Record of such an event: an envelope of 112 bytes, the entity and the payload. */
export const recordBytes = 320;

/** Work in a directory of its own, on the file system of the directory for temporary files. */
export async function inDirectory<T>(work: (path: string) => Promise<T>): Promise<T> {
  const path = mkdtempSync(join(tmpdir(), "holdfast-bench-"));
  try {
    return await work(path);
  } finally {
    rmSync(path, { recursive: true, force: true });
  }
}

export interface Opened<T> {
  readonly subject: T;
  /** Closes it and removes its files. */
  readonly dispose: () => Promise<void>;
}

export async function newStore(path: string): Promise<Opened<Store<OrderPlaced>>> {
  const own = mkdtempSync(join(path, "store-"));
  const subject = await openStore({ directory: openDirectory(own), events: [Placed] });
  return { subject, dispose: () => disposeOf(subject, own) };
}

export async function newLog(path: string): Promise<Opened<Wal>> {
  const own = mkdtempSync(join(path, "log-"));
  const subject = await openWal({ directory: openDirectory(own) });
  return { subject, dispose: () => disposeOf(subject, own) };
}

async function disposeOf(subject: { readonly close: () => Promise<void> }, own: string): Promise<void> {
  await subject.close();
  rmSync(own, { recursive: true });
}

/** Appends up to `count` events in commits of 4, one to each of the streams in turn. */
export function fill(store: Store<OrderPlaced>, count: number): void {
  for (let first = store.lastSequence; first < count; first += 4) {
    store.commit((commit) => {
      for (let index = first; index < Math.min(count, first + 4); index += 1) {
        commit.append(entityOf(index), Placed, orderOf(index));
      }
    });
  }
}
