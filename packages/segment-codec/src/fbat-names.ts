/** Which names the reference accepts when it writes: entities, scopes and keys of receipt extensions. */

const MAX_NAME_BYTES = 1024;
const MAX_KEY_BYTES = 256;
const utf8 = new TextEncoder();

/** Throws a `RangeError` unless both names may be written: 1 to 1024 bytes, no control characters, none of `/`, `..`, `|`, `=`. */
export function checkFbatCoordinate(entity: string, scope: string): void {
  const complaint = explain(entity, "entity") ?? explain(scope, "scope");
  if (complaint !== undefined) throw new RangeError(complaint);
}

/** True when a stored name is one that the reference could have written; it refuses to open a store with any other. */
export function isFbatName(name: string): boolean {
  return explain(name, "name") === undefined;
}

function explain(name: string, what: string): string | undefined {
  if (typeof name !== "string" || name === "") return `${what} must be a string of 1 to ${MAX_NAME_BYTES} bytes`;
  if (/\p{Surrogate}/u.test(name)) return `${what} has half a surrogate pair`;
  // A unit of UTF-16 takes three bytes of UTF-8 at most, so only long names have to be encoded to be measured.
  const long = 3 * name.length > MAX_NAME_BYTES && utf8.encode(name).length > MAX_NAME_BYTES;
  if (long) return `${what} must have at most ${MAX_NAME_BYTES} bytes`;
  if (/[\u0000-\u001f\u007f]/.test(name)) return `${what} has a control character`;
  if (name.includes("/") || name.includes("..")) return `${what} looks like a path`;
  return name.includes("|") || name.includes("=") ? `${what} has a separator, | or =` : undefined;
}

/** The two keys of the store's own that frames may hold. */
const ownKeys: ReadonlySet<string> = new Set(["batpak.signing.downgrade", "batpak.import.provenance"]);

/** Throws a `RangeError` unless every key is `prefix.name` in ASCII, at most 256 bytes, and not under the store's own
 * prefix `batpak`, of which two keys are known. */
export function checkFbatExtensions(extensions: ReadonlyMap<string, Uint8Array>): void {
  for (const key of extensions.keys()) {
    if (ownKeys.has(key)) continue;
    const [prefix, name, ...more] = key.split(".");
    const ascii = /^[\u0000-\u007f]*$/.test(key);
    const parts = prefix !== undefined && prefix !== "" && name !== undefined && name !== "" && more.length === 0;
    if (ascii && parts && key.length <= MAX_KEY_BYTES && prefix !== "batpak") continue;
    throw new RangeError(
      `extension key ${JSON.stringify(key)} must be prefix.name in ASCII, at most 256 bytes, not batpak.*`,
    );
  }
}

/** Order of the keys of receipt extensions: by their bytes in UTF-8. Negative when `one` comes first. */
export function compareBytes(one: Uint8Array, other: Uint8Array): number {
  const shared = Math.min(one.length, other.length);
  for (let index = 0; index < shared; index++) {
    const difference = one[index]! - other[index]!; // index is below both lengths
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}
