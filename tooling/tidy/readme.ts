// What a package README must hold, and the parts of it that are executed.
import { dirname } from "node:path/posix";
import type { TextFile } from "./repository.ts";
import type { Complaints } from "./rules.ts";

/** In this order; other headings may stand between. */
const sections: readonly { readonly name: string; readonly heading: RegExp }[] = [
  { name: "what it promises", heading: /^(what it )?promises$/i },
  { name: "what it does not promise", heading: /^(what it )?does not promise$/i },
  { name: "example", heading: /^example\b/i },
  { name: "options", heading: /^options\b/i },
  { name: "errors", heading: /^errors\b/i },
  { name: "limits", heading: /^limits\b/i },
];

interface Section {
  readonly heading: string;
  readonly body: string;
}

function readSections(text: string): readonly Section[] {
  const parts = withoutFences(text).split(/^## +/m).slice(1);
  return parts.map((part) => ({
    heading: part.split("\n")[0]?.trim() ?? "",
    body: part.slice(part.indexOf("\n") + 1),
  }));
}

/** A "## " inside a code block is not a heading. */
function withoutFences(text: string): string {
  return text.replaceAll(/^```[^\n]*\n[\s\S]*?^```$/gm, (block) => block.replaceAll(/^#/gm, " #"));
}

export function readmeShape({ path, text }: TextFile, packageName: string): Complaints {
  const complaints: string[] = [];
  const lines = text.split("\n");
  if (lines[0] !== `# ${packageName}`) complaints.push(`${path}: the first line is "# ${packageName}"`);
  const opening =
    text
      .slice(text.indexOf("\n"))
      .trim()
      .split(/\n\s*\n/)[0] ?? "";
  const sentences = opening.match(/[.!?](\s|$)/g)?.length ?? 0;
  if (opening === "" || opening.startsWith("#") || sentences !== 1) {
    complaints.push(`${path}: after the title comes one sentence that says what this is`);
  }
  const headings = readSections(text).map(({ heading }) => heading);
  let from = 0;
  for (const { name, heading } of sections) {
    const at = headings.findIndex((candidate, index) => index >= from && heading.test(candidate));
    if (at === -1) {
      const misplaced = headings.some((candidate) => heading.test(candidate));
      complaints.push(`${path}: ${misplaced ? "the section is out of order" : "no section"} "${name}"`);
    } else {
      from = at + 1;
    }
  }
  const example = readSections(text).find(({ heading }) => /^example\b/i.test(heading));
  if (example !== undefined && runnableBlocks({ path, text: example.body }).length === 0) {
    complaints.push(`${path}: the example is not marked <!-- runnable -->`);
  }
  const firstBlock = /^```ts$/m.exec(text);
  if (firstBlock !== null && !/<!-- runnable -->\s*$/.test(text.slice(0, firstBlock.index))) {
    complaints.push(`${path}: the first ts block is not marked <!-- runnable -->`);
  }
  return complaints;
}

/** Every error code stands in the table of the section "errors", with something said about it. */
export function errorTable({ path, text }: TextFile, codes: readonly string[]): Complaints {
  const table = readSections(text).find(({ heading }) => /^errors\b/i.test(heading))?.body ?? "";
  const rows = table.split("\n").filter((line) => line.trimStart().startsWith("|"));
  return codes
    .filter(
      (code) => !rows.some((row) => row.includes(`\`${code}\``) && row.split("|").filter((c) => c.trim()).length >= 2),
    )
    .map((code) => `${path}: the error table does not explain ${code}`);
}

export interface RunnableBlock {
  readonly path: string;
  readonly line: number;
  readonly code: string;
}

/** The ts blocks that follow a line `<!-- runnable -->`. */
export function runnableBlocks({ path, text }: TextFile): readonly RunnableBlock[] {
  return [...text.matchAll(/^<!-- runnable -->\s*\n```ts\n([\s\S]*?)^```$/gm)].map((match) => ({
    path,
    line: text.slice(0, match.index).split("\n").length,
    code: match[1] ?? "",
  }));
}

export interface Link {
  /** Empty for a link within the file. */
  readonly target: string;
  /** What stands behind `#`; undefined without one. */
  readonly anchor: string | undefined;
  readonly line: number;
}

/** Links to files of the repository, and to headings of them. */
export function relativeLinks({ text }: TextFile): readonly Link[] {
  return [...withoutFences(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => {
      const [target = "", anchor] = (match[1] ?? "").split("#", 2);
      return { target, anchor, line: text.slice(0, match.index).split("\n").length };
    })
    .filter(({ target, anchor }) => (target !== "" || anchor !== undefined) && !/^[a-z]+:/.test(target));
}

/** The anchors that forges give to headings: letters, digits, hyphens, underscores; a second one of its kind is numbered. */
export function headingAnchors(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const headings = withoutFences(text).matchAll(/^#{1,6} +(.+?) *$/gm);
  return new Set(
    [...headings].map((match) => {
      const slug = (match[1] ?? "")
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
        .replaceAll(/\s/g, "-");
      const count = seen.get(slug) ?? 0;
      seen.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    }),
  );
}

function resolveLink(from: string, target: string): string {
  return new URL(target, `file:///${dirname(from)}/`).pathname.slice(1).replace(/\/$/, "");
}

/**
 * @param exists - whether there is such a file or directory.
 * @param textOf - the text of a file, to look for headings in.
 */
export function deadLinks(
  file: TextFile,
  exists: (path: string) => boolean,
  textOf: (path: string) => string | undefined,
): Complaints {
  return relativeLinks(file).flatMap(({ target, anchor, line }) => {
    const path = target === "" ? file.path : resolveLink(file.path, target);
    if (!exists(path)) return [`${file.path}:${line}: the link ${target} leads nowhere`];
    if (anchor === undefined || !path.endsWith(".md")) return [];
    const isThere = headingAnchors(textOf(path) ?? "").has(anchor);
    return isThere ? [] : [`${file.path}:${line}: ${path} has no heading #${anchor}`];
  });
}

/** The root README links to every package, and to every document directly or through its directory. */
export function rootLinks(readme: TextFile, packages: readonly string[], documents: readonly string[]): Complaints {
  const linked = new Set(relativeLinks(readme).map(({ target }) => resolveLink(readme.path, target)));
  const missingPackages = packages.filter((path) => !linked.has(path) && !linked.has(`${path}/README.md`));
  const missingDocuments = documents.filter((path) => !linked.has(path) && !linked.has(dirname(path)));
  return [...missingPackages, ...missingDocuments].map((path) => `README.md: no link to ${path}`);
}
