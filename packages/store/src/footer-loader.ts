import { isFsError, type Directory } from "@holdfast/fs-seam";
import { CodecError, readExactly, SEGMENT_HEADER_BYTES, type ByteSource } from "@holdfast/segment-codec";
import { openSdx4, SidxError, type Sdx4Footer } from "@holdfast/sidx-footer";
import type { LogSegment } from "@holdfast/wal/places";
import { EventRows, FRAME_ALIGNMENT } from "./event-columns.js";
import { hashOfId, type EventIndex } from "./event-index.js";
import { ID_BYTES } from "./event-layout.js";
import { nameFault } from "./event-name.js";

/**
 * Fills an index from the footer of a segment. All of it is read and held against what the log and the index know before the index changes:
 * a footer is taken as a whole or not at all, and whatever is wrong with it, the frames are read instead.
 */

/** What became of a footer: taken, or why not. */
export type FooterOutcome =
  | { readonly kind: "taken"; readonly coveredBytes: number }
  | { readonly kind: "absent" }
  | { readonly kind: "refused"; readonly why: string };

/** Adds the events of a segment, which are the next ones of the index, as its footer lists them. */
export function takeFooter(
  index: EventIndex,
  directory: Directory,
  segment: LogSegment,
  maxBytes: number,
): FooterOutcome {
  try {
    const footer = readFooter(directory, segment, maxBytes);
    if (footer === undefined) return { kind: "absent" };
    new FooterRows(index, segment, footer).add();
    return { kind: "taken", coveredBytes: footer.trailer.coveredBytes };
  } catch (error) {
    if (
      error instanceof SidxError ||
      error instanceof CodecError ||
      error instanceof Contradiction ||
      isFsError(error)
    ) {
      return { kind: "refused", why: error.message };
    }
    throw error;
  }
}

/** What a footer says is not what the log or the index knows. */
class Contradiction extends Error {}

function readFooter(directory: Directory, segment: LogSegment, maxBytes: number): Sdx4Footer | undefined {
  const { file, header, baseLsn, lastLsn, endChain } = segment;
  const handle = directory.open(file, { mode: "read" });
  try {
    const sizeBytes = handle.stat().size;
    const source: ByteSource = { sizeBytes, readAt: (target, offset) => handle.readAt(target, offset) };
    // Whether it is of this segment and of all its frames, its own place in the file says; then all of it is read at once.
    const found = openSdx4(source, { segment: header, tailBytes: 4096 });
    if (found === undefined) return undefined;
    const bytes = sizeBytes - found.startOffset;
    if (bytes > maxBytes) throw new Contradiction(`a footer of ${bytes} bytes is above maxRecordBytes`);
    const { trailer } = found;
    if (trailer.chain !== endChain) {
      throw new Contradiction("it is of other frames: its chain is not that of the last one");
    }
    if (found.entryCount !== lastLsn + 1 - baseLsn) {
      throw new Contradiction(`it lists ${found.entryCount} events of ${lastLsn + 1 - baseLsn}`);
    }
    const all = new Uint8Array(bytes);
    readExactly(source, all, found.startOffset);
    return openSdx4(all);
  } finally {
    handle.close();
  }
}

class FooterRows {
  readonly #index: EventIndex;
  readonly #segment: LogSegment;
  readonly #footer: Sdx4Footer;
  readonly #rows: EventRows;
  readonly #ids: Uint32Array;
  /**
   * Streams in the order in which events bring them up; rows hold their places here until they are added. Of each the place of its entity
   * among the footer's names, its lane, its number in the index or -1, and the revision that is due.
   */
  readonly #entities: Uint32Array;
  readonly #lanes: Uint32Array;
  readonly #numbers: Int32Array;
  readonly #revisions: Uint32Array;
  #streamCount = 0;
  readonly #scopes: number[] = [];
  /** By the place of a name: the place of its stream in lane 0, and of it as a scope, plus one. */
  readonly #streamOf: Uint32Array;
  readonly #scopeOf: Uint32Array;
  /** Streams in other lanes, by lane and place of the name. */
  readonly #inLanes = new Map<string, number>();
  #timeUs: number;
  #frame = SEGMENT_HEADER_BYTES / FRAME_ALIGNMENT;

  constructor(index: EventIndex, segment: LogSegment, footer: Sdx4Footer) {
    this.#index = index;
    this.#segment = segment;
    this.#footer = footer;
    const { entryCount, stringCount } = footer.trailer;
    this.#rows = new EventRows(entryCount);
    this.#ids = new Uint32Array(entryCount);
    this.#entities = new Uint32Array(entryCount);
    this.#lanes = new Uint32Array(entryCount);
    this.#numbers = new Int32Array(entryCount);
    this.#revisions = new Uint32Array(entryCount);
    this.#streamOf = new Uint32Array(stringCount);
    this.#scopeOf = new Uint32Array(stringCount);
    this.#timeUs = index.lastTimeUs;
  }

  add(): void {
    for (let from = 0; from < this.#rows.count;) from = this.#readBlock(from);
    const index = this.#index;
    // Nothing can be refused from here on.
    const streams = this.#numbers;
    for (let place = 0; place < this.#streamCount; place += 1) {
      if (streams[place]! >= 0) continue; // one for each place, as the others
      const entity = index.entities.intern(this.#name(this.#entities[place]!));
      streams[place] = index.streams.open(entity, this.#lanes[place]!);
    }
    const scopes = Uint32Array.from(this.#scopes, (name) => index.scopes.intern(this.#name(name)));
    const rows = this.#rows;
    for (let at = 0; at < rows.count; at += 1) {
      rows.streams[at] = streams[rows.streams[at]!]!; // places of streams and scopes, as they were read
      rows.scopes[at] = scopes[rows.scopes[at]!]!;
    }
    index.addRows(rows, this.#ids, this.#segment.segmentId);
  }

  /** Reads a block of rows and returns where the next one begins. */
  #readBlock(from: number): number {
    const block = this.#footer.viewRows(from);
    const [sequences, lanes, entities] = [block.column("sequence"), block.column("lane"), block.column("entity")];
    const [scopes, revisions, offsets] = [block.column("scope"), block.column("revision"), block.column("frameOffset")];
    const [kinds, times] = [block.column("kind"), block.column("timestampUs")];
    const ids = block.viewBytes("eventId");
    if (ids === undefined) throw new Contradiction("it has no ids");
    const [rows, firstSequence] = [this.#rows, this.#segment.baseLsn + from];
    for (let row = 0; row < block.count; row += 1) {
      const at = from + row; // below the number of entries, and row below that of every column
      if (sequences[row] !== firstSequence + row) throw this.#wrong("sequence", at, sequences[row]);
      const place = this.#placeOfStream(entities[row]!, lanes[row]!);
      const due = this.#revisions[place]!; // it is there
      if (revisions[row] !== due) throw this.#wrong("revision", at, revisions[row]);
      this.#revisions[place] = due + 1;
      const frame = offsets[row]! / FRAME_ALIGNMENT;
      if (!Number.isInteger(frame) || frame < this.#frame) throw this.#wrong("frame offset", at, offsets[row]);
      this.#frame = frame;
      const time = times[row]!;
      if (time < this.#timeUs) throw this.#wrong("time", at, time);
      this.#timeUs = time;
      if (kinds[row] === 0) throw this.#wrong("kind", at, 0);
      rows.streams[at] = place;
      rows.frames[at] = frame;
      rows.times[at] = time;
      rows.kinds[at] = kinds[row]!;
      rows.scopes[at] = this.#placeOfScope(scopes[row]!);
      this.#ids[at] = hashOfId(ids, row * ID_BYTES);
    }
    return from + block.count;
  }

  #placeOfStream(entity: number, lane: number): number {
    const known = lane === 0 ? this.#streamOf[entity]! - 1 : (this.#inLanes.get(`${lane} ${entity}`) ?? -1);
    if (known >= 0) return known;
    const { entities, streams } = this.#index;
    const bytes = this.#name(entity);
    const name = entities.find(bytes);
    if (name < 0 && nameFault(bytes, 0, bytes.length, "entity") !== undefined) {
      throw new Contradiction("a name is none");
    }
    const number = name < 0 ? -1 : streams.find(name, lane);
    const place = this.#streamCount;
    this.#streamCount += 1;
    this.#entities[place] = entity;
    this.#lanes[place] = lane;
    this.#numbers[place] = number;
    this.#revisions[place] = number < 0 ? 0 : streams.lengthOf(number);
    if (lane === 0) this.#streamOf[entity] = place + 1;
    else this.#inLanes.set(`${lane} ${entity}`, place);
    return place;
  }

  #placeOfScope(name: number): number {
    const known = this.#scopeOf[name]! - 1;
    if (known >= 0) return known;
    const bytes = this.#name(name);
    if (nameFault(bytes, 0, bytes.length, "scope") !== undefined) throw new Contradiction("a name is none");
    this.#scopeOf[name] = this.#scopes.length + 1;
    return this.#scopes.push(name) - 1;
  }

  #name(place: number): Uint8Array {
    return this.#footer.viewText(place);
  }

  #wrong(field: string, at: number, actual: number | undefined): Contradiction {
    return new Contradiction(`event ${this.#segment.baseLsn + at} has the ${field} ${actual}, which is not due`);
  }
}
