import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { region, type Store } from "../src/index.js";
import { openSample, Placed, type Sample } from "./sample-store.js";

/** A store with so many events, and what tests of consumers ask again and again. */

export const everything: ReturnType<typeof region> = region({});

export async function storeOf(
  count: number,
  directory: Directory = new Directory(new MemoryFs()),
  options: Parameters<typeof openSample>[1] = {},
): Promise<Store<Sample>> {
  const store = await openSample(directory, options);
  appendTo(store, count);
  return store;
}

/** Events with `amount` equal to their sequence, to two streams in turn. */
export function appendTo(store: Store<Sample>, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const amount = store.lastSequence + 1;
    store.append(amount % 2 === 0 ? "even" : "odd", Placed, { amount });
  }
}

export function sequencesOf(events: readonly { readonly sequence: number }[]): number[] {
  return events.map(({ sequence }) => sequence);
}

/** All sequences that a loop gives out, until it ends. */
export async function gather(
  batches: AsyncIterable<{ readonly events: readonly { readonly sequence: number }[] }>,
): Promise<number[]> {
  const found = [];
  for await (const { events } of batches) found.push(...sequencesOf(events));
  return found;
}

/** Lets everything happen that needs no more than turns of the event loop. */
export async function turns(count = 20): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
