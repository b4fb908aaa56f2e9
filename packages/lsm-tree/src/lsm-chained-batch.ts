import { AbstractChainedBatch } from "abstract-level";
import type { KeyValueEngine } from "./engine-contract.js";
import type { Encoded, TextScratch } from "./encoded-data.js";
import { levelErrorOf } from "./level-error.js";
import { refuseDurability, refuseMisspelled, writeOptionsOf } from "./level-options.js";
import type { DurabilityOptions } from "./level-options.js";
import { WriteBatch } from "./write-batch.js";

/** Where a chained batch writes to, and what it makes bytes with. */
export interface BatchTarget {
  readonly engine: KeyValueEngine;
  readonly keyScratch: TextScratch;
  readonly valueScratch: TextScratch;
}

/** What `batch()` without arguments returns: operations go straight into the record that is written to the log. */
export class LsmChainedBatch<TDatabase, K, V> extends AbstractChainedBatch<TDatabase, K, V> {
  readonly #target: BatchTarget;
  readonly #batch = new WriteBatch();

  constructor(db: TDatabase, target: BatchTarget) {
    super(db);
    this.#target = target;
  }

  // The underscored methods are for the base class alone.

  _put(key: Encoded, value: Encoded, options: object): void {
    refuseOfWhole(options);
    const { keyScratch, valueScratch } = this.#target;
    this.#batch.put(keyScratch.bytesOf(key), valueScratch.bytesOf(value));
  }

  _del(key: Encoded, options: object): void {
    refuseOfWhole(options);
    this.#batch.delete(this.#target.keyScratch.bytesOf(key));
  }

  _clear(): void {
    this.#batch.reset();
  }

  async _write(options: DurabilityOptions): Promise<void> {
    try {
      await this.#target.engine.write(this.#batch, writeOptionsOf(options));
    } catch (error) {
      throw levelErrorOf(error);
    }
  }
}

/** @throws `TypeError` that names an option that only the whole batch can have, or a misspelled one. */
function refuseOfWhole(options: object): void {
  refuseMisspelled(options);
  refuseDurability(options, {});
}
