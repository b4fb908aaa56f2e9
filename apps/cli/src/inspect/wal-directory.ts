import {
  SEGMENT_HEADER_BYTES,
  CodecError,
  findLaterFrames,
  frameSeedOf,
  inspectSegmentHeader,
  scanSegment,
  type SegmentHeader,
  type SegmentScan,
} from "@holdfast/segment-codec";
import {
  decodeCheckpoint,
  liveSegments,
  parseCheckpointFileName,
  parseSegmentFileName,
  type CheckpointOutcome,
  type SegmentFileName,
  type SoundSegment,
} from "@holdfast/wal/files";
import type { KnownSegment } from "@holdfast/store/format";
import { CliError } from "../cli-error.js";
import type { Folder, Sibling } from "./file-format.js";
import type { OpenedFile } from "./host-file.js";

/**
 * A log of ours in a directory, judged as a whole as docs/formats/wal.md says: which segments count, where the log ends, and what was
 * durable. Each file is then judged by its place in it. Nothing is thrown: a file that cannot be read says so in its own lines.
 */

/** The part of a segment file in its log. */
export type SegmentPlace =
  /** The header is none, for whatever reason. */
  | { readonly kind: "headerless" }
  /** The header is that of another segment than the name says. */
  | { readonly kind: "misnamed"; readonly header: SegmentHeader }
  /** The header is of another log than most others beside it. */
  | { readonly kind: "stranger"; readonly header: SegmentHeader }
  /** A later segment begins at or before this one. */
  | { readonly kind: "replaced"; readonly header: SegmentHeader; readonly by: number }
  /** The log ends before it: nothing leads here. */
  | { readonly kind: "unreachable"; readonly header: SegmentHeader }
  | { readonly kind: "live"; readonly header: SegmentHeader };

/** Where a log ends. */
export interface LogTail {
  readonly file: string;
  readonly segmentId: number;
  readonly lastLsn: number;
  /** Highest LSN that anything sound states as durable. */
  readonly durableLsn: number;
  /** Numbers of the segments that the end was reached through, the last one last. */
  readonly visited: readonly number[];
  readonly isDamaged: boolean;
}

/** A checkpoint by its file name; its header is sound, and of this log. */
export interface CheckpointFile {
  readonly name: string;
  readonly lsn: number;
}

interface NamedSegment extends SegmentFileName {
  readonly sibling: Sibling;
  readonly header: SegmentHeader | undefined;
}

const maxPayloadBytes = 2 ** 28;

export class WalDirectory {
  static readonly #known = new WeakMap<Folder, WalDirectory>();

  /** Undefined where no segment has a sound header. */
  readonly logId: Uint8Array | undefined;
  /** By ascending number: those that count as far as headers tell. */
  readonly live: readonly SoundSegment[];
  /** Newest first. */
  readonly checkpoints: readonly CheckpointFile[];
  /** Headers of {@link live}. */
  readonly headers: readonly SegmentHeader[];
  readonly #siblings = new Map<string, Sibling>();
  readonly #segments: ReadonlyMap<string, NamedSegment>;
  readonly #liveNames: ReadonlySet<string>;
  /** Files with a sound header of this log, under their own names. */
  readonly #ownNames: ReadonlySet<string>;
  #tail: { readonly found: LogTail | undefined } | undefined;

  /** The log in a directory; worked out once. */
  static of(folder: Folder): WalDirectory {
    const known = WalDirectory.#known.get(folder) ?? new WalDirectory(folder);
    WalDirectory.#known.set(folder, known);
    return known;
  }

  constructor(folder: Folder) {
    const segments: NamedSegment[] = [];
    const checkpoints: { readonly name: string; readonly lsn: number; readonly header: SegmentHeader }[] = [];
    for (const sibling of folder.siblings) {
      this.#siblings.set(sibling.name, sibling);
      const parsed = parseSegmentFileName(sibling.name);
      if (parsed !== undefined) {
        segments.push({ ...parsed, sibling, header: headerOf(sibling) });
        continue;
      }
      const lsn = parseCheckpointFileName(sibling.name);
      const header = lsn === undefined ? undefined : headerOf(sibling);
      if (lsn !== undefined && header?.durableLsn === lsn) checkpoints.push({ name: sibling.name, lsn, header });
    }
    this.#segments = new Map(segments.map((segment) => [segment.sibling.name, segment]));
    this.logId = commonLogId(segments);
    const { logId } = this;
    const own = segments
      .flatMap(({ sibling, header, segmentId, nonce }): SoundSegment[] => {
        if (header === undefined || header.segmentId !== segmentId || header.nonce !== nonce) return [];
        return isOf(logId, header) ? [{ file: sibling.name, sizeBytes: 0, header }] : [];
      })
      .sort((one, other) => one.header.segmentId - other.header.segmentId);
    this.live = liveSegments(own);
    this.headers = this.live.map(({ header }) => header);
    this.#ownNames = new Set(own.map(({ file }) => file));
    this.#liveNames = new Set(this.live.map(({ file }) => file));
    this.checkpoints = checkpoints
      .filter(({ header }) => isOf(logId, header))
      .map(({ name, lsn }) => ({ name, lsn }))
      .sort((one, other) => other.lsn - one.lsn);
  }

  /** LSN of the first record that is kept. */
  get firstLsn(): number {
    return this.live[0]?.header.baseLsn ?? 1;
  }

  placeOf(name: string): SegmentPlace {
    const segment = this.#segments.get(name);
    const header = segment?.header;
    if (segment === undefined || header === undefined) return { kind: "headerless" };
    const { segmentId, nonce } = segment;
    if (header.segmentId !== segmentId || header.nonce !== nonce) return { kind: "misnamed", header };
    if (!isOf(this.logId, header)) return { kind: "stranger", header };
    if (!this.#liveNames.has(name)) {
      const later = this.live.find((each) => each.header.segmentId > segmentId) as SoundSegment; // it replaces this one
      return { kind: "replaced", header, by: later.header.segmentId };
    }
    const tail = this.tail();
    const isBehind = tail !== undefined && segmentId > tail.segmentId;
    return { kind: isBehind ? "unreachable" : "live", header };
  }

  /** The first live segment behind one of that number that the log reaches. */
  reachedAfter(segmentId: number): SegmentHeader | undefined {
    const last = this.tail()?.segmentId ?? Number.MAX_SAFE_INTEGER;
    return this.headers.find((header) => header.segmentId > segmentId && header.segmentId <= last);
  }

  /** Where the log ends; undefined without a segment, or when one of those at its end cannot be read. Reads these, once. */
  tail(): LogTail | undefined {
    this.#tail ??= { found: this.#findTail() };
    return this.#tail.found;
  }

  /**
   * The segments that the log reaches, as an accelerator tells of them. The chain of the last one's end is not known, and it is not sealed.
   * Throws what reading throws.
   */
  knownSegments(): readonly KnownSegment[] {
    const last = this.tail()?.segmentId ?? 0;
    const reached = this.live.filter(({ header }) => header.segmentId <= last);
    return reached.map(({ file, header }, place): KnownSegment => {
      const next = reached[place + 1]?.header;
      const sizeBytes = withOpened(this.#siblings.get(file), (source) => source.sizeBytes);
      const { segmentId } = header;
      const [lastLsn, endChain] = [(next?.baseLsn ?? 0) - 1, next?.previousChain ?? 0];
      return { segmentId, lastLsn, sizeBytes, endChain, isSealed: next !== undefined, header };
    });
  }

  /** Reads the segment that holds a record; undefined where the log has none of it. Throws what reading throws. */
  withSegmentOf<T>(lsn: number, use: (source: OpenedFile, header: SegmentHeader) => T): T | undefined {
    if (lsn < this.firstLsn || lsn > (this.tail()?.lastLsn ?? 0)) return undefined;
    const segment = this.live.findLast(({ header }) => header.baseLsn <= lsn);
    if (segment === undefined) return undefined;
    return withOpened(this.#siblings.get(segment.file), (source) => use(source, segment.header));
  }

  /** What a checkpoint file of this log holds. Throws what reading throws. */
  readCheckpoint(name: string): CheckpointOutcome {
    const logId = this.logId;
    if (logId === undefined) {
      return { kind: "refused", why: "its log is not there", offset: 0, code: "WAL_FOREIGN_SEGMENT" };
    }
    return withOpened(this.#siblings.get(name), (source) => decodeCheckpoint(source, logId, maxPayloadBytes));
  }

  #findTail(): LogTail | undefined {
    try {
      return this.#walkTail();
    } catch (error) {
      if (error instanceof CliError || error instanceof CodecError) return undefined;
      throw error;
    }
  }

  #walkTail(): LogTail | undefined {
    const { headers, live } = this;
    let proven = this.checkpoints[0]?.lsn ?? 0;
    for (const { durableLsn } of headers) proven = Math.max(proven, durableLsn);
    let segment = live.findLast(({ header }) => header.baseLsn <= proven + 1) ?? live[0];
    if (segment === undefined) return undefined;
    const visited: number[] = [];
    let scan: SegmentScan;
    for (;;) {
      const { file, header } = segment;
      visited.push(header.segmentId);
      const options = { successors: headers, durableLsn: proven };
      scan = withOpened(this.#siblings.get(file), (source) => scanSegment(source, header, options));
      proven = Math.max(proven, scan.durableLsn);
      const { end } = scan;
      if (end.kind !== "continued") break;
      segment = live.find((each) => each.header.segmentId === end.successor.segmentId) ?? segment; // it came from there
    }
    const { nextLsn, end } = scan;
    const { segmentId, logId } = segment.header;
    if (end.kind === "corrupt") proven = Math.max(proven, end.durableLsn);
    for (const later of this.#segments.values()) {
      if (later.segmentId <= segmentId) continue;
      if (later.header !== undefined && !this.#ownNames.has(later.sibling.name)) continue;
      proven = Math.max(proven, this.#evidenceIn(later, logId, nextLsn).durableLsn);
    }
    const isDamaged = proven >= nextLsn || end.kind === "corrupt";
    return { file: segment.file, segmentId, lastLsn: nextLsn - 1, durableLsn: proven, visited, isDamaged };
  }

  /** Sound frame headers in a segment file, by its name alone. */
  framesIn(name: string, nextLsn: number): { readonly headerCount: number; readonly durableLsn: number } {
    const segment = this.#segments.get(name);
    if (segment === undefined || this.logId === undefined) return { headerCount: 0, durableLsn: 0 };
    return this.#evidenceIn(segment, this.logId, nextLsn);
  }

  #evidenceIn(
    { sibling, segmentId, nonce }: NamedSegment,
    logId: Uint8Array,
    nextLsn: number,
  ): { readonly headerCount: number; readonly durableLsn: number } {
    return withOpened(sibling, (source) => {
      if (source.sizeBytes <= SEGMENT_HEADER_BYTES) return { headerCount: 0, durableLsn: 0 };
      const range = { offset: SEGMENT_HEADER_BYTES, endOffset: source.sizeBytes, nextLsn };
      return findLaterFrames(source, { frameSeed: frameSeedOf({ logId, segmentId, nonce }) }, range);
    });
  }
}

function headerOf(sibling: Sibling): SegmentHeader | undefined {
  const outcome = inspectSegmentHeader(sibling.head());
  return outcome.kind === "segment" ? outcome.header : undefined;
}

/** The log that most segments are of; of two that have as many, that of the lowest number. */
function commonLogId(segments: readonly NamedSegment[]): Uint8Array | undefined {
  const counts = new Map<string, { readonly logId: Uint8Array; count: number }>();
  for (const { header, segmentId } of segments.toSorted((one, other) => one.segmentId - other.segmentId)) {
    if (header === undefined || header.segmentId !== segmentId) continue;
    const key = Buffer.from(header.logId).toString("hex");
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { logId: header.logId, count: 1 });
    else known.count++;
  }
  let most: { readonly logId: Uint8Array; readonly count: number } | undefined;
  for (const each of counts.values()) if (most === undefined || each.count > most.count) most = each;
  return most?.logId;
}

function isOf(logId: Uint8Array | undefined, header: SegmentHeader): boolean {
  return logId !== undefined && Buffer.compare(logId, header.logId) === 0;
}

function withOpened<T>(sibling: Sibling | undefined, use: (source: OpenedFile) => T): T {
  if (sibling === undefined) throw new CliError("CLI_FILE_NOT_FOUND", "a file of the log is gone");
  const source = sibling.open();
  try {
    return use(source);
  } finally {
    source.close();
  }
}
