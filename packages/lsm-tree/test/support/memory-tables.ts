// Tables in a map: what is created, finished, removed and pinned is counted, and any step can be made to fail.
import { sourceOf } from "@holdfast/segment-codec";
import { TableBuilder, TableReader, type TableMeta } from "../../src/format-entry.js";
import type { NewTable, TablePin, TableStore } from "../../src/engine-contract.js";
import { entryOf, viewOf, type Entry } from "./entries.js";
import { databaseId, hashKeyOfTests } from "./tables.js";

export class MemoryTables implements TableStore {
  /** Finished files by number. */
  readonly files: Map<number, Uint8Array> = new Map();
  /** Numbers of files that were begun and neither finished nor abandoned. */
  readonly begun: Set<number> = new Set();
  /** What happened, in order: `create 3`, `finish 3`, `names`, `remove 3`. */
  readonly steps: string[] = [];
  pinCount = 0;
  bytesWritten = 0;
  /** Called before each step with its name; throws to make it fail. */
  before: (step: string) => void = () => {};
  /** The codec is left out unless a test wants it. */
  readonly #blockBytes: number;

  constructor({ blockBytes = 128 }: { readonly blockBytes?: number } = {}) {
    this.#blockBytes = blockBytes;
  }

  reader({ tableNumber, bytes, chain }: TableMeta): TableReader {
    const file = this.files.get(tableNumber);
    if (file === undefined) throw new Error(`table ${tableNumber} is not there`);
    return new TableReader(sourceOf(file), { databaseId, tableNumber, bytes, chain, hashKey: hashKeyOfTests });
  }

  pin(table: TableMeta): TablePin {
    this.#step(`pin ${table.tableNumber}`);
    const reader = this.reader(table);
    this.pinCount += 1;
    let isHeld = true;
    return {
      reader,
      release: () => {
        if (isHeld) this.pinCount -= 1;
        isHeld = false;
      },
    };
  }

  create(tableNumber: number, { level }: { readonly level: number }): NewTable {
    this.#step(`create ${tableNumber}`);
    if (this.files.has(tableNumber) || this.begun.has(tableNumber)) throw new Error(`table ${tableNumber} is there`);
    this.begun.add(tableNumber);
    const parts: Uint8Array[] = [];
    const builder = new TableBuilder({
      ...{ databaseId, tableNumber, nonce: tableNumber, hashKey: hashKeyOfTests, level, codec: null },
      ...{ blockBytes: this.#blockBytes, bufferBytes: 512, write: (bytes) => void parts.push(Uint8Array.from(bytes)) },
    });
    return {
      tableNumber,
      builder,
      finish: () =>
        Promise.resolve().then(() => {
          const { bytes, chain, properties } = builder.finish();
          this.#step(`finish ${tableNumber}`);
          this.files.set(tableNumber, Uint8Array.from(Buffer.concat(parts)));
          this.begun.delete(tableNumber);
          this.bytesWritten += bytes;
          const { entryCount, deleteCount, minSeqno, maxSeqno, smallest, largest } = properties;
          const numbers = { entryCount, deleteCount, minSeqno, maxSeqno, smallest, largest };
          return { level, tableNumber, bytes, chain, ...numbers, createdMs: 0 };
        }),
      abandon: () => {
        this.#step(`abandon ${tableNumber}`);
        this.begun.delete(tableNumber);
      },
    };
  }

  syncNames(): Promise<void> {
    return Promise.resolve().then(() => this.#step("names"));
  }

  remove(tableNumber: number): void {
    this.#step(`remove ${tableNumber}`);
    if (!this.files.delete(tableNumber)) throw new Error(`table ${tableNumber} is not there`);
  }

  /** Every entry of a table, by its own cursor. */
  entries(table: TableMeta): Entry[] {
    const cursor = this.reader(table).cursor();
    const entries: Entry[] = [];
    for (cursor.first(); cursor.valid; cursor.next()) entries.push(entryOf(cursor));
    return entries;
  }

  /** A finished table of these entries, which have to be in order. */
  async write(tableNumber: number, level: number, entries: readonly Entry[]): Promise<TableMeta> {
    const table = this.create(tableNumber, { level });
    for (const entry of entries) table.builder.add(viewOf(entry));
    return table.finish();
  }

  #step(step: string): void {
    this.before(step);
    this.steps.push(step);
  }
}
