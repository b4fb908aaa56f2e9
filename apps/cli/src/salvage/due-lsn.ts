import type { Hole } from "./sound-frames.js";
import type { Lost } from "./salvage-event.js";

/** Which LSN is due next, and what was lost before it. */
export class DueLsn {
  /** LSN of the next record. */
  next: number;
  #holes: Lost[] = [];

  constructor(firstLsn: number) {
    this.next = firstLsn;
  }

  /** Notes damage; who lost records by it is known at the next frame. */
  pass(file: string, { offset, endOffset, reason, zeros }: Hole): void {
    if (zeros) return; // space that was set aside
    const why = `no sound frame (${reason})`;
    this.lose(file, offset, endOffset - offset, "CODEC_TORN_TAIL", why);
  }

  lose(file: string, offset: number, length: number, code: string, reason: string): void {
    this.#holes.push({ kind: "lost", file, offset, length, firstId: null, lastId: null, code, reason });
  }

  /** What was lost before a frame that begins with `lsn`; afterwards `next` is behind it. */
  *reach(lsn: number, span: number): Generator<Lost, void, undefined> {
    yield* this.#losses(lsn - 1, "CODEC_MID_STREAM_CORRUPTION");
    this.next = lsn + span;
  }

  /** What was lost at the end of a log that states records up to `durableLsn` as durable. */
  *end(durableLsn: number): Generator<Lost, void, undefined> {
    yield* this.#losses(durableLsn, "CODEC_DURABLE_DATA_MISSING");
  }

  *#losses(lastId: number, code: string): Generator<Lost, void, undefined> {
    const holes = this.#holes;
    this.#holes = [];
    const firstId = this.next;
    if (lastId < firstId) {
      yield* holes;
      return;
    }
    const [first, ...more] = holes;
    // The first of them is told with the range; where none of the files is at fault, one is gone.
    if (first === undefined) {
      const reason = "no file holds these records";
      yield {
        kind: "lost",
        file: null,
        offset: 0,
        length: 0,
        firstId,
        lastId,
        code: "INSPECT_SEGMENT_MISSING",
        reason,
      };
      return;
    }
    yield { ...first, firstId, lastId, code: first.code === "CODEC_TORN_TAIL" ? code : first.code };
    yield* more;
  }
}
