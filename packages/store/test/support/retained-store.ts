import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { region, type ReadableStore, type Store, type StoreOptions, type StoreReader } from "../../src/index.js";
import type { RetentionRow } from "../../src/maintenance-entry.js";
import { openSample, Paid, Placed, type Sample } from "../sample-store.js";

/** Stores of which retention takes a part, and what of an event it never changes. */

/** In the payloads of all events of entities that begin with `secret:`, and nowhere else. */
export const SECRET = "s3cret";

export const keepOpen = ({ entity }: RetentionRow): boolean => !entity.startsWith("secret:");

/** One event, or a commit of two for every third number. */
export function appendOne(store: Store<Sample>, number: number): void {
  const by = `${SECRET} ${String(number).padEnd(60, ".")}`;
  if (number % 3 !== 0) {
    if (number % 2 === 0) store.append("secret:a", Paid, { by }, { key: `key ${number}` });
    else store.append("open:b", Placed, { amount: number });
    return;
  }
  store.commit((commit) => {
    const paid = commit.append("secret:c", Paid, { by });
    commit.append("open:b", Placed, { amount: number }, { causation: paid });
  });
}

export async function filledStore(
  directory: Directory = new Directory(new MemoryFs()),
  { count = 12, ...options }: Partial<StoreOptions<Sample>> & { readonly count?: number } = {},
): Promise<Store<Sample>> {
  const store = await openSample(directory, options);
  for (let number = 1; number <= count; number += 1) appendOne(store, number);
  await store.sync();
  return store;
}

/** An event without its payload, as text: with its hash, so that nothing else can have changed. */
export function envelopeOf(store: ReadableStore<Sample>, sequence: number): string {
  const event = store.at(sequence);
  if (event === undefined) return `no event ${sequence}`;
  const { id, entity, scope, lane, revision, kind, version, timeMs, correlation, causation, metadata } = event;
  const hash = Buffer.from(store.hashAt(sequence) ?? []).toString("hex");
  return JSON.stringify([
    sequence,
    id,
    entity,
    scope,
    lane,
    revision,
    kind,
    version,
    timeMs,
    correlation,
    causation,
    metadata,
    hash,
  ]);
}

export function envelopesOf(store: Store<Sample> | StoreReader<Sample>, last: number = store.lastSequence): string[] {
  return Array.from({ length: last }, (_, index) => envelopeOf(store, index + 1));
}

/** Sequences of the events that have lost their payload. */
export function droppedIn(store: ReadableStore<Sample>): number[] {
  return [...store.events(region())].filter(({ status }) => status === "dropped").map(({ sequence }) => sequence);
}

/** Names of the files of a directory that hold the secret in any of their bytes. */
export function filesWithSecret(directory: Directory, of: (file: string) => boolean = () => true): string[] {
  const names = directory.fs.list(directory.path).flatMap(({ name, kind }) => (kind === "file" ? [name] : []));
  return names.filter((name) => of(name) && Buffer.from(directory.readFile(name)).includes(SECRET));
}
