import { EnvelopeReader, malformed } from "./envelope-reader.js";
import { EnvelopeWriter } from "./envelope-writer.js";
import { isFbatName } from "./fbat-names.js";

/**
 * The names of a segment's footer: one MessagePack array of strings, in the one spelling that the reference writes. Rows of the
 * footer name entities and scopes by their place in it.
 */

/**
 * Decodes the table that fills `bytes[start, end)` exactly.
 *
 * @param maxCount - a table that states more names is refused before any is decoded: each takes many times its bytes of memory.
 * @throws {@link CodecError} `CODEC_MALFORMED_ENVELOPE` with the offset in `bytes`, also for a name that no store may hold.
 */
export function decodeFbatNameTable(
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
  maxCount: number = Number.MAX_SAFE_INTEGER,
): readonly string[] {
  const reader = new EnvelopeReader(bytes, start, end);
  const count = reader.array("names"); // bounds nothing yet: the loop ends with the bytes
  if (count > maxCount) throw malformed("names", start);
  const names: string[] = [];
  for (let index = 0; index < count; index++) {
    const at = reader.at;
    const name = reader.text("names");
    if (!isFbatName(name)) throw malformed("names", at);
    names.push(name);
  }
  if (!reader.done) throw malformed("names", reader.at);
  return names;
}

/** Encodes the table. Throws a `RangeError` for a name that no store may hold. */
export function encodeFbatNameTable(names: readonly string[]): Uint8Array {
  const writer = new EnvelopeWriter();
  writer.array(names.length);
  for (const name of names) {
    if (!isFbatName(name)) throw new RangeError(`no entity or scope may be named ${JSON.stringify(name)}`);
    writer.text(name);
  }
  return writer.take();
}
