import type { Row } from "./row.js";
import type { Curve } from "./run-document.js";

/** What a part is told. */
export interface PartOptions {
  /** A look instead of a measurement: less work in fewer rounds. */
  readonly quick: boolean;
  /** The sizes of the committed results, where they take longer than a usual run should. */
  readonly full: boolean;
  /** Besides, what takes gigabytes and many minutes. */
  readonly huge: boolean;
  /** Also beside the crates that the packages are measured against, where they can be built. */
  readonly reference: boolean;
}

/** What a part gives that has curves besides rows. */
export interface Measured {
  readonly rows: readonly Row[];
  readonly curves: readonly Curve[];
}

/** Rows that are measured together, in a process of their own: no part warms, pollutes or starves another. */
export interface Part {
  readonly name: string;
  /** Has rows with `reference` alone, and is left out without. */
  readonly isReference?: true;
  measure(options: PartOptions): readonly Row[] | Measured | Promise<readonly Row[] | Measured>;
}

export interface Suite {
  readonly name: string;
  readonly parts: readonly Part[];
}

/** What a part gave, with curves or without. */
export function measuredOf(given: readonly Row[] | Measured): Measured {
  return "rows" in given ? given : { rows: given, curves: [] };
}
