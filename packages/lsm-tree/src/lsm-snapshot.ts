import { AbstractSnapshot } from "abstract-level";
import type { EngineSnapshot, KeyValueEngine } from "./engine-contract.js";

/** The types of abstract-level do not tell that the constructor takes options. */
const Snapshot: new (options: object) => AbstractSnapshot = AbstractSnapshot;

/** A moment of the database that reads can be fixed to, until it is closed. Made by `snapshot()` of a database or of a sublevel. */
export class LsmSnapshot extends Snapshot {
  readonly #engine: KeyValueEngine;
  readonly #snapshot: EngineSnapshot;

  /** @param options - as the base class wants them, with the owner. */
  constructor(engine: KeyValueEngine, options: object) {
    super(options);
    this.#engine = engine;
    this.#snapshot = engine.snapshot();
  }

  /** @throws `TypeError` for a snapshot of another database: what it sees is not here. */
  static of(snapshot: AbstractSnapshot, engine: KeyValueEngine): EngineSnapshot {
    if (!(snapshot instanceof LsmSnapshot) || snapshot.#engine !== engine) {
      throw new TypeError("snapshot must be one of this database, as it was opened last");
    }
    return snapshot.#snapshot;
  }

  /** For the base class alone. */
  async _close(): Promise<void> {
    this.#snapshot.release();
  }
}
