import { readExactly, type ByteSource } from "@holdfast/segment-codec";
import type { OpenedFile } from "./host-file.js";
import type { Line } from "./line.js";

/** What a record log begins with, the longest of all beginnings. */
const headBytes = 160;

/** The first bytes of a file, by which formats are told apart: 160, or all that there are. */
export function headOf(source: ByteSource): Uint8Array {
  const head = new Uint8Array(Math.min(source.sizeBytes, headBytes));
  readExactly(source, head, 0);
  return head;
}

/** A file in the same directory, itself included: formats of several files judge each with what lies beside it. */
export interface Sibling {
  readonly name: string;
  /** The first bytes, as {@link headOf} has them; none of a file that cannot be read. */
  head(): Uint8Array;
  /** To be closed by the caller. Throws as {@link openHostFile} does. */
  open(): OpenedFile;
}

/** The regular files of one directory. One object stands for one directory, so what is worked out about it may be kept by it. */
export interface Folder {
  /** The directory's own name; "" where nobody knows it. */
  readonly name: string;
  readonly siblings: readonly Sibling[];
  /** The directory that it lies in; undefined where nobody knows that. Listed when it is asked for. */
  readonly parent?: () => Folder | undefined;
  /** A directory in it, by its name; undefined where there is none, and where it cannot be listed. Listed anew with every call. */
  readonly directory?: (name: string) => Folder | undefined;
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
  /** True when a file with this beginning and name, and in this place, is of this format, however damaged it may be. */
  recognise(head: Uint8Array, name: string, folder?: Folder): boolean;
  /** True when a file begins with a header of this format that is sound. */
  isHeader(head: Uint8Array): boolean;
  /**
   * Everything in the file, in order. Together the lines cover every byte; a line may lie inside the one before.
   *
   * @throws what the source throws, and `CODEC_SHORT_SOURCE` when the file shrinks meanwhile.
   */
  lines(file: InspectedFile): Generator<Line, void, undefined>;
}
