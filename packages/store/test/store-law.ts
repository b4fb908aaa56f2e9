import type { CrashMatrixOptions } from "@holdfast/crash-test";
import type { Directory } from "@holdfast/fs-seam";
import { openStoreReader, type ReadableStore, type StoreOptions } from "../src/index.js";
import { determined, events, openSample, Placed, type Sample } from "./sample-store.js";

/**
 * The law of a store: after any crash it holds the first so many events that were appended, whole commits only, each with the
 * sequence, revision, id, hash and content that its receipt and its reader had; nothing that was acknowledged as durable is missing;
 * the chain verifies; and a second recovery changes nothing.
 */

/** What a receipt promises of an event, and what it was, as text that is equal when all of it is. */
export function told(store: ReadableStore<Sample>, sequence: number): string {
  const event = store.at(sequence);
  const hash = store.hashAt(sequence);
  return JSON.stringify({ ...event, hash: hash && Buffer.from(hash).toString("hex") });
}

export function allTold(store: ReadableStore<Sample>, last: number): string[] {
  return Array.from({ length: last }, (_, index) => told(store, index + 1));
}

export interface Recovered {
  readonly events: readonly string[];
  readonly again: readonly string[];
}

/** Entity of the events that recoveries append. */
export const EXTRA = "recovery";

/**
 * Opens, reads and verifies everything, appends an event that is synced, closes; opens and reads once more, and beside it.
 *
 * Throws when the two see different events, or the chain does not verify.
 */
export async function recoverAndAppend(
  directory: Directory,
  options: Partial<StoreOptions<Sample>> = {},
): Promise<Recovered> {
  const first = await openSample(directory, { ...determined(1), ...options });
  const events_ = allTold(first, first.lastSequence);
  await demandIntact(first);
  const { revision } = await appendExtra(first);
  await first.close();
  const second = await openSample(directory, { ...determined(2), ...options });
  const again = allTold(second, second.lastSequence);
  await demandIntact(second);
  if (second.revisionOf(EXTRA) !== revision) throw new Error("a stream lost an event between two recoveries");
  const beside = openStoreReader({ directory, events });
  const seen = allTold(beside, beside.lastSequence);
  if (seen.join() !== again.join()) throw new Error("a reader sees other events than the writer");
  beside.close();
  await second.close();
  return { events: events_, again };
}

async function appendExtra(store: Awaited<ReturnType<typeof openSample>>): Promise<{ readonly revision: number }> {
  const receipt = store.append(EXTRA, Placed, { amount: store.lastSequence });
  await store.durable(receipt);
  return receipt;
}

export async function demandIntact(store: ReadableStore<Sample>): Promise<void> {
  const report = await store.verify();
  if (report.kind !== "intact") throw new Error(`the chain does not verify: ${JSON.stringify(report.fault)}`);
}

/** What a program acknowledges: what its reader tells of every event, and up to where they are durable. */
interface Told {
  readonly durable: number;
  readonly written: readonly string[];
}

/** @param ends - last sequences of the commits that were made. */
export function demandLaw(
  { events: found, again }: Recovered,
  ends: readonly number[],
  { acks }: Parameters<CrashMatrixOptions<Recovered>["check"]>[1],
): void {
  const isExtra = (event: string): boolean => event.includes(`"entity":"${EXTRA}"`);
  const extras = found.findIndex(isExtra);
  const own = extras < 0 ? found : found.slice(0, extras);
  const late = found.slice(own.length).find((event) => !isExtra(event));
  if (late !== undefined) throw new Error(`${late} of before follows an event of a recovery`);
  for (const { data } of acks) {
    const { durable, written } = data as Told;
    const missing = written.slice(0, durable).find((event, index) => own[index] !== event);
    if (missing !== undefined) throw new Error(`was acknowledged as durable, and is not there: ${missing}`);
    const changed = own.find((event, index) => written[index] !== undefined && written[index] !== event);
    if (changed !== undefined) throw new Error(`is there, and is not what was told: ${changed}`);
  }
  if (own.length > 0 && !ends.includes(own.length)) throw new Error(`${own.length} events: a part of a commit`);
  if (again.slice(0, -1).join() !== found.join() || !isExtra(again.at(-1) ?? "")) {
    throw new Error(`a second recovery changed the events: ${found.join()}, then ${again.join()}`);
  }
}
