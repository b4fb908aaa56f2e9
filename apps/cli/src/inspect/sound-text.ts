import { countText, plural } from "../terminal.js";
import type { LineValue } from "./line.js";
import type { SoundFields } from "./regions.js";

/** What people read about a region that is sound. */
export function soundText(fields: SoundFields): string {
  switch (fields.format) {
    case "HFCURSOR":
      return cursorText(fields);
    case "HFINDEX1":
      return acceleratorText(fields);
    case "HFPR":
      return `a row of a projection, as of event ${numberText(fields.sequence)}`;
    default:
      return frameText(fields);
  }
}

function frameText({ frameCount, deadBytes, entryCount, dropped, tables, entries, deletes }: SoundFields): string {
  const footer = entryCount === undefined ? "" : `, a footer of ${numberText(entryCount)}`;
  const gone = dropped === undefined ? "" : `, ${numberText(dropped)} without payload`;
  const dead = deadBytes === 0 ? "" : `, ${plural(deadBytes, "byte")} dead: a later segment goes on before them`;
  const named = tables === undefined ? "" : `, ${plural(Number(tables), "table")}`;
  const of = entries === undefined ? "" : `, ${numberText(entries)} entries, ${numberText(deletes)} of them deletes`;
  return `${plural(frameCount, "frame")}${named}${of}${footer}${gone}${dead}`;
}

function cursorText({ sequence, lag }: SoundFields): string {
  const behind = lag === null ? "" : `, ${numberText(lag)} behind`;
  return `acknowledged up to event ${numberText(sequence)}${behind}`;
}

function acceleratorText({ segments, usedSegments, reason }: SoundFields): string {
  const why = typeof reason === "string" ? `: ${reason}` : "";
  if (usedSegments === null) return `an accelerator of ${numberText(segments)} segments${why}`;
  return `an accelerator that counts for ${numberText(usedSegments)} of its ${numberText(segments)} segments${why}`;
}

function numberText(value: LineValue | undefined): string {
  return countText(Number(value ?? 0));
}
