import { isFsError, type FileHandle } from "@holdfast/fs-seam";
import type { ByteSource } from "@holdfast/segment-codec";
import type { TablePin } from "./engine-contract.js";
import { LsmError } from "./lsm-error.js";
import { hex } from "./sstable/table-file.js";
import { TableReader, type TableReaderOptions } from "./sstable/table-reader.js";
import type { TableMeta } from "./version-edit.js";

/**
 * A table and the handle it is read through. The handle is closed once the table is dropped and nobody has it pinned: a file lives on behind its
 * handle, so that what was removed meanwhile can be read to the end.
 */
export class OpenTable {
  readonly reader: TableReader;
  /** When it was last asked for, by the clock of whoever keeps it. */
  usedAt = 0;
  readonly #handle: FileHandle;
  #pins = 0;
  #isDropped = false;

  /**
   * @param handle - taken over.
   * @param reads - counts what is read from it.
   * @throws what reading throws; the handle is closed then.
   */
  constructor(handle: FileHandle, reads: { count: number }, options: TableReaderOptions & { readonly file: string }) {
    this.#handle = handle;
    try {
      this.reader = new TableReader(sourceOf(handle, reads, options), options);
    } catch (error) {
      this.#handle.close();
      throw error;
    }
  }

  get isPinned(): boolean {
    return this.#pins > 0;
  }

  /** @param onRelease - called when this pin is released. */
  pin(onRelease: () => void): TablePin {
    this.#pins += 1;
    let isReleased = false;
    return {
      reader: this.reader,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#pins -= 1;
        this.#closeUnused();
        onRelease();
      },
    };
  }

  drop(): void {
    this.#isDropped = true;
    this.#closeUnused();
  }

  #closeUnused(): void {
    if (!this.#isDropped || this.#pins > 0) return;
    try {
      this.#handle.close();
    } catch (error) {
      // Nothing was written to it that could be lost, and who reads or closes another one is not concerned.
      if (!isFsError(error)) throw error;
    }
  }
}

/** What the system says of a read becomes an error of this package, to which the reader adds which keys are concerned. */
function sourceOf(
  handle: FileHandle,
  reads: { count: number },
  { file, tableNumber }: { readonly file: string; readonly tableNumber: number },
): ByteSource {
  return {
    sizeBytes: handle.stat().size,
    readAt(target, offset) {
      reads.count += 1;
      try {
        return handle.readAt(target, offset);
      } catch (cause) {
        throw readFailure(file, tableNumber, cause, offset);
      }
    },
  };
}

function readFailure(file: string, tableNumber: number, cause: unknown, offset?: number): unknown {
  if (!isFsError(cause)) return cause;
  return new LsmError("LSM_READ_FAILED", `${file} cannot be read`, { file, tableNumber, offset }, { cause });
}

/** The error of a table that cannot be opened: what is known of its keys is what the manifest says. */
export function withKeysOf({ tableNumber, smallest, largest }: TableMeta, file: string, error: unknown): unknown {
  const keys = { keysFrom: hex(smallest), keysUpTo: hex(largest) };
  if (isFsError(error, "FS_NOT_FOUND")) {
    const context = { file, tableNumber, ...keys };
    return new LsmError("LSM_MISSING_TABLE", `${file} is not there`, context, { cause: error });
  }
  const failure = readFailure(file, tableNumber, error);
  if (!(failure instanceof LsmError)) return failure;
  const { cause = failure } = failure;
  return new LsmError(failure.code, failure.message, { ...failure.context, ...keys }, { cause });
}
