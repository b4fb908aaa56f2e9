import { CodecError, type ByteSource } from "@holdfast/segment-codec";
import { CliError, messageOf } from "../cli-error.js";
import { explained } from "./explained.js";
import { fbatFormat } from "./fbat-file.js";
import { headOf, type FileFormat, type Folder } from "./file-format.js";
import { damage, type Foreign, type Line } from "./line.js";
import { segmentFormat } from "./segment-file.js";

/** Every format that is known. The first that recognises a file has it. */
const formats: readonly FileFormat[] = [segmentFormat, fbatFormat];

/** True when a file of this name is ours whatever it holds: one that cannot be opened is then missed, and not passed over. */
export function isOurName(name: string): boolean {
  return formats.some((format) => format.recognise(new Uint8Array(), name));
}

/**
 * What is in one file. What the system will not give, and what a decoder refuses outright, is the last line and no exception.
 *
 * @param name - its own, without directories.
 */
export function* fileLines(name: string, source: ByteSource, folder: Folder): Generator<Line, void, undefined> {
  let offset = 0;
  try {
    for (const line of explained(linesOf(name, source, folder), source.sizeBytes)) {
      yield line;
      offset = Math.max(offset, line.offset + line.length);
    }
  } catch (error) {
    const range = { offset, endOffset: Math.max(offset, source.sizeBytes) };
    if (error instanceof CliError) yield damage("unreadable", range, error.code, messageOf(error));
    else if (error instanceof CodecError) {
      const verdict = error.code === "CODEC_SHORT_SOURCE" ? "unreadable" : "corrupt";
      yield damage(verdict, range, error.code, messageOf(error));
    } else throw error;
  }
}

function* linesOf(name: string, source: ByteSource, folder: Folder): Generator<Line, void, undefined> {
  const head = headOf(source);
  const format = formats.find((each) => each.recognise(head, name));
  if (format !== undefined) yield* format.lines({ name, head, source, folder });
  else yield foreignLine(source.sizeBytes, source.sizeBytes === 0 ? "empty" : "of no format that is known here");
}

/** The line about something that no format here is about. */
export function foreignLine(length: number, reason: string): Foreign {
  return { kind: "foreign", offset: 0, length, fields: { reason } };
}
