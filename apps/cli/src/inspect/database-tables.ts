import { parseTableFileName, type ManifestState, type TableMeta } from "@holdfast/lsm-tree/format";
import type { Folder } from "./file-format.js";
import { hexOf } from "./line-json.js";
import type { KeyRange } from "./line.js";
import { readManifestOf, type ManifestReading } from "./manifest-reading.js";

/** The directory of the tables in that of a database. */
export const tablesDirectory = "tables";

/** What a table file is to its database. */
export type TablePlace =
  /** The manifest names it. */
  | { readonly kind: "named"; readonly table: TableMeta; readonly state: ManifestState }
  /** The manifest is whole, and does not name it: it is being written, or has to go. */
  | { readonly kind: "orphan" }
  /** There is no manifest, or none that says all. */
  | { readonly kind: "unknown" };

/**
 * The tables in a directory beside the manifest of their database. A writer adds and removes tables meanwhile, and a table is there before the
 * manifest names it and after: so the manifest is read behind the names of the files, and once more before a table is missed.
 */
export class DatabaseTables {
  static readonly #known = new WeakMap<Folder, DatabaseTables>();

  readonly #folder: Folder;
  readonly #home: Folder | undefined;
  #reading: { readonly found: ManifestReading | undefined } | undefined;
  #named: ReadonlyMap<number, TableMeta> | undefined;

  static of(folder: Folder): DatabaseTables {
    const known = DatabaseTables.#known.get(folder) ?? new DatabaseTables(folder);
    DatabaseTables.#known.set(folder, known);
    return known;
  }

  constructor(folder: Folder) {
    this.#folder = folder;
    this.#home = folder.name === tablesDirectory ? folder.parent?.() : undefined;
  }

  /** The manifest of the database, read behind the names in this directory; undefined where there is none. */
  get manifest(): ManifestReading | undefined {
    const home = this.#home;
    this.#reading ??= { found: home === undefined ? undefined : readManifestOf(home) };
    return this.#reading.found;
  }

  placeOf(tableNumber: number | undefined): TablePlace {
    const { state, fault } = this.manifest ?? {};
    if (state === undefined || tableNumber === undefined) return { kind: "unknown" };
    this.#named ??= new Map([...state.version.tables()].map((table) => [table.tableNumber, table]));
    const table = this.#named.get(tableNumber);
    if (table !== undefined) return { kind: "named", table, state };
    return { kind: fault === undefined ? "orphan" : "unknown" };
  }

  /** Tables that the manifest names and that are not there. */
  missing(): readonly TableMeta[] {
    const { state } = this.manifest ?? {};
    if (state === undefined || this.#home === undefined) return [];
    const suspects = [...state.version.tables()].filter(isAbsentIn(this.#folder));
    if (suspects.length === 0) return [];
    // Created between the names and the manifest, or removed since: only what is missed both times is missing.
    const fresh = this.#home.directory?.(tablesDirectory);
    const named = new Set([...(readManifestOf(this.#home)?.state ?? state).version.tables()].map(numberOf));
    const isAbsent = fresh === undefined ? () => true : isAbsentIn(fresh);
    return suspects.filter((table) => isAbsent(table) && named.has(table.tableNumber));
  }
}

function isAbsentIn({ siblings }: Folder): (table: TableMeta) => boolean {
  const found = new Set(siblings.map(({ name }) => parseTableFileName(name)));
  return ({ tableNumber }) => !found.has(tableNumber);
}

function numberOf({ tableNumber }: TableMeta): number {
  return tableNumber;
}

/** All keys of a table. */
export function keysOf({ smallest, largest }: TableMeta): KeyRange {
  return { keysFrom: hexOf(smallest), keysUpTo: hexOf(largest) };
}
