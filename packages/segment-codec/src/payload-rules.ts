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

/** Where a value lies: in what, and under which key or index of it. Text only once something is refused. */
interface Place {
  readonly outer: Place | undefined;
  readonly key: string | number;
}

/**
 * Throws unless `value` comes back equal after encoding and decoding.
 *
 * @throws {@link CodecError} `CODEC_PAYLOAD_REFUSED` with the path to the value in `field`.
 */
export function checkEncodable(value: unknown, depthLeft: number): void {
  checkValue(value, depthLeft, undefined, "$");
}

function checkValue(value: unknown, depthLeft: number, outer: Place | undefined, key: string | number): void {
  switch (typeof value) {
    case "number":
    case "boolean":
    case "undefined":
      return;
    case "string":
      if (loneSurrogate.test(value)) throw refused({ outer, key }, "a string with half a surrogate pair");
      return;
    case "bigint":
      if (value >= BIGINT_LIMIT || value < -BIGINT_LIMIT) throw refused({ outer, key }, "a bigint of over 8192 bits");
      return;
    case "object":
      if (value !== null) checkObject(value, depthLeft, { outer, key });
      return;
    case "function":
    case "symbol":
      throw refused({ outer, key }, `a ${typeof value}`);
  }
}

function checkObject(value: object, depthLeft: number, place: Place): void {
  if (depthLeft === 0) throw refused(place, "nested too deep, or in itself");
  if (Array.isArray(value)) return checkArray(value, depthLeft, place);
  if (ArrayBuffer.isView(value)) {
    if (!plainViews.has(value.constructor)) throw refused(place, `a ${value.constructor.name}`);
    return;
  }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw refused(place, "an invalid Date");
    if (Object.getPrototypeOf(value) !== Date.prototype) throw refused(place, "an instance of a class over Date");
    if (Reflect.ownKeys(value).length > 0) throw refused(place, "a Date with properties of its own");
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw refused(place, `an instance of ${value.constructor?.name ?? "a class"}`);
  }
  if (Object.getOwnPropertySymbols(value).length > 0) throw refused(place, "an object with a symbol among its keys");
  for (const key of Object.keys(value)) {
    if (key === "__proto__") throw refused({ outer: place, key }, "a key that would be taken for a prototype");
    if (loneSurrogate.test(key)) throw refused(place, "a key with half a surrogate pair");
    // What is computed could be something else when msgpackr reads it again, and was not there to come back.
    const property = Object.getOwnPropertyDescriptor(value, key);
    if (property === undefined || !("value" in property)) throw refused({ outer: place, key }, "a getter or setter");
    checkValue(property.value, depthLeft - 1, place, key);
  }
}

function checkArray(values: readonly unknown[], depthLeft: number, place: Place): void {
  if (Object.getPrototypeOf(values) !== Array.prototype) throw refused(place, "an instance of a class over Array");
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === undefined && !(index in values)) throw refused({ outer: place, key: index }, "a hole in an array");
    checkValue(value, depthLeft - 1, place, index);
  }
}

function refused(place: Place, what: string): CodecError {
  const field = textOf(place);
  return new CodecError("CODEC_PAYLOAD_REFUSED", `${field} is ${what}: it would not come back as it is`, { field });
}

function textOf({ outer, key }: Place): string {
  if (outer === undefined) return String(key);
  return `${textOf(outer)}${typeof key === "number" ? `[${key}]` : `.${key}`}`;
}
