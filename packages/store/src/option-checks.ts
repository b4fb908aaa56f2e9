import { StoreError } from "./store-error.js";

/** What every public function asks of its arguments, before it does anything. All of it throws `STORE_INVALID_OPTION` naming the field. */

/** An error for an option that is refused. */
export function refused(field: string, why: string): StoreError {
  return new StoreError("STORE_INVALID_OPTION", `option ${field} ${why}`, { field });
}

/** Refuses `field` unless the condition holds. */
export function need(holds: boolean, field: string, why: string): asserts holds {
  if (!holds) throw refused(field, why);
}

/** Refuses what is no object, and whatever it has besides the known keys. */
export function checkOptions(options: object, known: readonly string[], what: string): void {
  if (typeof options !== "object" || options === null) {
    throw new StoreError("STORE_INVALID_OPTION", `${what} takes an object with options`);
  }
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) throw refused(unknown, `is no option of ${what}`);
}

/** Refuses what is no whole number from 0 on. */
export function checkCount(field: string, value: number): void {
  if (!(Number.isSafeInteger(value) && value >= 0)) {
    throw refused(field, `must be a whole number from 0 on, not ${String(value)}`);
  }
}

export function checkSignal(signal: unknown): void {
  need(signal === undefined || signal instanceof AbortSignal, "signal", "must be an AbortSignal");
}

/** Refuses what could not end long work, or hear of it. */
export function checkWatching({
  signal,
  onProgress,
}: {
  readonly signal?: unknown;
  readonly onProgress?: unknown;
}): void {
  checkSignal(signal);
  need(onProgress === undefined || typeof onProgress === "function", "onProgress", "must be a function");
}

/** Refuses what `region` has not made. */
export function checkRegion(region: { readonly identity: string }): void {
  need(typeof region?.identity === "string", "region", "must be one that region() has made");
}

/** Refuses what is neither a store nor a reader of one; whether it is open is not asked. */
export function checkSource(store: { readonly whenBeyond: unknown }): void {
  need(typeof store?.whenBeyond === "function", "store", "must be a store or a reader of one");
}

/** Refuses what is no store that was opened for writing. */
export function checkWriter(store: { readonly writeStaged: unknown }): void {
  need(typeof store?.writeStaged === "function", "store", "must be a store that is open for writing");
}

export function checkDirectory(field: string, directory: { readonly list: unknown }): void {
  need(typeof directory?.list === "function", field, "must be a Directory of @holdfast/fs-seam");
}
