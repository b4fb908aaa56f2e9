import { Directory } from "@holdfast/fs-seam";
import type { Image } from "@holdfast/fs-seam/crash";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { FrameCursor, frameKinds, inspectSegmentHeader, SEGMENT_HEADER_BYTES, sourceOf } from "@holdfast/segment-codec";
import { ACCELERATOR_FILE } from "../src/accelerator-layout.js";
import { openStoreReader, region, type ReadableStore, type StoreOptions } from "../src/index.js";
import { determined, events, openSample, type Sample } from "./sample-store.js";
import { allTold } from "./store-law.js";

/**
 * Every path by which a store comes to know its events: the accelerator, the footers of sealed segments, the frames, and each of them
 * where another one is gone or damaged. Whichever is taken, the events are the same.
 */

export interface OpeningPath {
  readonly name: string;
  /** Takes away, or damages, what the path shall not find; says whether there was any of it. */
  readonly prepare: (directory: Directory) => boolean;
}

const anyFooter = (directory: Directory, change: typeof cutOff): boolean =>
  changeFooters(directory, change, () => true);

/** The first one changes nothing, and is always taken. */
export const openingPaths: readonly OpeningPath[] = [
  { name: "what is there", prepare: () => false },
  { name: "footers", prepare: removeAccelerator },
  {
    name: "footers of every second segment",
    prepare: (directory) => {
      removeAccelerator(directory);
      return changeFooters(directory, cutOff, (index) => index % 2 === 0);
    },
  },
  {
    name: "frames",
    prepare: (directory) => [removeAccelerator(directory), anyFooter(directory, cutOff)].includes(true),
  },
  { name: "a damaged accelerator", prepare: damageAccelerator },
  {
    name: "a damaged accelerator and damaged footers",
    prepare: (directory) => [damageAccelerator(directory), anyFooter(directory, flip)].includes(true),
  },
];

function removeAccelerator(directory: Directory): boolean {
  return directory.removeIfPresent(ACCELERATOR_FILE);
}

function damageAccelerator(directory: Directory): boolean {
  if (!directory.list().some(({ name }) => name === ACCELERATOR_FILE)) return false;
  const bytes = directory.readFile(ACCELERATOR_FILE);
  const at = Math.floor(bytes.length / 2);
  directory.writeFile(ACCELERATOR_FILE, bytes.with(at, (bytes[at] ?? 0) ^ 0x10));
  return true;
}

/** Changes the footer of a segment, which begins at `start`. */
type FooterChange = (bytes: Uint8Array, start: number, end: number) => Uint8Array;

function cutOff(bytes: Uint8Array, start: number, _end: number): Uint8Array {
  return bytes.subarray(0, start);
}

function flip(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const at = Math.floor((start + end) / 2);
  return bytes.with(at, (bytes[at] ?? 0) ^ 0x10);
}

/** Changes the footers of those segments that `isWanted` accepts by their place among the segments; says whether there was one. */
function changeFooters(directory: Directory, change: FooterChange, isWanted: (index: number) => boolean): boolean {
  const segments = directory.list().filter(({ name }) => name.endsWith(".seg"));
  let changed = 0;
  for (const { name } of segments.filter((_, index) => isWanted(index))) {
    const bytes = directory.readFile(name);
    const footer = footerIn(bytes);
    if (footer === undefined) continue;
    directory.writeFile(name, change(bytes, footer.start, footer.end));
    changed += 1;
  }
  return changed > 0;
}

/** Where the footer of a segment lies. */
export function footerIn(bytes: Uint8Array): { readonly start: number; readonly end: number } | undefined {
  const outcome = inspectSegmentHeader(bytes.subarray(0, SEGMENT_HEADER_BYTES));
  if (outcome.kind !== "segment") return undefined; // its creation was cut off
  const cursor = new FrameCursor(sourceOf(bytes), outcome.header);
  while (cursor.next()) {
    if (cursor.kind === frameKinds.footer) return { start: cursor.offset, end: cursor.endOffset };
  }
  return undefined;
}

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

/** Which paths are taken of a disk, and how often each was. */
export class PathChoice {
  readonly counts: Map<string, number> = new Map();
  readonly #takesAll: boolean;
  #turn = 0;

  /** @param takesAll - of every disk; otherwise the first path, and one of the others in turn. */
  constructor(takesAll: boolean) {
    this.#takesAll = takesAll;
  }

  /** Directories in which the paths are prepared. */
  *of(image: Image): Generator<{ readonly name: string; readonly directory: Directory }> {
    const [plain, ...others] = openingPaths as readonly [OpeningPath, ...OpeningPath[]];
    yield this.#taken(plain.name, found(image));
    for (let tried = 0; tried < others.length; tried += 1) {
      const { name, prepare } = others[this.#turn % others.length] as OpeningPath; // inside
      this.#turn += 1;
      const directory = found(image);
      if (!prepare(directory)) continue; // it is the same as another one
      yield this.#taken(name, directory);
      if (!this.#takesAll) return;
    }
  }

  #taken(name: string, directory: Directory): { readonly name: string; readonly directory: Directory } {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
    return { name, directory };
  }
}

/**
 * Opens the disk by the chosen paths, and beside each of them, and returns what all of them see.
 *
 * Throws when two see different events, when the chain of one does not verify, or when a token leads elsewhere.
 */
export async function seenByPaths(
  image: Image,
  options: Partial<StoreOptions<Sample>>,
  token: string | undefined,
  paths: PathChoice,
): Promise<Seen> {
  let first: { readonly name: string; readonly text: string; readonly seen: Seen } | undefined;
  for (const { name, directory } of paths.of(image)) {
    const isStore = directory.list().some((entry) => entry.name.endsWith(".seg"));
    for (const run of ["beside", "once", "again"]) {
      const who = `${name}, ${run}`;
      const isBeside = run === "beside";
      if (isBeside && !isStore) continue;
      const store = isBeside
        ? openStoreReader({ directory, events })
        : await openSample(directory, { ...options, ...determined(9) });
      const seen = await lookAt(store, token, who);
      await store.close();
      const text = JSON.stringify(seen);
      first ??= { name: who, text, seen };
      if (first.text !== text) throw new Error(`${who} sees ${text}, and ${first.name} ${first.text}`);
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
