import type { Directory } from "@holdfast/fs-seam";
import { crashMatrix, CrashTestError, type CrashMatrixOptions, type CrashMatrixReport } from "../../src/index.js";

export function put(directory: Directory, name: string, bytes: readonly number[]): void {
  using handle = directory.open(name, { mode: "write", create: "if-missing" });
  handle.writeAt(Uint8Array.from(bytes), 0);
}

/**
 * Replaces `doc` without syncing the bytes. Records: 0 name of doc.tmp, 1 bytes, 2 length, 3 the length again at the rename,
 * 4 to 6 its steps (old doc goes, doc.tmp goes, doc is bound), 7 the names barrier, 8 the acknowledgement.
 */
export const naiveSave: CrashMatrixOptions<number> = {
  name: "naive save",
  setup: (directory) => put(directory, "doc", [1, 1, 1]),
  workload(directory, run) {
    put(directory, "doc.tmp", [2, 2, 2]);
    directory.rename("doc.tmp", "doc");
    directory.syncNamesBlocking();
    run.ack("saved");
  },
  recover: (directory) => directory.readFile("doc").length,
  check(length) {
    if (length !== 3) throw new Error(`the document has ${length} bytes`);
  },
  personalities: ["posix", "strict"],
};

/** The report of a matrix, whether it passes or finds a broken promise. */
export async function reportOf<T>(options: CrashMatrixOptions<T>): Promise<CrashMatrixReport> {
  try {
    return await crashMatrix(options);
  } catch (error) {
    if (error instanceof CrashTestError && error.report !== undefined) return error.report;
    throw error;
  }
}
