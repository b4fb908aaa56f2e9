/** The checks on arguments that every reader and writer of this package makes in the same words. */

/** Throws a `RangeError` that names the option unless `value` is a whole number from `min` to `max`. */
export function checkWhole(value: number, name: string, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, not ${String(value)}`);
}

/** Throws a `TypeError` when `options` has a key that nobody reads: a misspelled option must not pass for its default. */
export function checkKeys(options: object, keys: readonly string[], what: string): void {
  for (const key of Object.keys(options)) {
    if (!keys.includes(key)) throw new TypeError(`${what}: unknown option ${JSON.stringify(key)}`);
  }
}

/** Throws a `TypeError` unless `bytes` is a Uint8Array: of anything else with a length only zeros would be kept. */
export function checkIsBytes(bytes: unknown, name: string): void {
  if (!(bytes instanceof Uint8Array)) throw new TypeError(`${name} must be a Uint8Array`);
}

/** The same of each that is not left out, by its name. */
export function checkAreBytes(each: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(each)) if (each[name] !== undefined) checkIsBytes(each[name], name);
}

/** Throws unless `bytes` is a Uint8Array of `length` bytes. */
export function checkBytes(bytes: Uint8Array, name: string, length: number): void {
  checkIsBytes(bytes, name);
  if (bytes.length !== length) throw new RangeError(`${name} must have ${length} bytes, not ${bytes.length}`);
}

/** Throws a `TypeError` unless these are an AbortSignal and a function, or left out. */
export function checkWatching(options: { readonly signal?: unknown; readonly onProgress?: unknown }): void {
  const { signal, onProgress } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal)) throw new TypeError("signal must be an AbortSignal");
  if (onProgress === undefined || typeof onProgress === "function") return;
  throw new TypeError("onProgress must be a function");
}
