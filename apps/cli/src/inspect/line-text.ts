import type { Paint } from "../terminal.js";
import { hexOf } from "./line-json.js";
import { isDamage, type Line, type LineValue } from "./line.js";
import { escapedJson, quoted, sentence, shown } from "./safe-text.js";
import { StoredJson } from "./stored-json.js";

/** A dump for people: one line a line, columns first, then the fields by name. Long bytes are cut; `--json` has them whole. */

const shownBytes = 32;
const shownChars = 200;

export function dumpText(line: Line, paint: Paint): string {
  const { kind, offset, length, fields } = line;
  const columns = `${String(offset).padStart(12)} ${String(length).padStart(10)}  ${kind.padEnd(14)}`;
  if (isDamage(line)) {
    const { verdict, code, reason } = line.fields;
    return paint.bad(`${columns}  ${verdict}, ${code}: ${sentence(reason)}`);
  }
  const texts = Object.entries(fields).flatMap(([name, value]) =>
    value === null ? [] : [`${name}=${valueText(value)}`],
  );
  return `${columns}  ${texts.join(" ")}`.trimEnd();
}

/** A value in at most a few dozen characters a part, none of which acts on a terminal. */
export function valueText(value: LineValue): string {
  if (typeof value === "string") return cut(value);
  if (value === null || typeof value !== "object") return String(value);
  if (value instanceof Uint8Array) return bytesText(value);
  if (value instanceof StoredJson) return jsonText(value.text());
  const entries = (value instanceof Map ? [...value.entries()] : Object.entries(value)) as (readonly [
    string,
    Uint8Array,
  ])[];
  return `{${entries.map(([name, bytes]) => `${cut(name)}: ${bytesText(bytes)}`).join(", ")}}`;
}

function cut(text: string): string {
  return text.length <= shownChars ? shown(text) : `${quoted(text.slice(0, shownChars))}...(${text.length} characters)`;
}

function jsonText(text: string): string {
  return text.length <= shownChars
    ? escapedJson(text)
    : `${escapedJson(text.slice(0, shownChars))}...(${text.length} characters)`;
}

function bytesText(bytes: Uint8Array): string {
  if (bytes.length <= shownBytes) return bytes.length === 0 ? "-" : hexOf(bytes);
  return `${hexOf(bytes.subarray(0, shownBytes))}...(${bytes.length} bytes)`;
}
