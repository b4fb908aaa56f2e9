import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDirectory, type Directory } from "@holdfast/fs-seam";
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

export const linesLength = 150;

/** Payload of some 200 bytes, as MessagePack. */
export function orderOf(order: number): Order {
  return { order, customer: `customer:${order % 997}`, lines: "x".repeat(linesLength) };
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
  readonly directory: Directory;
  /** Closes it and removes its files. */
  readonly dispose: () => Promise<void>;
}

export async function newStore(path: string): Promise<Opened<Store<OrderPlaced>>> {
  const own = mkdtempSync(join(path, "store-"));
  const directory = openDirectory(own);
  const subject = await openAgain(directory);
  return { subject, directory, dispose: () => disposeOf(subject, own) };
}

export function openAgain(directory: Directory): Promise<Store<OrderPlaced>> {
  return openStore({ directory, events: [Placed] });
}

export async function newLog(path: string): Promise<Opened<Wal>> {
  const own = mkdtempSync(join(path, "log-"));
  const directory = openDirectory(own);
  const subject = await openWal({ directory });
  return { subject, directory, dispose: () => disposeOf(subject, own) };
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
