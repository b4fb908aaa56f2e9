import { checkRelativePath } from "@holdfast/fs-seam";
import { WalError } from "./wal-error.js";
import {
  checkKeys,
  refuse,
  resolveReaderOptions,
  resolveWalOptions,
  type ReaderOptions,
  type ResolvedReaderOptions,
  type ResolvedWalOptions,
  type WalOptions,
} from "./wal-options.js";

type Shared =
  | "directory"
  | "now"
  | "turn"
  | "schedule"
  | "observer"
  | "mode"
  | "syncPolicy"
  | "bufferBytes"
  | "maxRecordBytes"
  | "preallocateBytes"
  | "content"
  | "maxAsideFiles";

/** How a record log is opened for writing. Settings have the meaning and the defaults of those of a segmented log. */
export interface RecordLogOptions extends Pick<WalOptions, Shared> {
  /**
   * Name of the file in the directory, at most 128 bytes, without `.lock` and `.aside-` in it. The log owns it, `<name>.lock` and `<name>.aside-*` beside it, and
   * temporary files of these names; other files of the directory are nobody's business here.
   */
  readonly name: string;
}

/** {@link RecordLogOptions} with every default filled in, and what the shared writer needs besides. */
export interface ResolvedRecordLogOptions extends ResolvedWalOptions {
  readonly name: string;
}

/** How a record log is opened for reading only. */
export interface RecordLogReaderOptions extends Omit<ReaderOptions, "mode"> {
  /** Name of the log's file in the directory. */
  readonly name: string;
}

export interface ResolvedRecordLogReaderOptions extends ResolvedReaderOptions {
  readonly name: string;
}

const keys: readonly string[] = [
  "name",
  "directory",
  "now",
  "turn",
  "schedule",
  "observer",
  "mode",
  "syncPolicy",
  "bufferBytes",
  "maxRecordBytes",
  "preallocateBytes",
  "content",
  "maxAsideFiles",
] satisfies (keyof RecordLogOptions)[];

const MAX_NAME_BYTES = 128;
const encoder = new TextEncoder();

/** Checks options and fills in defaults. Throws {@link WalError} `WAL_INVALID_OPTION` naming the option. */
export function resolveRecordLogOptions(options: RecordLogOptions): ResolvedRecordLogOptions {
  checkKeys(options, keys);
  const { name, ...shared } = options;
  const resolved = resolveWalOptions(shared);
  checkName(name);
  // The file is the only segment: it never ends, and none has to be made ready.
  return { ...resolved, segmentBytes: Number.MAX_SAFE_INTEGER, prepareSegments: false, name };
}

/** Checks options and fills in defaults. Throws {@link WalError} `WAL_INVALID_OPTION` naming the option. */
export function resolveRecordLogReaderOptions(options: RecordLogReaderOptions): ResolvedRecordLogReaderOptions {
  const { name, ...shared } = options ?? {};
  if ("mode" in shared) refuse("mode", "is unknown");
  const resolved = resolveReaderOptions(shared);
  checkName(name);
  return { ...resolved, name };
}

/** Throws `WAL_INVALID_OPTION` unless a record log may have this name. */
export function checkName(name: string): void {
  if (typeof name !== "string" || name.includes("/")) refuse("name", "must be the name of a file in the directory");
  try {
    checkRelativePath(name, "open");
  } catch (error) {
    throw new WalError("WAL_INVALID_OPTION", "option name is no name of a file", { option: "name" }, { cause: error });
  }
  if (encoder.encode(name).length > MAX_NAME_BYTES) refuse("name", `must have at most ${MAX_NAME_BYTES} bytes`);
  // Of two logs in one directory, none may be taken for what the other has beside it, of either kind.
  if (/^\.~|\.lock|\.aside-/.test(name)) refuse("name", 'must not begin with ".~", nor contain ".lock" or ".aside-"');
  if (name === "LOCK" || name === "aside") refuse("name", "is that of a file of a segmented log");
}
