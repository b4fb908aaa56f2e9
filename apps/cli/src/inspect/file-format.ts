import { readExactly, type ByteSource } from "@holdfast/segment-codec";
import type { Line } from "./line.js";

const headBytes = 128;

/** The first bytes of a file, by which formats are told apart: 128, or all that there are. */
export function headOf(source: ByteSource): Uint8Array {
  const head = new Uint8Array(Math.min(source.sizeBytes, headBytes));
  readExactly(source, head, 0);
  return head;
}

/** A file in the same directory: formats of several files judge each with what lies beside it. */
export interface Sibling {
  readonly name: string;
  /** The first bytes, as {@link headOf} has them; none of a file that cannot be read. */
  head(): Uint8Array;
}

/** The regular files of one directory. One object stands for one directory, so what is worked out about it may be kept by it. */
export interface Folder {
  readonly siblings: readonly Sibling[];
}

export interface InspectedFile {
  /** Its own name, without directories. */
  readonly name: string;
  readonly head: Uint8Array;
  readonly source: ByteSource;
  readonly folder: Folder;
}

/** A format of files, one module each. */
export interface FileFormat {
  /** True when a file with this beginning and name is of this format, however damaged it may be. */
  recognise(head: Uint8Array, name: string): boolean;
  /** True when a file begins with a header of this format that is sound. */
  isHeader(head: Uint8Array): boolean;
  /**
   * Everything in the file, in order. Together the lines cover every byte; a line may lie inside the one before.
   *
   * @throws what the source throws, and `CODEC_SHORT_SOURCE` when the file shrinks meanwhile.
   */
  lines(file: InspectedFile): Generator<Line, void, undefined>;
}
