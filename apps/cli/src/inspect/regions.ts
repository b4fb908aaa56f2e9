import { damage, isDamage, type Damage, type DamageVerdict, type Line, type LineValue } from "./line.js";

/**
 * What `verify` says: a file as a row of regions that follow one another without a gap, each sound, torn, corrupt, unreadable or
 * foreign. Bytes that no line explains are not sound.
 */

export interface Region {
  readonly kind: "sound" | "foreign" | DamageVerdict;
  readonly offset: number;
  readonly length: number;
  readonly fields: Line["fields"];
}

/** Turns the lines of one file into regions. Memory: one region. */
export function* regionsOf(lines: Iterable<Line>): Generator<Region, void, undefined> {
  let end = 0;
  let sound: SoundRegion | undefined;
  let format: LineValue | undefined;
  for (const line of lines) {
    const lineEnd = line.offset + line.length;
    if (line.offset > end) {
      if (sound !== undefined) yield sound.region(end);
      sound = undefined;
      yield unsound(
        damage(
          "corrupt",
          { offset: end, endOffset: line.offset },
          "INSPECT_UNEXPLAINED",
          "nothing is known about this",
        ),
      );
      end = line.offset;
    }
    if (isDamage(line)) {
      if (sound !== undefined) yield sound.region(line.offset);
      sound = undefined;
      yield unsound(line);
    } else if (line.kind === "foreign") {
      yield { kind: "foreign", offset: line.offset, length: line.length, fields: line.fields };
    } else if (lineEnd > end) {
      if (line.kind === "segment-header") format = line.fields["format"];
      sound ??= new SoundRegion(end, format ?? null);
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
  readonly #format: LineValue;
  #frameCount = 0;
  #deadBytes = 0;

  constructor(offset: number, format: LineValue) {
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

const frameKinds: ReadonlySet<string> = new Set(["event", "batch-begin", "batch-commit", "frame"]);
