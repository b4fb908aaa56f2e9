import type { Row } from "./row.js";

/** What a part is told. */
export interface PartOptions {
  /** A look instead of a measurement: less work in fewer rounds. */
  readonly quick: boolean;
  /** The largest size too, where a part has one that takes minutes or gigabytes. */
  readonly full: boolean;
}

/** Rows that are measured together, in a process of their own: no part warms, pollutes or starves another. */
export interface Part {
  readonly name: string;
  measure(options: PartOptions): Row[] | Promise<Row[]>;
}

export interface Suite {
  readonly name: string;
  readonly parts: readonly Part[];
}
