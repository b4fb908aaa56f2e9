import type { Line, LineValue } from "./line.js";
import { escapedJson, quoted } from "./safe-text.js";
import { StoredJson } from "./stored-json.js";

/** A payload may have 256 MiB, whose hex is longer than any string may be: it is handed on in parts. */
const partLength = 0x4000;

/** One JSON object on one line, in parts of bounded length; together they end in a newline. */
export function* jsonParts(file: string, line: Line): Generator<string, void, undefined> {
  const { kind, offset, length, fields } = line;
  let text = `{"file":${quoted(file)},"offset":${offset},"length":${length},"kind":"${kind}"`;
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) continue;
    text += `,"${name}":`;
    if (isShort(value)) {
      text += shortJson(value);
      continue;
    }
    yield text;
    yield* longParts(value);
    text = "";
  }
  yield `${text}}\n`;
}

function isShort(value: LineValue): boolean {
  if (value === null || (typeof value !== "object" && typeof value !== "string")) return true;
  if (typeof value === "string" || value instanceof Uint8Array) return value.length <= partLength;
  if (value instanceof StoredJson) return value.bytes.length <= partLength;
  return entriesOf(value).reduce((sum, [name, bytes]) => sum + name.length + bytes.length, 0) <= partLength;
}

function shortJson(value: LineValue): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value === "bigint") return `"${value}"`;
  if (value === null || typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return `"${hexOf(value)}"`;
  if (value instanceof StoredJson) return escapedJson(value.text());
  return `{${entriesOf(value)
    .map(([name, bytes]) => `${quoted(name)}:"${hexOf(bytes)}"`)
    .join(",")}}`;
}

function* longParts(value: LineValue): Generator<string, void, undefined> {
  if (typeof value === "string") yield* textParts(value);
  else if (value instanceof Uint8Array) yield* hexParts(value);
  else if (value instanceof StoredJson) yield* jsonTextParts(value.text());
  else {
    let before = "{";
    for (const [name, bytes] of entriesOf(value)) {
      yield before;
      yield* textParts(name);
      yield ":";
      yield* hexParts(bytes);
      before = ",";
    }
    yield "}";
  }
}

function* hexParts(bytes: Uint8Array): Generator<string, void, undefined> {
  yield '"';
  for (let from = 0; from < bytes.length; from += partLength) yield hexOf(bytes.subarray(from, from + partLength));
  yield '"';
}

function* textParts(text: string): Generator<string, void, undefined> {
  yield '"';
  for (let from = 0; from < text.length; from += partLength) {
    // A pair of surrogates that is cut in two comes out as two numbers, which JSON reads as the pair.
    yield quoted(text.slice(from, from + partLength)).slice(1, -1);
  }
  yield '"';
}

/** JSON has such characters in strings alone, where their numbers say the same. */
function* jsonTextParts(text: string): Generator<string, void, undefined> {
  for (let from = 0; from < text.length; from += partLength) yield escapedJson(text.slice(from, from + partLength));
}

function entriesOf(value: LineValue): readonly (readonly [string, Uint8Array])[] {
  if (value instanceof Map) return [...(value as ReadonlyMap<string, Uint8Array>)];
  return Object.entries(value as Readonly<Record<string, Uint8Array>>); // nothing else is left of the type
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
