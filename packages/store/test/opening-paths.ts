import { Directory } from "@holdfast/fs-seam";
import type { Image } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openStoreReader, region, type ReadableStore, type StoreOptions } from "../src/index.js";
import { determined, events, openSample, type Sample } from "./sample-store.js";
import { allTold } from "./store-law.js";

/** Every path by which a store comes to know its events: whichever is taken, the events are the same. */

export interface OpeningPath {
  readonly name: string;
  /** Takes away what the path shall not find. */
  readonly prepare: (directory: Directory) => void;
}

export const openingPaths: readonly OpeningPath[] = [{ name: "what is there", prepare: () => {} }];

/** What somebody sees of a store, as plain data. */
export interface Seen {
  readonly events: readonly string[];
  /** What is behind a page, by the token of that page. */
  readonly behind: readonly string[];
}

/** The image as somebody else finds it after the machine, or the process, has gone down. */
export function found(image: Image): Directory {
  const directory = new Directory(new MemoryFs({ image }));
  directory.removeIfPresent("LOCK");
  return directory;
}

/**
 * Opens the disk by every path, twice each, and beside it, and returns what all of them see.
 *
 * Throws when two see different events, when the chain of one does not verify, or when a token leads elsewhere.
 */
export async function seenByEveryPath(
  image: Image,
  options: Partial<StoreOptions<Sample>>,
  token: string | undefined,
): Promise<Seen> {
  let first: { readonly name: string; readonly text: string; readonly seen: Seen } | undefined;
  for (const { name, prepare } of openingPaths) {
    const directory = found(image);
    prepare(directory);
    for (const run of [`${name}, once`, `${name}, again`, `${name}, beside`]) {
      const isBeside = run.endsWith("beside");
      const store = isBeside
        ? openStoreReader({ directory, events })
        : await openSample(directory, { ...options, ...determined(9) });
      const seen = await lookAt(store, token, run);
      await store.close();
      const text = JSON.stringify(seen);
      first ??= { name: run, text, seen };
      if (first.text !== text) throw new Error(`${run} sees ${text}, and ${first.name} ${first.text}`);
    }
  }
  if (first === undefined) throw new Error("there is no path");
  return first.seen;
}

async function lookAt(store: ReadableStore<Sample>, token: string | undefined, who: string): Promise<Seen> {
  const report = await store.verify();
  if (report.kind !== "intact") throw new Error(`${who}: the chain does not verify: ${JSON.stringify(report.fault)}`);
  const told = allTold(store, report.events);
  const behind = token === undefined ? [] : store.page(region(), { after: token }).events;
  return { events: told, behind: behind.map(({ sequence }) => told[sequence - 1] ?? `no event ${sequence}`) };
}
