import type { FileFormat, Folder } from "./file-format.js";
import { compareNames } from "./name-order.js";

/** Files in one directory that are called alike but for numbers, when one of them begins with a sound header. */
export interface Family {
  readonly format: FileFormat;
  /** The name of the last that begins so. */
  readonly lastBegun: string;
}

interface Names {
  readonly byShape: ReadonlyMap<string, readonly Folder["siblings"][number][]>;
  readonly known: Map<string, Family | undefined>;
}

const folders = new WeakMap<Folder, Names>();

/**
 * The family of a file, by its name: what a file without its beginning is, its neighbours say. Costs a look at the beginnings of
 * the files that are called alike, once for each way in which files of the directory are called.
 */
export function familyOf(name: string, folder: Folder, formats: readonly FileFormat[]): Family | undefined {
  const shape = shapeOf(name);
  if (shape === undefined) return undefined;
  const names = folders.get(folder) ?? namesOf(folder);
  folders.set(folder, names);
  if (names.known.has(shape)) return names.known.get(shape);
  let family: Family | undefined;
  for (const sibling of names.byShape.get(shape) ?? []) {
    const head = sibling.head();
    const format = formats.find((each) => each.isHeader(head));
    if (format !== undefined) family = { format: family?.format ?? format, lastBegun: sibling.name };
  }
  names.known.set(shape, family);
  return family;
}

/** True when no member of the family that was ever begun has a later name. */
export function isBehind(name: string, { lastBegun }: Family): boolean {
  return compareNames(Buffer.from(name), Buffer.from(lastBegun)) > 0;
}

/** A name with its numbers taken out, decimal or long and hexadecimal; undefined when it has none. */
function shapeOf(name: string): string | undefined {
  const shape = name.replace(/[0-9a-f]{8,}|[0-9]+/giu, "#");
  return shape === name ? undefined : shape;
}

function namesOf({ siblings }: Folder): Names {
  const byShape = new Map<string, Folder["siblings"][number][]>();
  for (const sibling of siblings) {
    const shape = shapeOf(sibling.name);
    if (shape === undefined) continue;
    const alike = byShape.get(shape);
    if (alike === undefined) byShape.set(shape, [sibling]);
    else alike.push(sibling);
  }
  return { byShape, known: new Map() };
}
