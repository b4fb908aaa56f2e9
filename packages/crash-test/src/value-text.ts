import { CrashTestError } from "./crash-test-error.js";

/**
 * A text that is equal for equal values: plain data, typed arrays, maps, sets and dates, keys of objects in order. Throws
 * `CRASH_TEST_INVALID_OPTION` for a value that cannot be compared, a function or an object with private state.
 */
export function valueText(value: unknown): string {
  return textOf(value, []);
}

/** Whether two values have one {@link valueText}. */
export function sameValue(a: unknown, b: unknown): boolean {
  return valueText(a) === valueText(b);
}

function textOf(value: unknown, above: readonly unknown[]): string {
  switch (typeof value) {
    case "undefined":
    case "boolean":
      return String(value);
    case "number":
      return Object.is(value, -0) ? "-0" : String(value);
    case "bigint":
      return `${value}n`;
    case "string":
      return JSON.stringify(value);
    case "object":
      return value === null ? "null" : objectText(value, above);
    default:
      return refuse(`a ${typeof value}`);
  }
}

function objectText(value: object, above: readonly unknown[]): string {
  if (above.includes(value)) return refuse("an object that contains itself");
  const inside = [...above, value];
  if (Array.isArray(value)) return `[${value.map((each: unknown) => textOf(each, inside)).join()}]`;
  if (value instanceof Uint8Array) return `bytes(${Buffer.from(value).toString("base64")})`;
  if (value instanceof Date) return `date(${value.getTime()})`;
  if (value instanceof Map) {
    const entries = [...value].map(([key, each]) => `${textOf(key, inside)}=>${textOf(each, inside)}`);
    return `map{${entries.sort().join()}}`;
  }
  if (value instanceof Set) {
    return `set{${[...value]
      .map((each) => textOf(each, inside))
      .sort()
      .join()}}`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return refuse(`an object of ${value.constructor.name}`);
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  const texts = entries.map(([key, each]) => `${JSON.stringify(key)}:${textOf(each, inside)}`);
  return `{${texts.sort().join()}}`;
}

function refuse(what: string): never {
  throw new CrashTestError("CRASH_TEST_INVALID_OPTION", `recovered values are compared, and ${what} cannot be`);
}

/** Short enough for a message. */
export function shortText(value: unknown): string {
  let text: string;
  try {
    text = valueText(value);
  } catch {
    text = String(value);
  }
  return text.length > 60 ? `${text.slice(0, 60)}... (${text.length})` : text;
}
