import { SEGMENT_HEADER_BYTES } from "@holdfast/segment-codec";
import { EventColumns, type EventRows } from "./event-columns.js";
import { layoutAt } from "./event-layout.js";
import type { FooterCollector } from "./footer-collector.js";
import { mix, NameTable } from "./name-table.js";
import { OrdinalTable } from "./ordinal-table.js";
import { SegmentBases } from "./segment-bases.js";
import { StoreError } from "./store-error.js";
import { StreamLists } from "./stream-lists.js";

/** What the index wants to know of an event: an `EventRecord` says it. `bytes` is borrowed. */
export interface IndexedEvent {
  readonly bytes: Uint8Array;
  /** Where the record begins in `bytes` and ends, and where its entity begins, which the scope follows. */
  readonly start: number;
  readonly end: number;
  readonly namesStart: number;
  readonly entityBytes: number;
  readonly scopeBytes: number;
  readonly lane: number;
  readonly revision: number;
  readonly kind: number;
  readonly timeUs: number;
}

/** Where the frame of an event begins. */
export interface EventPlace {
  readonly segmentId: number;
  readonly offset: number;
}

/** Ordinals plus one are stored in 32 bits. */
const MAX_EVENTS: number = 2 ** 32 - 1;

/**
 * Where the events of a store are, by sequence, by stream and by id, in typed arrays. It is derived from the frames: it says where to
 * look, and what is found there decides. The ordinal of an event is its sequence minus one.
 *
 * Invariant: it holds the events 1 to {@link lastSequence} without a gap, and for every stream its revisions from 0 on.
 */
export class EventIndex {
  readonly entities: NameTable = new NameTable();
  readonly scopes: NameTable = new NameTable();
  readonly columns: EventColumns = new EventColumns();
  readonly streams: StreamLists = new StreamLists();
  readonly segments: SegmentBases = new SegmentBases();
  /** Ordinals by the hashes of ids. */
  readonly ids: OrdinalTable = new OrdinalTable();
  readonly #collector: FooterCollector | undefined;
  readonly #textOfEntity = (name: number): string => this.entities.text(name);
  readonly #textOfScope = (name: number): string => this.scopes.text(name);

  /** @param collector - hears of every event that is added one by one. */
  constructor(collector?: FooterCollector) {
    this.#collector = collector;
  }

  /** Sequence of the last event, 0 without one. */
  get lastSequence(): number {
    return this.columns.count;
  }

  /** Time of the last event in microseconds, 0 without one: no later event has an earlier one. */
  get lastTimeUs(): number {
    return this.lastSequence === 0 ? 0 : this.columns.timeOf(this.lastSequence - 1);
  }

  /** Bytes of all typed arrays. */
  get bytes(): number {
    const { entities, scopes, columns, streams } = this;
    return entities.bytes + scopes.bytes + columns.bytes + streams.bytes + this.ids.bytes;
  }

  /**
   * Adds the next event.
   *
   * @throws {@link StoreError} `STORE_CORRUPT`, with the index as it was, when it is not the one that is due in the store and in its
   * stream.
   */
  add(event: IndexedEvent, sequence: number, place: EventPlace): void {
    const { bytes, namesStart, lane, revision, kind, timeUs } = event;
    const entityEnd = namesStart + event.entityBytes;
    if (sequence !== this.lastSequence + 1) throw notDue("sequence", this.lastSequence + 1, sequence, sequence);
    if (timeUs < this.lastTimeUs) throw notDue("time", this.lastTimeUs, timeUs, sequence);
    const knownEntity = this.entities.find(bytes, namesStart, entityEnd);
    const knownStream = knownEntity < 0 ? -1 : this.streams.find(knownEntity, lane);
    const due = knownStream < 0 ? 0 : this.streams.lengthOf(knownStream);
    if (revision !== due) throw notDue("revision", due, revision, sequence);
    const entity = knownEntity < 0 ? this.entities.intern(bytes, namesStart, entityEnd) : knownEntity;
    const stream = knownStream < 0 ? this.streams.open(entity, lane) : knownStream;
    const scope = this.scopes.intern(bytes, entityEnd, entityEnd + event.scopeBytes);
    const ordinal = sequence - 1;
    this.segments.note(place.segmentId, sequence);
    this.columns.add(place.offset, stream, scope, kind, timeUs);
    this.streams.add(stream, ordinal);
    this.ids.add(hashOfId(bytes, event.start + layoutAt.id), ordinal);
    const [textOfEntity, textOfScope] = [this.#textOfEntity, this.#textOfScope];
    this.#collector?.add(event, sequence, place, { entity, scope, textOfEntity, textOfScope });
  }

  /**
   * Adds events that follow, all of one segment. Whoever calls it has seen that they are due, and that their streams and scopes are
   * there.
   *
   * @param ids - of each the hash of its id, by {@link hashOfId}.
   */
  addRows(rows: EventRows, ids: Uint32Array, segmentId: number): void {
    const first = this.columns.count;
    this.segments.note(segmentId, first + 1);
    this.columns.addAll(rows);
    this.streams.addAll(this.columns.streamsFrom(first), first);
    this.ids.addAll(ids, first);
  }

  /** Whether so many more events can be told apart. */
  hasRoom(count: number): boolean {
    return this.lastSequence + count < MAX_EVENTS;
  }

  /**
   * Offset of the frame before the one that holds the event: its chain is what that one continues. Where the segment has none before
   * it, the end of its header.
   */
  offsetBefore(sequence: number): number {
    const { columns } = this;
    const first = this.segments.firstIn(sequence);
    const own = columns.frameOffsetOf(sequence - 1);
    // Events of one commit share a frame, so this is the last event with another one; offsets ascend within a segment.
    let step = 1;
    let before = sequence - 1;
    while (before >= first && columns.frameOffsetOf(before - 1) === own) {
      before -= step;
      step *= 2;
    }
    let [low, high] = [Math.max(before, first - 1), sequence];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (columns.frameOffsetOf(middle - 1) === own) high = middle;
      else low = middle;
    }
    return low < first ? SEGMENT_HEADER_BYTES : columns.frameOffsetOf(low - 1);
  }

  /** The stream of this entity in this lane, -1 when it has no event. */
  findStream(entity: Uint8Array, lane: number): number {
    const number = this.entities.find(entity);
    return number < 0 ? -1 : this.streams.find(number, lane);
  }

  /** Sequence of the event with this revision of a stream; 0 when there is none. */
  sequenceIn(stream: number, revision: number): number {
    return revision < this.streams.lengthOf(stream) ? this.streams.at(stream, revision) + 1 : 0;
  }

  /** Sequence of the event with this id, 0 when there is none. `hasId` reads the event and says whether the id is really its own. */
  findId(id: Uint8Array, hasId: (sequence: number) => boolean): number {
    return this.ids.find(hashOfId(id, 0), (ordinal) => hasId(ordinal + 1)) + 1;
  }
}

/** The words of an id, mixed. Ids are random, or hashes, but for the time that many begin with. */
export function hashOfId(bytes: Uint8Array, start: number): number {
  let hash = 0;
  for (let at = start; at < start + 16; at += 4) {
    // An id is 16 bytes, and lies inside.
    const word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
    hash = Math.imul(hash ^ word, 0x9e3779b1) ^ (hash >>> 15);
  }
  return mix(hash);
}

function notDue(field: string, expected: number, actual: number, sequence: number): StoreError {
  const message = `event ${sequence} has the ${field} ${actual}, where ${expected} is due`;
  return new StoreError("STORE_CORRUPT", message, { sequence, field, expected, actual });
}
