import { CodecError } from "@holdfast/segment-codec";
import { durabilityEntries } from "@holdfast/wal/durability";
import { CliError } from "../cli-error.js";
import { durabilitySegmentId } from "./durability-name.js";
import type { Folder } from "./file-format.js";

/** The segments of a log of durability in one directory, by the numbers in their names. */
export class DurabilityDirectory {
  static readonly #known = new WeakMap<Folder, DurabilityDirectory>();

  readonly #folder: Folder;
  /** Ascending; only of names that a writer gives. */
  readonly #ids: readonly number[];
  readonly #nextIds = new Map<number, number | undefined>();

  static of(folder: Folder): DurabilityDirectory {
    const known = DurabilityDirectory.#known.get(folder) ?? new DurabilityDirectory(folder);
    DurabilityDirectory.#known.set(folder, known);
    return known;
  }

  constructor(folder: Folder) {
    this.#folder = folder;
    this.#ids = folder.siblings
      .flatMap(({ name }) => durabilitySegmentId(name) ?? [])
      .sort((one, other) => one - other);
  }

  isLast(segmentId: number): boolean {
    return (this.#ids.at(-1) ?? segmentId) <= segmentId;
  }

  /** Whether segments before this one are there, and not the one right before it. */
  lacksPredecessor(segmentId: number): boolean {
    return (this.#ids[0] ?? segmentId) < segmentId && !this.#ids.includes(segmentId - 1);
  }

  /** Id of the entry that the segment has to begin with, when the one before it is sound. Reads that one, unless it was noted. */
  dueAt(segmentId: number): number | undefined {
    const before = segmentId - 1;
    if (this.#nextIds.has(before)) return this.#nextIds.get(before);
    const sibling = this.#folder.siblings.find(({ name }) => durabilitySegmentId(name) === before);
    if (sibling === undefined) return undefined;
    let next: number | undefined;
    try {
      const source = sibling.open();
      try {
        const walk = durabilityEntries(source, { segmentId: before, last: false });
        let step = walk.next();
        while (step.done !== true) step = walk.next();
        const { header, entryCount, end } = step.value;
        if (header !== undefined && end.kind !== "corrupt") next = header.startEntryId + entryCount;
      } finally {
        source.close();
      }
    } catch (error) {
      if (!(error instanceof CliError) && !(error instanceof CodecError)) throw error;
    }
    this.note(before, next);
    return next;
  }

  /** @param nextEntryId - what is due behind the segment; undefined when it does not say. */
  note(segmentId: number, nextEntryId: number | undefined): void {
    this.#nextIds.set(segmentId, nextEntryId);
  }
}
