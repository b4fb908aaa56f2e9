import { stageFile, type Directory } from "@holdfast/fs-seam";
import { readExactly } from "@holdfast/segment-codec";
import { openSegment } from "./segment-survey.js";

/**
 * Bytes that an open cuts off a record log are kept beside it: `<name>.aside-<number of the open's section>-<its nonce>`. What a crash leaves:
 *
 * 1. While they are copied: a temporary file, which the next open removes. The log still has the bytes.
 * 2. Behind the barrier of the names: they are in both places. The next open has another number, and may keep them once more.
 * 3. While the oldest are removed: any of those are there. Nobody depends on them, so no barrier follows.
 */

/** Names of such files, whatever the log; the number and the nonce are at the end. */
export const asidePattern: RegExp = /\.aside-\d{20}-[0-9a-f]{8}$/;

const COPY_BYTES = 256 * 1024;

export interface CutBytes {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

export interface AsideOptions {
  /** Of the section that will take their place. */
  readonly segmentId: number;
  readonly nonce: number;
  /** Files that stay, the new one included; 1 at least. */
  readonly maxAsideFiles: number;
}

/** Copies the bytes into a file of their own, durably, and removes the oldest of those that are too many. Returns its name. */
export async function keepAside(directory: Directory, cut: CutBytes, options: AsideOptions): Promise<string> {
  const { segmentId, nonce, maxAsideFiles } = options;
  const number = String(segmentId).padStart(20, "0");
  const name = `${cut.file}.aside-${number}-${nonce.toString(16).padStart(8, "0")}`;
  const staged = stageFile(directory, name);
  try {
    copyBytes(directory, cut, (bytes) => staged.handle.append(bytes));
    await staged.publish({ rung: "full" });
  } catch (error) {
    staged.discard(); // does nothing once publish has begun
    throw error;
  }
  const kept = directory
    .list()
    .map((entry) => entry.name)
    .filter((other) => asidePattern.test(other) && other.replace(asidePattern, "") === cut.file);
  for (const oldest of kept.slice(0, Math.max(0, kept.length - maxAsideFiles))) directory.remove(oldest);
  return name;
}

function copyBytes(directory: Directory, cut: CutBytes, sink: (bytes: Uint8Array) => void): void {
  const source = openSegment(directory, cut.file);
  try {
    const buffer = new Uint8Array(Math.min(COPY_BYTES, cut.bytes));
    for (let done = 0; done < cut.bytes; done += buffer.length) {
      const part = buffer.subarray(0, Math.min(buffer.length, cut.bytes - done));
      readExactly(source, part, cut.offset + done);
      sink(part);
    }
  } finally {
    source.close();
  }
}
