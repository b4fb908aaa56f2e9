import type { Directory } from "@holdfast/fs-seam";
import { crashMatrix, CrashTestError, type CrashMatrixOptions } from "../src/index.js";

/** One byte at the start of a file, which is created when it is missing. */
export function write(directory: Directory, name: string, byte: number): void {
  using handle = directory.open(name, { mode: "write", create: "if-missing" });
  handle.writeAt(Uint8Array.of(byte), 0);
}

export const names = (directory: Directory): string[] => directory.list().map(({ name }) => name);

/** A file of one byte: its name, its length and the byte, each there or not, make four different disks. */
export const oneByte: CrashMatrixOptions<string[]> = {
  workload: (directory) => write(directory, "a", 1),
  recover: names,
  check: () => true,
  nested: 0,
  personalities: ["posix"],
};

/** What a run is rejected with; a run that resolves, or rejects with anything else, is thrown. */
export async function failureOf<T>(options: CrashMatrixOptions<T>): Promise<CrashTestError> {
  const error = await crashMatrix(options).then(
    () => new Error("the run was expected to fail"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof CrashTestError) return error;
  throw error;
}
