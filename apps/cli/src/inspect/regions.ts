import { isDamage, isPassedOver, type Damage, type DamageVerdict, type Line, type PassedOver } from "./line.js";

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
  /** `format` is null behind a damaged header; `deadBytes` of the region, at its end, count for nothing. */
  readonly fields: { readonly format: string | null; readonly frameCount: number; readonly deadBytes: number };
}

interface Unsound {
  readonly kind: DamageVerdict;
  readonly fields: { readonly code: string; readonly reason: string };
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
      const isFile = line.offset === 0 && (line.kind === "footer" || line.kind === "checkpoint");
      if (line.kind === "segment-header" || isFile) format = line.fields["format"] as string;
      sound ??= new SoundRegion(end, format);
      sound.take(line);
    }
    end = Math.max(end, lineEnd);
  }
  if (sound !== undefined) yield sound.region(end);
}

function unsound({ offset, length, fields }: Damage): Region {
  return { kind: fields.verdict, offset, length, fields: { code: fields.code, reason: fields.reason } };
}

class SoundRegion {
  readonly #offset: number;
  readonly #format: string | null;
  #frameCount = 0;
  #deadBytes = 0;

  constructor(offset: number, format: string | null) {
    this.#offset = offset;
    this.#format = format;
  }

  take(line: Line): void {
    if (line.kind === "dead") this.#deadBytes += line.length;
    else if (frameKinds.has(line.kind)) this.#frameCount++;
  }

  region(endOffset: number): Region {
    const fields = { format: this.#format, frameCount: this.#frameCount, deadBytes: this.#deadBytes };
    return { kind: "sound", offset: this.#offset, length: endOffset - this.#offset, fields };
  }
}

/** A record in a frame of ours lies inside it, and is not counted again. */
const frameKinds: ReadonlySet<string> = new Set([
  ...["event", "batch-begin", "batch-commit", "frame"],
  ...["entry", "record", "checkpoint"],
]);
