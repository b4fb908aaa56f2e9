import type { Directory, FileHandle } from "@holdfast/fs-seam";
import { isFsError } from "@holdfast/fs-seam";
import type { LogSegment } from "./segment-list.js";
import { WalError } from "./wal-error.js";

/** A segment and the handle it is read through. */
export interface OpenedSegment {
  readonly segment: LogSegment;
  readonly handle: FileHandle;
  /** Reads that wait for the device; the handle is closed behind the last of them. */
  pending: number;
  isDropped: boolean;
}

/** Read handles of segments, so many at most; the one that was not used for longest goes first. */
export class SegmentHandles {
  readonly #directory: Directory;
  readonly #maxHandles: number;
  readonly #segments: () => readonly LogSegment[];
  /** In the order of their last use, so the last of them is never dropped to make room. */
  readonly #opened = new Map<number, OpenedSegment>();
  #last: OpenedSegment | undefined = undefined;
  #hasMadeRoom = false;

  constructor(directory: Directory, segments: () => readonly LogSegment[], maxHandles: number) {
    this.#directory = directory;
    this.#segments = segments;
    this.#maxHandles = maxHandles;
  }

  /**
   * The segment, open. What was opened before is not looked up again until somebody has it forgotten: an open file never changes where it has records.
   *
   * @throws {@link WalError} `WAL_SEGMENT_GONE`.
   */
  get(segmentId: number): OpenedSegment {
    if (this.#last?.segment.segmentId === segmentId) return this.#last;
    const opened = this.#opened.get(segmentId) ?? this.#open(segmentId);
    this.#opened.delete(segmentId);
    this.#opened.set(segmentId, opened);
    this.#last = opened;
    for (const oldest of this.#opened.values()) {
      if (this.#opened.size <= this.#maxHandles) break;
      this.#drop(oldest);
      this.#hasMadeRoom = true;
    }
    return opened;
  }

  /** Has the segment opened anew when it is asked for: its file has been replaced. Reads that wait go on in the old one. */
  forget(segmentId: number): void {
    const opened = this.#opened.get(segmentId);
    if (opened === undefined) return;
    if (this.#last === opened) this.#last = undefined;
    this.#drop(opened);
  }

  /**
   * {@link forget}s what has no name any more: its file was replaced, or removed.
   *
   * @returns whether there was such a file, or may have been: one that was closed to make room cannot be asked.
   */
  forgetReplaced(): boolean {
    let isForgotten = this.#hasMadeRoom;
    this.#hasMadeRoom = false;
    for (const { segment, handle } of [...this.#opened.values()]) {
      if (handle.stat().links > 0) continue;
      this.forget(segment.segmentId);
      isForgotten = true;
    }
    return isForgotten;
  }

  /** A read of it is over. */
  release(opened: OpenedSegment): void {
    opened.pending -= 1;
    if (opened.isDropped && opened.pending === 0) opened.handle.close();
  }

  closeAll(): void {
    for (const opened of this.#opened.values()) this.#drop(opened);
  }

  #open(segmentId: number): OpenedSegment {
    const segment = this.#segments().find((each) => each.segmentId === segmentId);
    if (segment === undefined) throw gone(segmentId);
    try {
      const handle = this.#directory.open(segment.file, { mode: "read" });
      return { segment, handle, pending: 0, isDropped: false };
    } catch (error) {
      throw isFsError(error, "FS_NOT_FOUND") ? gone(segmentId, error) : error;
    }
  }

  #drop(opened: OpenedSegment): void {
    this.#opened.delete(opened.segment.segmentId);
    opened.isDropped = true;
    if (opened.pending === 0) opened.handle.close();
  }
}

function gone(segmentId: number, cause?: unknown): WalError {
  const message = `segment ${segmentId} is not there: it was pruned, or an open has written its records into another one`;
  return new WalError("WAL_SEGMENT_GONE", message, { segmentId }, { cause });
}
