import { isFsError } from "@holdfast/fs-seam";
import type { TableStore } from "./engine-contract.js";
import type { Version } from "./version.js";

/** Keeps a version, and so the files of all its tables. */
export interface VersionPin {
  readonly version: Version;
  /** Idempotent. */
  release(): void;
}

/**
 * The version that counts, and those that somebody still reads. A table's file is removed once no version that is kept names it, and
 * not before the edit that removes it is durable: whoever installs a version says so.
 *
 * What a crash leaves: tables whose removing edit is durable and whose files are there. They are orphans, for the next open.
 */
export class VersionSet {
  #current: Version;
  readonly #tables: Pick<TableStore, "remove">;
  readonly #pins = new Map<Version, number>();
  /** Tables that a durable edit has removed, and that some version may still name. */
  readonly #obsolete = new Set<number>();
  #isFrozen = false;
  #removalFailures = 0;

  constructor(current: Version, tables: Pick<TableStore, "remove">) {
    this.#current = current;
    this.#tables = tables;
  }

  get current(): Version {
    return this.#current;
  }

  /** How many files could not be removed, and stay for the next open. */
  get removalFailures(): number {
    return this.#removalFailures;
  }

  /** Tables that are gone but for those who still read them. */
  get obsoleteCount(): number {
    return this.#obsolete.size;
  }

  /** Whether somebody keeps a version. */
  get isPinned(): boolean {
    return this.#pins.size > 0;
  }

  pin(version: Version = this.#current): VersionPin {
    this.#pins.set(version, (this.#pins.get(version) ?? 0) + 1);
    let isReleased = false;
    return {
      version,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#unpin(version);
      },
    };
  }

  /** Puts another version in the place of the current one. Its edit need not be durable: nothing is removed for it. */
  show(version: Version): void {
    this.#current = version;
  }

  /** These tables were removed by an edit that is durable: their files may go as soon as nobody reads them. */
  retire(tableNumbers: Iterable<number>): void {
    for (const tableNumber of tableNumbers) this.#obsolete.add(tableNumber);
    this.#sweep();
  }

  /** From here on no file is removed: an edit is in doubt, and the next open decides what it names. */
  freeze(): void {
    this.#isFrozen = true;
  }

  #unpin(version: Version): void {
    const count = (this.#pins.get(version) ?? 1) - 1;
    if (count > 0) {
      this.#pins.set(version, count);
      return;
    }
    this.#pins.delete(version);
    this.#sweep();
  }

  #sweep(): void {
    if (this.#obsolete.size === 0 || this.#isFrozen) return;
    const named = new Set<number>();
    for (const version of [this.#current, ...this.#pins.keys()]) {
      for (const { tableNumber } of version.tables()) named.add(tableNumber);
    }
    for (const tableNumber of this.#obsolete) {
      if (named.has(tableNumber)) continue;
      this.#obsolete.delete(tableNumber);
      this.#remove(tableNumber);
    }
  }

  #remove(tableNumber: number): void {
    try {
      this.#tables.remove(tableNumber);
    } catch (error) {
      if (!isFsError(error)) throw error;
      this.#removalFailures += 1; // an orphan like any that a crash leaves
    }
  }
}
