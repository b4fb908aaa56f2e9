import { join } from "node:path";
import { ACCELERATOR_FILE } from "@holdfast/store/format";
import { CliError } from "../cli-error.js";
import { fileLines } from "../inspect/file-lines.js";
import type { Folder, Sibling } from "../inspect/file-format.js";
import { openPath } from "../inspect/host-tree.js";
import { isDamage, type Line } from "../inspect/line.js";

/** What a store keeps beside its events, in numbers. */

/** The index that an open counts on. */
export interface AcceleratorState {
  /** `used`: for all segments that it tells of. `stale`: for the first few of them or none. `refused`: it is damaged, or of a later version. */
  readonly state: "absent" | "used" | "stale" | "refused";
  /** Segments that an open reads from it, and not from their own files. */
  readonly usedSegments: number;
  /** Why not for all; null otherwise. */
  readonly reason: string | null;
}

/** A named cursor. */
export interface CursorState {
  readonly name: string;
  /** Of the last event that was acknowledged; null where the position cannot be used. */
  readonly sequence: number | null;
  /** Events of the store behind that. */
  readonly lag: number | null;
  /** Why it cannot be used. */
  readonly reason: string | null;
}

export function readAccelerator(folder: Folder): AcceleratorState {
  const sibling = folder.siblings.find(({ name }) => name === ACCELERATOR_FILE);
  if (sibling === undefined) return { state: "absent", usedSegments: 0, reason: null };
  const { line, fault } = firstOf("accelerator", sibling, folder);
  if (line === undefined || fault !== undefined) {
    return { state: "refused", usedSegments: 0, reason: fault ?? "it is none" };
  }
  const reason = line.fields["reason"] as string | null;
  const usedSegments = line.fields["usedSegments"] as number;
  return { state: reason === null ? "used" : "stale", usedSegments, reason };
}

/** By their names. */
export function readCursors(path: string, directories: readonly string[]): CursorState[] {
  if (!directories.includes("cursors")) return [];
  const home = join(path, "cursors");
  return openPath(home).directories.flatMap((name): CursorState[] => {
    const { folder } = openPath(join(home, name));
    const sibling = folder.siblings.find((each) => each.name === "position");
    if (sibling === undefined) return []; // it was never saved
    const { line, fault } = firstOf("cursor", sibling, folder);
    if (line === undefined || fault !== undefined) {
      return [{ name, sequence: null, lag: null, reason: fault ?? "it is none" }];
    }
    const { sequence, lag } = line.fields;
    return [{ name, sequence: Number(sequence), lag: lag === null ? null : Number(lag), reason: null }];
  });
}

/** The line of a kind that a file has, and what is wrong with the file. */
function firstOf(
  kind: string,
  sibling: Sibling,
  folder: Folder,
): { readonly line: Line | undefined; readonly fault: string | undefined } {
  let line: Line | undefined;
  let fault: string | undefined;
  try {
    const source = sibling.open();
    try {
      for (const each of fileLines(sibling.name, source, folder)) {
        if (each.kind === kind) line ??= each;
        if (isDamage(each)) fault ??= `${each.fields.code}: ${each.fields.reason}`;
      }
    } finally {
      source.close();
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    fault ??= error.message;
  }
  return { line, fault };
}
