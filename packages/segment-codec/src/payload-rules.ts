import { CodecError } from "./codec-error.js";

/**
 * Which values may become payloads. What msgpackr would change in silence, a Map into an object, a class instance into its
 * fields, half a surrogate pair into other text, is refused here by name, before a byte is written.
 */

/** Half a surrogate pair: in a pattern with the flag u, whole pairs are one character and do not match. */
const loneSurrogate = /\p{Surrogate}/u;

/** Views that come back as what they were; a Buffer as the Uint8Array that it is. */
const plainViews: ReadonlySet<unknown> = new Set([
  Uint8Array,
  Buffer,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]);

/** Bits of the largest bigint that is stored, sign included: the reader would otherwise compute without a bound. */
export const MAX_BIGINT_BITS = 8192;
const BIGINT_LIMIT = 1n << BigInt(MAX_BIGINT_BITS - 1);

/**
 * Throws unless `value` comes back equal after encoding and decoding.
 *
 * @throws {@link CodecError} `CODEC_PAYLOAD_REFUSED` with the path to the value in `field`.
 */
export function checkEncodable(value: unknown, depthLeft: number): void {
  try {
    checkValue(value, depthLeft, "");
  } catch (error) {
    checkValue(value, depthLeft, "$"); // refused, so once more with the path
    throw error;
  }
}

/** @param path - to the value; none is put together below an empty one, which is what costs the time. */
function checkValue(value: unknown, depthLeft: number, path: string): void {
  if (typeof value === "string") {
    if (loneSurrogate.test(value)) throw refused(path, "a string with half a surrogate pair");
  } else if (typeof value === "bigint") {
    if (value >= BIGINT_LIMIT || value < -BIGINT_LIMIT) throw refused(path, "a bigint of over 8192 bits");
  } else if (typeof value === "object") {
    if (value !== null) checkObject(value, depthLeft, path);
  } else if (typeof value === "function" || typeof value === "symbol") {
    throw refused(path, `a ${typeof value}`);
  }
}

function checkObject(value: object, depthLeft: number, path: string): void {
  if (depthLeft === 0) throw refused(path, "nested too deep, or in itself");
  const prototype: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) {
    if (prototype !== Array.prototype) throw refused(path, "an instance of a class over Array");
    return checkArray(value, depthLeft, path);
  }
  if (ArrayBuffer.isView(value)) {
    if (!plainViews.has(value.constructor)) throw refused(path, `a ${value.constructor.name}`);
    return;
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused(path, "an invalid Date");
    if (prototype !== Date.prototype) throw refused(path, "an instance of a class over Date");
    if (Reflect.ownKeys(value).length > 0) throw refused(path, "a Date with properties");
    return;
  }
  if (prototype !== Object.prototype && prototype !== null) {
    throw refused(path, `an instance of ${value.constructor?.name ?? "a class"}`);
  }
  if (Object.getOwnPropertySymbols(value).length > 0) throw refused(path, "an object with a symbol as key");
  for (const key of Object.keys(value)) {
    if (key === "__proto__") throw refused(`${path}.__proto__`, "a key that would be taken for a prototype");
    if (loneSurrogate.test(key)) throw refused(path, "a key with half a surrogate pair");
    // What is computed could be something else when msgpackr reads it again, and was not there to come back.
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property === undefined || !("value" in property)) throw refused(`${path}.${key}`, "a getter or setter");
    checkValue(property.value, depthLeft - 1, path && `${path}.${key}`);
  }
}

function checkArray(values: readonly unknown[], depthLeft: number, path: string): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === undefined && !(index in values)) throw refused(`${path}[${index}]`, "a hole in an array");
    checkValue(value, depthLeft - 1, path && `${path}[${index}]`);
  }
}

function refused(field: string, what: string): CodecError {
  return new CodecError("CODEC_PAYLOAD_REFUSED", `${field} is ${what}: it would not come back as it is`, { field });
}
