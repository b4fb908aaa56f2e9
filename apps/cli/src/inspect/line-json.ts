import type { Line, LineValue } from "./line.js";
import { quoted } from "./safe-text.js";

/** A payload may have 256 MiB, whose hex is longer than any string may be: it is handed on in parts. */
const hexChunkBytes = 0x8000;

/** One JSON object on one line, in parts of bounded length; together they end in a newline. */
export function* jsonParts(file: string, line: Line): Generator<string, void, undefined> {
  const { kind, offset, length, fields } = line;
  yield `{"file":${quoted(file)},"offset":${offset},"length":${length},"kind":${quoted(kind)}`;
  for (const [name, value] of Object.entries(fields)) {
    yield `,${quoted(name)}:`;
    yield* valueParts(value);
  }
  yield "}\n";
}

function* valueParts(value: LineValue): Generator<string, void, undefined> {
  if (typeof value === "string") yield quoted(value);
  else if (typeof value === "bigint") yield `"${value}"`;
  else if (value === null || typeof value !== "object") yield String(value);
  else if (value instanceof Uint8Array) yield* hexParts(value);
  else {
    const entries = value instanceof Map ? value.entries() : Object.entries(value);
    let before = "{";
    for (const [name, bytes] of entries as Iterable<readonly [string, Uint8Array]>) {
      yield `${before}${quoted(name)}:`;
      yield* hexParts(bytes);
      before = ",";
    }
    yield before === "{" ? "{}" : "}";
  }
}

function* hexParts(bytes: Uint8Array): Generator<string, void, undefined> {
  yield '"';
  for (let from = 0; from < bytes.length; from += hexChunkBytes) yield hexOf(bytes.subarray(from, from + hexChunkBytes));
  yield '"';
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
