import { isFsError, type Directory, type FileHandle } from "@holdfast/fs-seam";
import type { NewTable } from "./engine-contract.js";
import { ofWrite } from "./log-failure.js";
import { LsmError } from "./lsm-error.js";
import { TableBuilder, type TableBuilderOptions } from "./sstable/table-builder.js";
import { formatTableFileName } from "./table-file-name.js";
import type { TableMeta } from "./version-edit.js";

/** What a table says of itself. LSNs: of the log records that a flush takes from. */
export interface NewTableDetails {
  readonly level: number;
  readonly firstLsn?: number;
  readonly lastLsn?: number;
}

/**
 * A table on its way to the disk. What a crash leaves of it is an orphan, for no edit names it yet:
 *
 * 1. Before `finish` resolves: no file, or one with any part of its bytes.
 * 2. After it, before the names barrier: no file, or all of it. Hence an edit may name a table only after both barriers.
 */
export class TableCreation implements NewTable {
  readonly tableNumber: number;
  readonly builder: TableBuilder;
  readonly #directory: Directory;
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #level: number;
  readonly #createdMs: number;

  /** @throws {@link LsmError} `LSM_WRITE_FAILED`, also when there is a file of this number, `LSM_NO_SPACE`; errors of options as of `TableBuilder`. */
  constructor(directory: Directory, options: Omit<TableBuilderOptions, "write">) {
    const { tableNumber, level = 0, createdMs = 0 } = options;
    this.tableNumber = tableNumber;
    this.#level = level;
    this.#createdMs = createdMs;
    this.#directory = directory;
    this.#file = formatTableFileName(tableNumber);
    // Before the file: wrong options leave nothing behind. It writes nothing before the first entry.
    this.builder = new TableBuilder({ ...options, write: (bytes) => this.#write(bytes) });
    this.#handle = this.#spaceOf(() => directory.open(this.#file, { mode: "append", create: "exclusive" }));
  }

  async finish(): Promise<TableMeta> {
    const { tableNumber, bytes, chain, properties } = this.builder.finish();
    try {
      await this.#handle.sync("data");
      this.#handle.close();
    } catch (error) {
      // No reason to poison anything: the file is given up, and its entries are still where they came from.
      throw this.#spaceFailure(error);
    }
    const { entryCount, deleteCount, minSeqno, maxSeqno, smallest, largest } = properties;
    return Object.freeze({
      ...{ level: this.#level, tableNumber, bytes, chain, entryCount, deleteCount },
      ...{ minSeqno, maxSeqno, smallest, largest, createdMs: this.#createdMs },
    });
  }

  abandon(): void {
    this.#handle.close();
    try {
      this.#directory.removeIfPresent(this.#file);
    } catch (error) {
      // It is an orphan then like any that a crash leaves, and the next open removes it.
      if (!isFsError(error)) throw error;
    }
  }

  #write(bytes: Uint8Array): void {
    this.#spaceOf(() => this.#handle.append(bytes));
  }

  #spaceOf<Value>(run: () => Value): Value {
    try {
      return run();
    } catch (error) {
      throw this.#spaceFailure(error);
    }
  }

  #spaceFailure(error: unknown): unknown {
    if (!isFsError(error, "FS_NO_SPACE", "FS_QUOTA_EXCEEDED")) return ofWrite(error, this.#file);
    const message = `${this.#file}: the disk is full; nothing is lost, try again when there is room`;
    const context = { file: this.#file, tableNumber: this.tableNumber };
    return new LsmError("LSM_NO_SPACE", message, context, { cause: error });
  }
}
