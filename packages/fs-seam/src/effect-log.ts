import { callOrigin } from "./call-origin.js";
import {
  BarrierRecord,
  DataEffect,
  NameEffect,
  SizeEffect,
  type Call,
  type LogRecord,
  type SizeCause,
} from "./effects.js";
import { pageBytes } from "./paged-content.js";

/**
 * The log while it is being written: four 32-bit words a record, in chunks, because an object for each record costs the
 * garbage collector more than the write it describes, and a 128-byte append would weigh three times its bytes. Whoever
 * reads gets objects, made once, and the words are forgotten.
 *
 *   word 0   kind (3 bits), inode number (29 bits)
 *   data     page | start (13), end (13), zeros (1) | slab number (14), first byte in the slab (18)
 *   append   the same, and whether the page was written before (1); stands for the data effect and then a size effect,
 *            from the first byte to behind the last one
 *   size     from (47), to (47), cause (2)
 *   name     directory | index of the name | steps back to the group (2), rename (2), directory (1)
 *   barrier  steps back to the issue | scope (2), rung (1), dropped (1)
 *   object   index in the list of records that have no place above
 */
const slotWords = 4;
const firstChunkWords = 64 * slotWords;
const lastChunkWords = 4096 * slotWords;

const dataKind = 0;
const appendKind = 1;
const sizeKind = 2;
const linkKind = 3;
const unlinkKind = 4;
const barrierKind = 5;
const objectKind = 6;

const maxIno = 2 ** 29 - 1;
const maxWord = 2 ** 31 - 1;
const maxSlabs = 2 ** 14;
const maxShift = 2 ** 18;

const maxPackedSize = 2 ** 47;
const packedCauses: readonly SizeCause[] = ["write", "write-in-block", "set"];
const scopes = ["file", "names", "all"] as const;
const renames = ["none", "within", "across"] as const;
const nothingLost: readonly number[] = Object.freeze([]);

export class EffectLog {
  /** Number of records, and the seq of the next one. */
  length = 0;
  /** Bytes of payload that the log keeps alive. */
  payloadBytes = 0;
  call: Call | undefined = undefined;
  readonly captureSites: boolean;
  readonly #decoded: LogRecord[] = [];
  #full: Int32Array[] = [];
  #chunk = noWords;
  #at = 0;
  #objects: LogRecord[] = [];
  readonly #names = new Numbering<string>();
  readonly #slabs = new Numbering<Uint8Array>();

  constructor(captureSites: boolean) {
    this.captureSites = captureSites;
  }

  /** Starts the record of one call. The site is an Error so that its text is only made when somebody reads it. */
  begin(operation: string, path: string, destination?: string): void {
    if (!this.captureSites) return;
    const origin = callOrigin();
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 24;
    this.call = { operation, path, destination, site: origin ?? new Error("call site") };
    Error.stackTraceLimit = limit;
  }

  /** All records so far. The array is the log's own and grows when it is asked for again. */
  get records(): readonly LogRecord[] {
    if (this.#at > 0 || this.#full.length > 0) this.#decode();
    return this.#decoded;
  }

  /** Index of the four words of a new record. */
  #slot(): number {
    if (this.#at === this.#chunk.length) {
      if (this.#at > 0) this.#full.push(this.#chunk);
      this.#chunk = new Int32Array(this.#at === 0 ? firstChunkWords : Math.min(this.#at * 2, lastChunkWords));
      this.#at = 0;
    }
    const at = this.#at;
    this.#at = at + slotWords;
    return at;
  }

  #object(record: LogRecord): void {
    const at = this.#slot();
    this.#chunk[at] = objectKind;
    this.#chunk[at + 1] = this.#objects.length;
    this.#objects.push(record);
    this.length += 1;
  }

  /** Adds a record that is no effect of a call and no barrier. */
  push(record: LogRecord): void {
    this.#object(record);
  }

  /** Bytes of one page; `bytes` undefined for zeros. */
  data(ino: number, page: number, start: number, end: number, bytes: Uint8Array | undefined, shift: number): void {
    this.#data(dataKind, ino, page, start, end, bytes, shift);
  }

  /** A write that begins at the end of the file: a data effect, and the size effect behind it. */
  append(
    ino: number,
    page: number,
    start: number,
    end: number,
    bytes: Uint8Array,
    shift: number,
    inBlock: boolean,
  ): void {
    this.#data(appendKind, ino, page, start, end, bytes, shift, inBlock);
  }

  #data(
    kind: number,
    ino: number,
    page: number,
    start: number,
    end: number,
    bytes: Uint8Array | undefined,
    shift: number,
    inBlock = false,
  ): void {
    const slab = bytes === undefined ? 0 : this.#slabs.of(bytes);
    if (this.captureSites || ino > maxIno || page > maxWord || slab >= maxSlabs || shift >= maxShift) {
      this.#object(new DataEffect(this.length, ino, page, start, end, bytes, shift, this.call));
      if (kind === appendKind) {
        this.size(ino, page * pageBytes + start, page * pageBytes + end, inBlock ? "write-in-block" : "write");
      }
    } else {
      const at = this.#slot();
      const chunk = this.#chunk;
      chunk[at] = kind | (ino << 3);
      chunk[at + 1] = page;
      chunk[at + 2] = start | (end << 13) | (bytes === undefined ? 1 << 26 : 0) | (inBlock ? 1 << 27 : 0);
      chunk[at + 3] = (slab << 18) | shift;
      this.length += kind === appendKind ? 2 : 1;
    }
    if (bytes !== undefined) this.payloadBytes += end - start;
  }

  size(ino: number, from: number, to: number, cause: SizeCause): void {
    const packed = packedCauses.indexOf(cause);
    if (this.captureSites || packed < 0 || ino > maxIno || from >= maxPackedSize || to >= maxPackedSize) {
      this.#object(new SizeEffect(this.length, ino, from, to, cause, this.call));
      return;
    }
    const at = this.#slot();
    const chunk = this.#chunk;
    chunk[at] = sizeKind | (ino << 3);
    chunk[at + 1] = from | 0;
    const high = Math.floor(from / 2 ** 32) | (Math.floor(to / 2 ** 32) << 16);
    chunk[at + 2] = high | ((packed & 1) << 15) | ((packed >> 1) << 31);
    chunk[at + 3] = to | 0;
    this.length += 1;
  }

  name(
    kind: "link" | "unlink",
    directory: number,
    name: string,
    ino: number,
    inodeKind: "file" | "directory",
    rename: NameEffect["rename"] = "none",
    group: number = this.length,
  ): void {
    const back = this.length - group;
    if (this.captureSites || ino > maxIno || directory > maxWord || back > 3) {
      this.#object(new NameEffect(kind, this.length, directory, name, ino, inodeKind, group, rename, this.call));
      return;
    }
    const at = this.#slot();
    const chunk = this.#chunk;
    chunk[at] = (kind === "link" ? linkKind : unlinkKind) | (ino << 3);
    chunk[at + 1] = directory;
    chunk[at + 2] = this.#names.of(name);
    const renameNumber = rename === "none" ? 0 : rename === "within" ? 1 : 2;
    chunk[at + 3] = back | (renameNumber << 2) | (inodeKind === "directory" ? 16 : 0);
    this.length += 1;
  }

  barrier(record: Omit<BarrierRecord, "seq" | "kind">): void {
    const { scope, ino, rung, covers, outcome, lost, aftermath, call } = record;
    if (this.captureSites || ino > maxIno || this.length - covers > maxWord || outcome === "failed") {
      this.#object(new BarrierRecord(this.length, scope, ino, rung, covers, outcome, lost, aftermath, call));
      return;
    }
    const at = this.#slot();
    const chunk = this.#chunk;
    chunk[at] = barrierKind | (ino << 3);
    chunk[at + 1] = this.length - covers;
    const scopeNumber = scope === "file" ? 0 : scope === "names" ? 1 : 2;
    chunk[at + 2] = scopeNumber | (rung === "full" ? 4 : 0) | (outcome === "dropped" ? 8 : 0);
    this.length += 1;
  }

  // --- reading ------------------------------------------------------------------------------------------------------

  /** Turns the words into records and forgets them. */
  #decode(): void {
    for (const chunk of this.#full) this.#decodeChunk(chunk, chunk.length);
    this.#decodeChunk(this.#chunk, this.#at);
    this.#full = [];
    this.#at = 0;
    this.#objects = [];
  }

  #decodeChunk(chunk: Int32Array, end: number): void {
    for (let at = 0; at < end; at += slotWords) {
      this.#decodeSlot(chunk[at] as number, chunk[at + 1] as number, chunk[at + 2] as number, chunk[at + 3] as number);
    }
  }

  #decodeSlot(head: number, first: number, second: number, third: number): void {
    const records = this.#decoded;
    const seq = records.length;
    const ino = head >>> 3;
    switch (head & 7) {
      case appendKind: {
        const from = first * pageBytes + (second & 0x1fff);
        const to = first * pageBytes + ((second >>> 13) & 0x1fff);
        records.push(this.#dataEffect(seq, ino, first, second, third));
        const cause = (second & (1 << 27)) === 0 ? "write" : "write-in-block";
        records.push(new SizeEffect(seq + 1, ino, from, to, cause, undefined));
        return;
      }
      case dataKind:
        records.push(this.#dataEffect(seq, ino, first, second, third));
        return;
      case sizeKind: {
        const from = (second & 0x7fff) * 2 ** 32 + (first >>> 0);
        const to = ((second >>> 16) & 0x7fff) * 2 ** 32 + (third >>> 0);
        const cause = packedCauses[((second >>> 15) & 1) | ((second >>> 31) << 1)] as SizeCause; // as it was packed
        records.push(new SizeEffect(seq, ino, from, to, cause, undefined));
        return;
      }
      case linkKind:
      case unlinkKind: {
        const kind = (head & 7) === linkKind ? "link" : "unlink";
        const inodeKind = (third & 16) === 0 ? "file" : "directory";
        const rename = renames[(third >>> 2) & 3] as NameEffect["rename"];
        const name = this.#names.at(second);
        records.push(new NameEffect(kind, seq, first, name, ino, inodeKind, seq - (third & 3), rename, undefined));
        return;
      }
      case barrierKind: {
        const scope = scopes[second & 3] as BarrierRecord["scope"];
        const rung = (second & 4) === 0 ? "data" : "full";
        const outcome = (second & 8) === 0 ? "done" : "dropped";
        records.push(new BarrierRecord(seq, scope, ino, rung, seq - first, outcome, nothingLost, undefined, undefined));
        return;
      }
      default:
        records.push(this.#objects[first] as LogRecord);
    }
  }

  #dataEffect(seq: number, ino: number, page: number, range: number, place: number): DataEffect {
    const bytes = (range & (1 << 26)) === 0 ? this.#slabs.at(place >>> 18) : undefined;
    return new DataEffect(seq, ino, page, range & 0x1fff, (range >>> 13) & 0x1fff, bytes, place & 0x3ffff, undefined);
  }
}

const noWords = new Int32Array(0);

/** Small numbers for things that come again and again, most often the same as last time. */
class Numbering<T> {
  readonly #things: T[] = [];
  #numbers: Map<T, number> | undefined;
  #last = 0;

  of(thing: T): number {
    if (this.#things[this.#last] === thing) return this.#last;
    this.#numbers ??= new Map(); // not before: most mounted images are never written
    let number = this.#numbers.get(thing);
    if (number === undefined) {
      number = this.#things.length;
      this.#things.push(thing);
      this.#numbers.set(thing, number);
    }
    this.#last = number;
    return number;
  }

  /** The thing of a number that `of` has returned. */
  at(number: number): T {
    return this.#things[number] as T;
  }
}
