import type { AbstractSnapshot } from "abstract-level";
import type { Encoded, EncodedFormat } from "./encoded-data.js";
import type { LsmOpenOptions } from "./level-methods.js";
import type { DurabilityOptions } from "./level-options.js";

/** What the base class calls an `LsmLevel` with: keys, values and bounds are encoded, and what it has defaults for is there. */

/** Options of `open`. */
export interface OpenSettings extends LsmOpenOptions {
  readonly createIfMissing: boolean;
  readonly errorIfExists: boolean;
}

/** Options of what reads keys. */
export interface EncodedReadOptions {
  readonly signal?: AbortSignal | null | undefined;
  readonly valueEncoding?: EncodedFormat;
  readonly snapshot?: AbstractSnapshot | null | undefined;
  readonly fillCache?: boolean | undefined;
}

/** Options of what reads or clears a range. */
export interface EncodedRangeOptions extends EncodedReadOptions {
  readonly keyEncoding?: EncodedFormat;
  readonly gt?: Encoded | undefined;
  readonly gte?: Encoded | undefined;
  readonly lt?: Encoded | undefined;
  readonly lte?: Encoded | undefined;
  readonly reverse: boolean;
  /** -1 for none. */
  readonly limit: number;
  readonly keys?: boolean;
  readonly values?: boolean;
}

/** An operation of a batch. */
export interface EncodedOperation extends DurabilityOptions {
  readonly type: "put" | "del";
  readonly key: Encoded;
  readonly value?: Encoded;
}
