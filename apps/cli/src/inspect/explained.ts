import { damage, type Damage, type Line } from "./line.js";

/**
 * The lines of a file, with a line about every byte that none of them is about: what nobody explains is never taken for sound,
 * whichever module forgot it.
 */
export function* explained(lines: Iterable<Line>, sizeBytes: number): Generator<Line, void, undefined> {
  let end = 0;
  for (const line of lines) {
    if (line.offset > end) yield gap(end, line.offset);
    yield line;
    end = Math.max(end, line.offset + line.length);
  }
  if (end < sizeBytes) yield gap(end, sizeBytes);
}

function gap(offset: number, endOffset: number): Damage {
  return damage("corrupt", { offset, endOffset }, "INSPECT_UNEXPLAINED", "nothing is known about these bytes");
}
