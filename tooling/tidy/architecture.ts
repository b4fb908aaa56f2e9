// What ARCHITECTURE.md may say: maps of source files that are there, and the layers that are enforced.
import type { TextFile } from "./repository.ts";
import type { Complaints } from "./rules.ts";

/** The section `## <name>` that speaks of a directory of `packages` or `apps`, and where it begins. */
interface Section {
  readonly directory: string;
  readonly body: string;
  readonly firstLine: number;
}

function sectionsOf({ text }: TextFile, directories: readonly string[]): readonly Section[] {
  return [...text.matchAll(/^## (.+)\n([\s\S]*?)(?=^## |(?![\s\S]))/gm)].flatMap((match) => {
    const heading = match[1] ?? "";
    const directory = directories.find((each) => each === heading || each === `packages/${heading}`);
    const firstLine = text.slice(0, match.index).split("\n").length + 1;
    return directory === undefined ? [] : [{ directory, body: match[2] ?? "", firstLine }];
  });
}

interface MapCell {
  readonly names: string;
  readonly line: number;
}

/**
 * The names on the maps of a section: fenced blocks without a line that is drawn. Two spaces or more part the cells of a row, and names
 * and words take turns.
 */
function mapCells({ body, firstLine }: Section): readonly MapCell[] {
  return [...body.matchAll(/^```\n([\s\S]*?)^```$/gm)].flatMap((block) => {
    const rows = (block[1] ?? "").split("\n");
    if (rows.some((row) => /[─│└┘┌┐├┤►▼]/.test(row))) return [];
    const blockLine = firstLine + body.slice(0, block.index).split("\n").length;
    return rows.flatMap((row, index) =>
      row
        .trim()
        .split(/\s{2,}/)
        .filter((cell, place) => cell !== "" && place % 2 === 0)
        .map((names) => ({ names, line: blockLine + index })),
    );
  });
}

/** Files by the path that a map gives them, `sstable/table-index`, or by the last part of it where the row has the directory. */
function isSourceFile(sources: readonly string[], name: string): boolean {
  if (name.endsWith("-*")) return sources.some((source) => source.startsWith(name.slice(0, -1)));
  return sources.some((source) => source === name || source.endsWith(`/${name}`));
}

/** Every name on a map is a file, every file in quotation marks is one, and every directory of sources is on a map. */
export function architectureFiles(
  file: TextFile,
  directories: readonly string[],
  sourcePaths: readonly string[],
): Complaints {
  const sections = sectionsOf(file, directories);
  const unmapped = directories
    .filter((directory) => !sections.some((section) => section.directory === directory))
    .map((directory) => `${file.path}: no section on ${directory}`);
  const found = sections.flatMap((section) => {
    const { directory, body } = section;
    const root = `${directory}/src/`;
    const sources = sourcePaths
      .filter((path) => path.startsWith(root))
      .map((path) => path.slice(root.length).replace(/\.ts$/, ""));
    const cells = mapCells(section);
    const strangers = cells.flatMap(({ names, line }) =>
      names
        .split(/,\s*/)
        .filter((name) => !isSourceFile(sources, name))
        .map((name) => `${file.path}:${line}: "${name}" is no source file of ${directory}`),
    );
    const quoted = [...body.matchAll(/`([a-z0-9/-]+)\.ts`/g)]
      .map((match) => match[1] ?? "")
      .filter((name) => !isSourceFile(sources, name))
      .map((name) => `${file.path}: "${name}.ts" is no source file of ${directory}`);
    const rooms = new Set(sources.filter((source) => source.includes("/")).map((source) => source.split("/")[0] ?? ""));
    const named = `${cells.map(({ names }) => names).join(" ")} ${body}`;
    const silent = [...rooms]
      .filter((room) => !new RegExp(`(^|[ /])${room}/|src/${room}\\b`).test(named))
      .map((room) => `${file.path}: nothing on ${root}${room}`);
    return [...strangers, ...quoted, ...silent];
  });
  return [...unmapped, ...found];
}

/** The table of who may import whom says of our packages what the layer check lets them. */
export function architectureLayers(
  { path, text }: TextFile,
  layers: Readonly<Record<string, readonly string[]>>,
): Complaints {
  return Object.entries(layers).flatMap(([name, allowed]) => {
    const row = text.split("\n").find((line) => line.startsWith(`| \`${name}\` |`));
    if (row === undefined) return [`${path}: the table of layers lacks ${name}`];
    const stated = [...(row.split("|")[2] ?? "").matchAll(/`([a-z-]+)`/g)]
      .map((match) => match[1] ?? "")
      .filter((each) => Object.hasOwn(layers, each));
    const isSame = stated.toSorted().join() === allowed.toSorted().join();
    return isSame ? [] : [`${path}: ${name} may import ${allowed.join(", ") || "nothing"}, not ${stated.join(", ")}`];
  });
}
