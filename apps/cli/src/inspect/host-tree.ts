import { isUtf8 } from "node:buffer";
import { lstatSync, readdirSync, realpathSync, statSync } from "node:fs";
import { basename, sep } from "node:path";
import { CodecError } from "@holdfast/segment-codec";
import { CliError } from "../cli-error.js";
import { explainFileError, fileRefusal } from "../file-refusal.js";
import { databaseFindings, isOfDatabase } from "./database-findings.js";
import { headOf, type Folder, type Sibling } from "./file-format.js";
import { fileLines, foreignLine, isOurName } from "./file-lines.js";
import { openHostFile, type HostPath, type OpenedFile } from "./host-file.js";
import { damage, type Line } from "./line.js";
import { compareNames } from "./name-order.js";

/** One file, or what stands in the place of one, with everything there is to say about it. Read the lines before going on. */
export interface Inspected {
  /** Relative to the argument; the last name in the argument when that is a file. */
  readonly file: string;
  /** True of the argument itself. */
  readonly named: boolean;
  readonly lines: Iterable<Line>;
}

/**
 * Inspects a file, or everything below a directory in the order of {@link compareNames}. Symlinks below the argument are not
 * followed; the argument itself may be one. Opens one file at a time, for reading.
 *
 * @throws {@link CliError} `CLI_FILE_NOT_FOUND`, `CLI_FILE_NOT_REGULAR`, `CLI_FILE_UNREADABLE` about the argument itself; what
 * is wrong with anything below it is a line.
 */
export function* inspectPath(argument: string): Generator<Inspected, void, undefined> {
  const path = resolved(argument);
  if (isDirectory(path, argument)) {
    yield* inspectFolder(path, "", listEntries(path, argument));
    return;
  }
  openHostFile(path, argument).close(); // here, so that a refusal is about the argument
  const cut = path.lastIndexOf(sep);
  const name = nameText(path.subarray(cut + 1));
  const folder = neighbourhood(path.subarray(0, cut + 1)) ?? lone(path, name);
  const file = basename(argument); // of a symlink, what it leads to is judged under the name that it has there
  yield { file, named: true, lines: hostFileLines(path, file, name, folder) };
}

function resolved(argument: string): HostPath {
  try {
    return realpathSync.native(argument, { encoding: "buffer" });
  } catch (error) {
    // A pipe on standard input has a name that leads to it, and no path.
    if (isSpecial(argument)) throw fileRefusal("CLI_FILE_NOT_REGULAR", argument, "is not a regular file");
    throw explainFileError(error, argument);
  }
}

function isSpecial(argument: string): boolean {
  try {
    const stats = statSync(argument);
    return !stats.isFile() && !stats.isDirectory();
  } catch {
    return false; // the refusal that there is says why
  }
}

function isDirectory(path: HostPath, argument: string): boolean {
  try {
    return lstatSync(path).isDirectory();
  } catch (error) {
    throw explainFileError(error, argument);
  }
}

/** What a path leads to: the files of a directory, or one file as its only sibling. */
export interface OpenedPath {
  readonly kind: "directory" | "file";
  /** The path without symlinks. */
  readonly path: string;
  readonly folder: Folder;
  /** Names of directories in it. */
  readonly directories: readonly string[];
}

/**
 * Looks at a file, or at the names in one directory, without walking further.
 *
 * @throws {@link CliError} as {@link inspectPath} does.
 */
export function openPath(argument: string): OpenedPath {
  const path = resolved(argument);
  const common = { path: path.toString() };
  if (isDirectory(path, argument)) {
    const entries = listEntries(path, argument);
    const directories = entries.filter(({ kind }) => kind === "directory").map(({ name }) => nameText(name));
    return { ...common, kind: "directory", folder: folderOf(path, entries), directories };
  }
  openHostFile(path, argument).close();
  return {
    ...common,
    kind: "file",
    folder: lone(path, nameText(path.subarray(path.lastIndexOf(sep) + 1))),
    directories: [],
  };
}

/** The files of a directory; undefined where it cannot be listed. */
function neighbourhood(directory: HostPath, parent?: Folder): Folder | undefined {
  try {
    return folderOf(directory, listEntries(directory, "."), parent);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return undefined;
  }
}

/** A file by itself: a directory that cannot be listed has nothing to say about it. */
function lone(path: HostPath, name: string): Folder {
  return { name: ownName(path.subarray(0, path.lastIndexOf(sep))), siblings: [siblingOf(path, name)] };
}

interface HostEntry {
  readonly name: Buffer;
  readonly kind: "file" | "directory" | "symlink" | "special";
}

function listEntries(directory: HostPath, shown: string): readonly HostEntry[] {
  try {
    const entries = readdirSync(directory, { encoding: "buffer", withFileTypes: true });
    return entries
      .map((entry): HostEntry => {
        const kind = entry.isFile() ? "file" : entry.isDirectory() ? "directory" : "special";
        return { name: entry.name, kind: entry.isSymbolicLink() ? "symlink" : kind };
      })
      .sort((one, other) => compareNames(one.name, other.name));
  } catch (error) {
    throw explainFileError(error, shown);
  }
}

function below(directory: HostPath, name: Buffer): HostPath {
  return Buffer.concat([directory, Buffer.from("/"), name]);
}

/** A name as text; the bytes of one that is not UTF-8 by their numbers, so that two names never look the same. */
function nameText(name: Buffer): string {
  if (isUtf8(name)) return name.toString();
  return name.toString("latin1").replace(/[\u0080-\u00ff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}

/** @param parent - the directory that it lies in, where that is known; otherwise it is looked for. */
function folderOf(directory: HostPath, entries: readonly HostEntry[], parent?: Folder): Folder {
  const files = entries.filter(({ kind }) => kind === "file");
  const siblings = files.map(({ name }): Sibling => siblingOf(below(directory, name), nameText(name)));
  let known: { readonly folder: Folder | undefined } | undefined = parent && { folder: parent };
  const folder: Folder = {
    name: ownName(directory),
    siblings,
    parent() {
      known ??= { folder: folderAbove(directory) };
      return known.folder;
    },
    directory(name) {
      const entry = entries.find((each) => each.kind === "directory" && nameText(each.name) === name);
      return entry && neighbourhood(below(directory, entry.name), folder);
    },
  };
  return folder;
}

/** The directory that a path lies in; undefined at the root, and where it cannot be listed. */
function folderAbove(directory: HostPath): Folder | undefined {
  const path = directory.at(-1) === sep.charCodeAt(0) ? directory.subarray(0, -1) : directory;
  const above = path.subarray(0, path.lastIndexOf(sep));
  return above.length === 0 ? undefined : neighbourhood(above);
}

/** @param directory - with a separator at its end, or without. */
function ownName(directory: HostPath): string {
  return basename(directory.toString("latin1"));
}

function siblingOf(path: HostPath, name: string): Sibling {
  return {
    name,
    open: () => openHostFile(path, name),
    head() {
      try {
        const opened = openHostFile(path, name);
        try {
          return headOf(opened);
        } finally {
          opened.close();
        }
      } catch (error) {
        if (error instanceof CliError || error instanceof CodecError) return new Uint8Array();
        throw error;
      }
    },
  };
}

function* inspectFolder(
  directory: HostPath,
  prefix: string,
  entries: readonly HostEntry[],
  parent?: Folder,
): Generator<Inspected, void, undefined> {
  const folder = folderOf(directory, entries, parent);
  for (const { name, kind } of entries) {
    const path = below(directory, name);
    const text = nameText(name);
    const file = `${prefix}${text}`;
    if (kind === "file") yield { file, named: false, lines: hostFileLines(path, file, text, folder) };
    else if (kind === "directory") {
      if (isOurName(text, folder)) yield { file, named: false, lines: [unopened(text, kind, folder)] };
      yield* inspectSubfolder(path, file, folder);
    } else yield { file, named: false, lines: [unopened(text, kind, folder)] };
  }
  for (const { file, lines } of databaseFindings(folder)) yield { file: `${prefix}${file}`, named: false, lines };
}

function* inspectSubfolder(path: HostPath, file: string, parent: Folder): Generator<Inspected, void, undefined> {
  let entries: readonly HostEntry[];
  try {
    entries = listEntries(path, file);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    yield { file, named: false, lines: [refused(error)] };
    return;
  }
  yield* inspectFolder(path, `${file}/`, entries, parent);
}

/** A pipe, a device, a symlink, a directory in the place of a file: never opened, and missed only where its name says that it should be one of ours. */
function unopened(name: string, kind: Exclude<HostEntry["kind"], "file">, folder: Folder): Line {
  const what = unopenedKinds[kind];
  if (!isOurName(name, folder)) return foreignLine(0, what);
  return damage("unreadable", { offset: 0, endOffset: 0 }, "CLI_FILE_NOT_REGULAR", what);
}

const unopenedKinds = {
  symlink: "a symlink, which is not followed",
  directory: "a directory under the name of a file",
  special: "a pipe, socket or device, which is not opened",
} as const;

/** What a writer of a database has no more need of goes while we look; what should be there and is not is told when all was looked at. */
const removedLine: Line = {
  kind: "auxiliary",
  offset: 0,
  length: 0,
  fields: { reason: "removed by the writer of the database meanwhile" },
};

function refused(error: CliError): Line {
  return damage("unreadable", { offset: 0, endOffset: 0 }, error.code, error.message);
}

function* hostFileLines(path: HostPath, shown: string, name: string, folder: Folder): Generator<Line, void, undefined> {
  let opened: OpenedFile;
  try {
    opened = openHostFile(path, shown);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    yield error.code === "CLI_FILE_NOT_FOUND" && isOfDatabase(name, folder) ? removedLine : refused(error);
    return;
  }
  try {
    yield* fileLines(name, opened, folder);
  } finally {
    opened.close();
  }
}
