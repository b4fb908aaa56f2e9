import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

/** Checks on arguments, with the codes of Node's own errors. All throw `TypeError` or `RangeError`. */

function coded<E extends Error>(error: E, code: string): E {
  return Object.assign(error, { code });
}

function typeName(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value === "object") return `an instance of ${value.constructor?.name ?? "Object"}`;
  return `type ${typeof value} (${inspect(value)})`;
}

export function invalidType(name: string, expected: string, value: unknown): TypeError {
  const kind = name.includes(".") ? "property" : "argument";
  const message = `The "${name}" ${kind} must be ${expected}. Received ${typeName(value)}`;
  return coded(new TypeError(message), "ERR_INVALID_ARG_TYPE");
}

export function invalidValue(name: string, value: unknown, why = "is invalid"): TypeError {
  return coded(new TypeError(`The argument '${name}' ${why}. Received ${inspect(value)}`), "ERR_INVALID_ARG_VALUE");
}

function outOfRange(name: string, range: string, value: unknown): RangeError {
  const message = `The value of "${name}" is out of range. It must be ${range}. Received ${inspect(value)}`;
  return coded(new RangeError(message), "ERR_OUT_OF_RANGE");
}

/** A path as text. */
export function pathText(value: unknown, name = "path"): string {
  const text =
    value instanceof URL ? fileURLToPath(value) : value instanceof Uint8Array ? Buffer.from(value).toString() : value;
  if (typeof text !== "string") throw invalidType(name, "of type string or an instance of Buffer or URL", value);
  if (text.includes("\0")) throw invalidValue(name, text, "must be a string, Uint8Array, or URL without null bytes");
  return text;
}

export type Callback = (error: unknown, ...results: unknown[]) => void;

/** The callback: the last argument. */
export function callbackOf(value: unknown): Callback {
  if (typeof value === "function") return value as Callback; // its parameters are what Node documents
  throw invalidType("cb", "of type function", value);
}

export function wholeNumber(value: unknown, name: string, least: number, most: number): number {
  if (typeof value !== "number") throw invalidType(name, "of type number", value);
  if (!Number.isInteger(value)) throw outOfRange(name, "an integer", value);
  if (value < least || value > most) throw outOfRange(name, `>= ${least} && <= ${most}`, value);
  return value;
}

export function descriptor(value: unknown): number {
  return wholeNumber(value, "fd", 0, 2 ** 31 - 1);
}

/** A length to cut a file to. */
export function lengthOf(value: unknown): number {
  if (value === undefined || value === null) return 0;
  return Math.max(wholeNumber(value, "len", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER), 0);
}

/** Permission bits, as a number or as octal text. */
export function modeBits(value: unknown, name: string, missing: number): number {
  if (value === undefined || value === null) return missing;
  if (typeof value === "string") {
    if (!/^[0-7]+$/.test(value)) {
      throw invalidValue(name, value, "must be a 32-bit unsigned integer or an octal string");
    }
    return Number.parseInt(value, 8);
  }
  return wholeNumber(value, name, 0, 2 ** 32 - 1);
}

/** Seconds since 1970 as milliseconds. */
export function timeMs(value: unknown, name: string): number {
  if (value instanceof Date) return value.getTime();
  const seconds = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof seconds === "number" && Number.isFinite(seconds)) return seconds * 1000;
  throw invalidType(name, "of type number or string or an instance of Date", value);
}

export function ownerId(value: unknown, name: string): number {
  return wholeNumber(value, name, -1, 2 ** 32 - 1);
}

/** An options argument that may also be just the encoding. */
export function optionsOf<T extends object>(value: unknown, defaults: T): T {
  if (value === undefined || value === null || typeof value === "function") return defaults;
  if (typeof value === "string") return { ...defaults, encoding: encodingOf(value) };
  if (typeof value !== "object") throw invalidType("options", "of type string or an instance of Object", value);
  const options: T = { ...defaults, ...value };
  if ("encoding" in options) encodingOf(options.encoding);
  return options;
}

function encodingOf(value: unknown): unknown {
  if (value === undefined || value === null || value === "buffer") return value;
  if (typeof value === "string" && Buffer.isEncoding(value)) return value;
  throw invalidValue("encoding", value, "is invalid encoding");
}

export function flag(value: unknown, name: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw invalidType(name, "of type boolean", value);
  return value;
}

/** Bytes of a view, borrowed. */
function viewBytes(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Bytes to write: text in its encoding, or a view, borrowed. */
export function bytesOf(data: unknown, encoding: unknown, name = "data"): Uint8Array {
  if (typeof data === "string") return Buffer.from(data, (encoding ?? "utf8") as BufferEncoding); // checked by optionsOf
  if (ArrayBuffer.isView(data)) return viewBytes(data);
  throw invalidType(name, "of type string or an instance of Buffer, TypedArray, or DataView", data);
}

/** A target or source buffer. */
export function bufferOf(value: unknown): Uint8Array {
  if (!ArrayBuffer.isView(value)) throw invalidType("buffer", "an instance of Buffer, TypedArray, or DataView", value);
  return viewBytes(value);
}

export function buffersOf(value: unknown): Uint8Array[] {
  if (!Array.isArray(value) || !value.every((each) => ArrayBuffer.isView(each))) {
    throw invalidType("buffers", "an instance of ArrayBufferView[]", value);
  }
  return value.map(viewBytes);
}

/** A place in a file: undefined for "where the descriptor stands". */
export function positionOf(value: unknown): number | undefined {
  if (value === undefined || value === null || value === -1 || value === -1n) return undefined;
  if (typeof value === "bigint") {
    if (value < -1n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw outOfRange("position", ">= -1 && <= 2 ** 53 - 1", value);
    }
    return Number(value);
  }
  return wholeNumber(value, "position", -1, Number.MAX_SAFE_INTEGER);
}

/** The part of a buffer that a call is about. */
export function partOf(bytes: Uint8Array, offset: unknown, length: unknown): Uint8Array {
  const start = offset === undefined || offset === null ? 0 : wholeNumber(offset, "offset", 0, Number.MAX_SAFE_INTEGER);
  if (start > bytes.length) throw outOfRange("offset", `<= ${bytes.length}`, start);
  const most = bytes.length - start;
  const count =
    length === undefined || length === null
      ? most
      : wholeNumber(length, "length", Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  if (count > most) throw outOfRange("length", `<= ${most}`, count);
  if (count < 0) throw outOfRange("length", ">= 0", count);
  return bytes.subarray(start, start + count);
}

interface Signal {
  readonly aborted: boolean;
  readonly reason: unknown;
}

/** Throws Node's AbortError when `signal` has been aborted. */
export function checkSignal(signal: unknown): void {
  if (signal === undefined) return;
  if (typeof signal !== "object" || signal === null || !("aborted" in signal)) {
    throw invalidType("options.signal", "an instance of AbortSignal", signal);
  }
  const { aborted, reason } = signal as Signal; // whatever has `aborted` counts, as in Node
  if (!aborted) return;
  const error = coded(new Error("The operation was aborted", { cause: reason }), "ABORT_ERR");
  error.name = "AbortError";
  throw error;
}
