import type { Directory } from "@holdfast/fs-seam";
import { CodecError } from "@holdfast/segment-codec";
import { blake3 } from "@holdfast/segment-codec/blake3";
import type { FbatEvent } from "@holdfast/segment-codec/fbat";
import { readSdx3Segment, type Sdx3Segment } from "@holdfast/sidx-footer/sdx3";
import { StoreError } from "./store-error.js";

/** The directory of a batpak 0.9.0 store, read and never changed: its segments by their numbers, events as readers may see them. */

/** One event that counts. */
export interface BatpakEvent {
  readonly event: FbatEvent;
  readonly file: string;
  /** Of its frame, in bytes from the beginning of the file. */
  readonly offset: number;
  /** Its number in the store: what its footer says, or one more than that of the event before it. */
  readonly sequence: bigint;
}

/** Damage: nothing in the file behind it is read. */
export interface BatpakDamage {
  /** Name in the directory of the source. */
  readonly file: string;
  /** Byte at which reading came to an end. */
  readonly offset: number;
  /** That of the error: `CODEC_...`, `SIDX_...`. */
  readonly code: string;
  /** In words, for people. */
  readonly message: string;
}

/** What is in one segment. */
export interface BatpakSegment {
  readonly file: string;
  readonly sizeBytes: number;
  /** Events that were committed together lie in one list. */
  readonly commits: readonly (readonly BatpakEvent[])[];
  /** Items of batches that never committed: nobody may see them. */
  readonly uncommitted: number;
  /** Bytes of a tail that a crash has left in the newest segment. */
  readonly tornBytes: number;
  readonly damage: readonly BatpakDamage[];
}

/**
 * The segments in their order.
 *
 * @throws {@link StoreError} `STORE_CORRUPT` where two files have one number; `STORE_UNSUPPORTED` where a compaction was cut short, which
 * batpak has to finish.
 */
export function batpakFiles(source: Directory): string[] {
  const names = source.list().filter(({ kind }) => kind === "file");
  const pending = names.find(({ name }) => name.startsWith("compaction.pending"));
  if (pending !== undefined) {
    const message = `${pending.name}: a compaction was cut short; open the store with batpak once`;
    throw new StoreError("STORE_UNSUPPORTED", message, { file: pending.name });
  }
  const files = new Map<bigint, string>();
  for (const { name } of names) {
    const number = numberOf(name);
    if (number === undefined) continue;
    const rival = files.get(number);
    if (rival !== undefined) {
      const message = `${rival} and ${name} have the number of one segment`;
      throw new StoreError("STORE_CORRUPT", message, { file: name });
    }
    files.set(number, name);
  }
  return [...files].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, name]) => name);
}

/** As batpak reads names: decimal, with or without zeros in front. */
function numberOf(name: string): bigint | undefined {
  const digits = /^\+?([0-9]+)\.fbat$/.exec(name)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}

/** Reads segments one after another: {@link BatpakReader.read} of every file once, in order. Memory: that of a segment and its events. */
export class BatpakReader {
  readonly #source: Directory;
  #nextSequence = 0n;

  constructor(source: Directory) {
    this.#source = source;
  }

  /** @param isNewest - only the newest segment may end in a torn tail. */
  read(file: string, isNewest: boolean): BatpakSegment {
    const bytes = this.#source.readFile(file);
    const sizeBytes = bytes.length;
    let segment: Sdx3Segment;
    try {
      segment = readSdx3Segment(bytes, { newest: isNewest });
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      const { code, message, context } = error;
      // A newest segment that is empty, or ends inside its header, was being made.
      const isCut = isNewest && code === "CODEC_TRUNCATED";
      const found = isCut ? [] : [{ file, offset: context.offset ?? 0, code, message }];
      return { file, sizeBytes, commits: [], uncommitted: 0, tornBytes: isCut ? sizeBytes : 0, damage: found };
    }
    const { end, header } = segment;
    const damage: BatpakDamage[] = [];
    if (header.segmentId !== numberOf(file)) {
      const message = `the header is that of segment ${header.segmentId}`;
      damage.push({ file, offset: 0, code: "STORE_CORRUPT", message });
    }
    if (end.kind === "corrupt") damage.push({ file, offset: end.endOffset, code: end.code, message: end.message });
    if (end.kind === "unsupported") {
      const message = `what follows the frames is of version ${end.version}`;
      damage.push({ file, offset: end.endOffset, code: "STORE_UNSUPPORTED", message });
    }
    const { commits, uncommitted } = this.#commitsOf(file, segment, damage);
    const tornBytes = end.kind === "torn" ? end.tornBytes : 0;
    return { file, sizeBytes, commits, uncommitted, tornBytes, damage };
  }

  #commitsOf(
    file: string,
    { frames, events }: Sdx3Segment,
    damage: BatpakDamage[],
  ): Pick<BatpakSegment, "commits" | "uncommitted"> {
    const counted = new Map(events.map(({ frame, globalSequence }) => [frame.offset, globalSequence]));
    const commits: BatpakEvent[][] = [];
    let open: BatpakEvent[] | undefined;
    let uncommitted = 0;
    for (const { role, committed, offset, event } of frames) {
      if (role === "batch-begin") open = committed ? [] : undefined;
      else if (role === "batch-commit") {
        if (open !== undefined && open.length > 0) commits.push(open);
        open = undefined;
      } else if (!counted.has(offset)) uncommitted += 1;
      else {
        const sequence = counted.get(offset) ?? this.#nextSequence;
        if (sequence >= this.#nextSequence) this.#nextSequence = sequence + 1n;
        if (!isContentSound(event)) {
          const message = "the payload does not have the hash that its event states";
          damage.push({ file, offset, code: "STORE_CORRUPT", message });
          continue;
        }
        const found = { event, file, offset, sequence };
        if (open !== undefined && committed) open.push(found);
        else commits.push([found]);
      }
    }
    return { commits, uncommitted };
  }
}

/** Every event of batpak carries the hash of its content, which a checksum made good again does not make good. */
function isContentSound({ content, contentHash }: FbatEvent): boolean {
  return Buffer.compare(blake3.hash(content), contentHash) === 0;
}
