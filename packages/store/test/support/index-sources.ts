// A store as it is opened by other ways: without its accelerator, without some of its footers, with others in their place.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { openSdx4, Sdx4Builder, type Sdx4Entry } from "@holdfast/sidx-footer";
import { region, type ReadableStore } from "../../src/index.js";
import { ACCELERATOR_FILE } from "../../src/accelerator-layout.js";
import type { Sample } from "../sample-store.js";
import { allTold } from "../store-law.js";

/** All of it, in memory, as after the end of the process that wrote it. */
export function copyOf(directory: Directory): Directory {
  const copy = new Directory(new MemoryFs());
  for (const { name, kind } of directory.list()) {
    if (kind === "file" && name !== "LOCK") copy.writeFile(name, directory.readFile(name));
  }
  return copy;
}

export function withoutAccelerator(directory: Directory): Directory {
  const copy = copyOf(directory);
  copy.removeIfPresent(ACCELERATOR_FILE);
  return copy;
}

/** Segment files by ascending id. */
export function segmentFiles(directory: Directory): string[] {
  return directory
    .list()
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".seg"));
}

/** Where the footer of a segment begins, with the header of its frame; undefined where it has none. */
export function footerStart(directory: Directory, file: string): number | undefined {
  return openSdx4(directory.readFile(file))?.trailer.coveredBytes;
}

/** A copy in which segments that were chosen by their place have no footer. */
export function withoutFooters(directory: Directory, isChosen: (place: number) => boolean): Directory {
  const copy = copyOf(directory);
  for (const [place, file] of segmentFiles(copy).entries()) {
    const end = isChosen(place) ? footerStart(copy, file) : undefined;
    if (end !== undefined) copy.writeFile(file, copy.readFile(file).subarray(0, end));
  }
  return copy;
}

type Entry = { -readonly [Field in keyof Sdx4Entry]: Sdx4Entry[Field] };

/** The footer of a segment written again, under checksums that hold: with other entries, or about other frames. */
export function forgeFooter(
  directory: Directory,
  file: string,
  change: (entries: Entry[]) => Entry[],
  trailer: { readonly coveredBytes?: number; readonly segmentCrc?: number; readonly chain?: number } = {},
): void {
  const bytes = directory.readFile(file);
  const footer = openSdx4(bytes);
  if (footer === undefined) throw new Error(`${file} has no footer`);
  const builder = new Sdx4Builder();
  const entries = Array.from({ length: footer.entryCount }, (_, ordinal): Entry => footer.readEntry(ordinal));
  for (const entry of change(entries)) builder.add(entry);
  const { coveredBytes, segmentCrc, chain } = footer.trailer;
  const forged = builder.encode({ coveredBytes, segmentCrc, chain, ...trailer });
  const frames = bytes.subarray(0, footer.startOffset);
  directory.writeFile(file, Buffer.concat([frames, forged]));
}

const orders = region({ entityPrefix: "order:" });
const everything = region();

/** What anybody can read of a store, as text that is equal when all of it is. */
export function readAll(store: ReadableStore<Sample>, last: number): string {
  const told = allTold(store, last);
  const events = Array.from({ length: last }, (_, index) => store.at(index + 1));
  const streams = new Map(events.map((event) => [`${event?.lane}/${event?.entity}`, event]));
  return JSON.stringify({
    told,
    byId: events.map((event) => event && store.get(event.id)?.sequence),
    streams: [...streams.values()].map((event) => {
      const at = { entity: event?.entity ?? "", lane: event?.lane ?? 0 };
      const revisions = [...store.stream(at)].map(({ sequence, revision }) => [sequence, revision]);
      return [at, revisions, store.revisionOf(at)];
    }),
    orders: [...store.events(orders)].map(({ sequence }) => sequence),
    scoped: [...store.events(region({ scope: "shop" }))].map(({ sequence }) => sequence),
    backward: [...store.events(everything, { backward: true, limit: 5 })].map(({ sequence }) => sequence),
    page: store.page(everything, { limit: 3 }).next,
  });
}
