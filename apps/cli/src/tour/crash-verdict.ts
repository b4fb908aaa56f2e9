import { isFsError, type Directory } from "@holdfast/fs-seam";
import { countText } from "../terminal.js";
import type { Versions } from "./tour-document.js";

/**
 * What a crash made of a document:
 *
 * - `old`, `new`: one complete version, and it is one that may be there;
 * - `forgotten`: the old version, although the save had reported success;
 * - `missing`, `empty`, `zeros`, `mixture`: neither version. The document is lost.
 */
export type Verdict = "old" | "new" | "forgotten" | "missing" | "empty" | "zeros" | "mixture";

export const lostVerdicts = ["missing", "empty", "zeros", "mixture"] as const;
export type LostVerdict = (typeof lostVerdicts)[number];

export function isLost(verdict: Verdict): verdict is LostVerdict {
  return (lostVerdicts as readonly Verdict[]).includes(verdict);
}

/** Content of the document, or undefined when there is none of that name. */
export function readBack(directory: Directory, path: string): Uint8Array | undefined {
  try {
    return directory.readFile(path);
  } catch (error) {
    if (isFsError(error, "FS_NOT_FOUND")) return undefined;
    throw error;
  }
}

/** @param acknowledged - whether the save had reported success before the power failed. */
export function judge(found: Uint8Array | undefined, versions: Versions, acknowledged: boolean): Verdict {
  if (found === undefined) return "missing";
  if (Buffer.compare(found, versions.after) === 0) return "new";
  if (Buffer.compare(found, versions.before) === 0) return acknowledged ? "forgotten" : "old";
  if (found.length === 0) return "empty";
  return found.every((byte) => byte === 0) ? "zeros" : "mixture";
}

/** Stretches of a found document that are of one origin. `end` is exclusive. */
interface Stretch {
  readonly origin: "new" | "old" | "zeros" | "foreign";
  readonly start: number;
  end: number;
}

const sectorBytes = 512;
const maxStretches = 6;

/** Where each sector of a lost document comes from. */
function stretchesOf(found: Uint8Array, { before, after }: Versions): Stretch[] {
  const stretches: Stretch[] = [];
  for (let start = 0; start < found.length; start += sectorBytes) {
    const end = Math.min(start + sectorBytes, found.length);
    const piece = found.subarray(start, end);
    const same = (version: Uint8Array): boolean => Buffer.compare(piece, version.subarray(start, end)) === 0;
    const zeros = piece.every((byte) => byte === 0);
    const origin = same(after) ? "new" : same(before) ? "old" : zeros ? "zeros" : "foreign";
    const last = stretches.at(-1);
    if (last?.origin === origin) last.end = end;
    else stretches.push({ origin, start, end });
  }
  return stretches;
}

/** What a document reads back as, in words: `2,501 bytes, every one of them NUL`. */
export function describeFound(found: Uint8Array | undefined, versions: Versions): string {
  if (found === undefined) return "no file of that name";
  if (found.length === 0) return "0 bytes";
  const length = `${countText(found.length)} bytes`;
  if (found.every((byte) => byte === 0)) return `${length}, every one of them NUL`;
  const stretches = stretchesOf(found, versions);
  const shown = stretches.slice(0, maxStretches).map(({ origin, start, end }) => {
    return `${countText(start)} to ${countText(end - 1)} ${originText[origin]}`;
  });
  const more = stretches.length - shown.length;
  return `${length}: ${shown.join(", ")}${more > 0 ? `, and ${more} more stretches` : ""}`;
}

const originText: Readonly<Record<Stretch["origin"], string>> = {
  new: "new",
  old: "old",
  zeros: "NUL",
  foreign: "garbage",
};
