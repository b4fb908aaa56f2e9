import {
  isDamage,
  isPassedOver,
  type Damage,
  type DamageVerdict,
  type KeyRange,
  type Line,
  type LineValue,
  type PassedOver,
} from "./line.js";

/**
 * What `verify` says: a file as a row of regions that follow one another without a gap, each sound, torn, corrupt, unreadable or
 * foreign, or passed over.
 */

export type Region = (Place & (Sound | Unsound)) | PassedOver;

interface Place {
  readonly offset: number;
  readonly length: number;
}

interface Sound {
  readonly kind: "sound";
  readonly fields: SoundFields;
}

export type SoundFields = {
  /** Null behind a damaged header. */
  readonly format: string | null;
  readonly frameCount: number;
  /** So many bytes of the region, at its end, count for nothing. */
  readonly deadBytes: number;
  /** Events of a store whose payload retention has taken, where there are any. */
  readonly dropped?: number;
} & { readonly [Name in ToldField]?: LineValue };

/** What a region says of lines in it, as these do. */
type ToldField =
  | "entryCount"
  | "segments"
  | "usedSegments"
  | "reason"
  | "sequence"
  | "lag"
  | "tables"
  | "entries"
  | "deletes";

interface Unsound {
  readonly kind: DamageVerdict;
  readonly fields: { readonly code: string; readonly reason: string } & KeyRange;
}

/** Turns the lines of one file, which explain every byte, into regions. Memory: one region. */
export function* regionsOf(lines: Iterable<Line>): Generator<Region, void, undefined> {
  let end = 0;
  let sound: SoundRegion | undefined;
  let format: string | null = null;
  for (const line of lines) {
    const lineEnd = line.offset + line.length;
    if (isDamage(line)) {
      if (sound !== undefined) yield sound.region(line.offset);
      sound = undefined;
      yield unsound(line);
    } else if (isPassedOver(line)) {
      if (sound !== undefined) yield sound.region(line.offset);
      sound = undefined;
      yield line;
    } else if (lineEnd > end) {
      // These kinds have it, whatever they are of; a footer or checkpoint at the very beginning is a file of its own.
      const isFile = line.offset === 0 && fileKinds.has(line.kind);
      if (line.kind === "segment-header" || isFile) format = line.fields["format"] as string;
      sound ??= new SoundRegion(end, format);
      sound.take(line);
    } else sound?.takeInner(line);
    end = Math.max(end, lineEnd);
  }
  if (sound !== undefined) yield sound.region(end);
}

function unsound({ offset, length, fields }: Damage): Region {
  const { verdict, ...told } = fields;
  return { kind: verdict, offset, length, fields: told };
}

class SoundRegion {
  readonly #offset: number;
  readonly #format: string | null;
  #frameCount = 0;
  #deadBytes = 0;
  #dropped = 0;
  readonly #more: { [Name in ToldField]?: LineValue } = {};

  constructor(offset: number, format: string | null) {
    this.#offset = offset;
    this.#format = format;
  }

  take(line: Line): void {
    if (line.kind === "dead") this.#deadBytes += line.length;
    else if (frameKinds.has(line.kind)) this.#frameCount++;
    this.takeInner(line);
  }

  /** Takes what lies inside a line before it. */
  takeInner({ kind, fields }: Line): void {
    if (fields["sound"] === false) return; // what it says are claims
    for (const name of told.get(kind) ?? []) {
      const value = fields[name];
      if (value !== undefined) this.#more[name] = value;
    }
    if (kind === "store-event" && fields["payload"] === null) this.#dropped += 1;
  }

  region(endOffset: number): Region {
    const fields = { format: this.#format, frameCount: this.#frameCount, deadBytes: this.#deadBytes, ...this.#more };
    const dropped = this.#dropped === 0 ? {} : { dropped: this.#dropped };
    return { kind: "sound", offset: this.#offset, length: endOffset - this.#offset, fields: { ...fields, ...dropped } };
  }
}

/** A record in a frame of ours lies inside it, and is not counted again. */
const frameKinds: ReadonlySet<string> = new Set([
  ...["event", "batch-begin", "batch-commit", "frame"],
  ...["entry", "record", "checkpoint"],
  ...["table-block", "table-filter", "table-index", "table-properties", "table-trailer"],
]);

/** Kinds of which a file has one, at its beginning. */
const fileKinds: ReadonlySet<string> = new Set(["footer", "checkpoint", "accelerator", "cursor", "projection-row"]);

/** Fields by kind. */
const told: ReadonlyMap<string, readonly ToldField[]> = new Map<string, readonly ToldField[]>([
  ["footer", ["entryCount"]],
  ["accelerator", ["segments", "usedSegments", "reason"]],
  ["cursor", ["sequence", "lag"]],
  ["projection-row", ["sequence"]],
  ["table-properties", ["entries", "deletes"]],
  ["manifest-state", ["tables", "entries", "deletes"]],
]);
