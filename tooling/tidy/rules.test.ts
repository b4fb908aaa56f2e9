// Every rule is shown failing on what it forbids and silent on what it allows: a rule that cannot fail is worse than none.
import { describe, expect, test } from "vitest";
import { architectureFiles, architectureLayers } from "./architecture.ts";
import {
  deadLinks,
  errorTable,
  headingAnchors,
  readmeShape,
  relativeLinks,
  rootLinks,
  runnableBlocks,
} from "./readme.ts";
import type { Manifest, WorkspacePackage } from "./repository.ts";
import * as rules from "./rules.ts";
import { sourceFacts, type SourceFacts } from "./source-facts.ts";

function facts(text: string, path = "packages/wal/src/a.ts"): SourceFacts {
  return sourceFacts({ path, text });
}

const library: WorkspacePackage = {
  directory: "packages/wal",
  manifest: {
    name: "@holdfast/wal",
    version: "0.1.0",
    license: "MIT OR Apache-2.0",
    type: "module",
    sideEffects: false,
    engines: { node: ">=20.19" },
    files: ["dist", "src", "LICENSE-APACHE", "LICENSE-MIT"],
    repository: { directory: "packages/wal" },
    exports: { ".": { "@holdfast/source": "./src/index.ts", types: "./dist/index.d.ts", default: "./dist/index.js" } },
  },
};

function withManifest(change: Partial<Manifest>): WorkspacePackage {
  return { ...library, manifest: { ...library.manifest, ...change } };
}

describe("files", () => {
  test("size", () => {
    expect(rules.fileSize([facts("x;\n".repeat(400))])).toEqual([]);
    expect(rules.fileSize([facts("x;\n".repeat(401))])).toHaveLength(1);
  });
  test("kebab-case", () => {
    expect(
      rules.kebabCase(["packages/wal/src/log-writer.test.ts", ".ci/run", "README.md", "docs/adr/0001-a.md"]),
    ).toEqual([]);
    for (const path of ["src/logWriter.ts", "src/LogWriter.ts", "src/log_writer.ts", "My-dir/a.ts"]) {
      expect(rules.kebabCase([path])).toHaveLength(1);
    }
  });
  test("rooms", () => {
    expect(rules.bannedRooms(["src/log-writer.ts", "src/type-registry.ts"])).toEqual([]);
    for (const path of [
      "src/utils.ts",
      "src/fs-helpers.ts",
      "src/common/a.ts",
      "src/misc.ts",
      "src/types.ts",
      "src/util/b.ts",
    ]) {
      expect(rules.bannedRooms([path])).toHaveLength(1);
    }
  });
  test("barrels", () => {
    const twoLines = 'export { a } from "./a.ts";\nexport { b } from "./b.ts";\n';
    expect(rules.barrels([facts(twoLines, "packages/wal/src/index.ts")], [library])).toEqual([]);
    expect(rules.barrels([facts(twoLines, "packages/wal/src/other.ts")], [library])).toHaveLength(1);
    expect(rules.barrels([facts("export const a = 1;", "packages/wal/src/deep/index.ts")], [library])).toHaveLength(1);
    const nested = 'export { a } from "./a.ts";\nexport { b } from "./deep/entry.ts";\n';
    const entries = withManifest({
      exports: {
        ".": { "@holdfast/source": "./src/index.ts" },
        "./deep": { "@holdfast/source": "./src/deep/entry.ts" },
      },
    });
    const both = [facts(nested, "packages/wal/src/index.ts"), facts(twoLines, "packages/wal/src/deep/entry.ts")];
    expect(rules.barrels(both, [entries])).toEqual([expect.stringContaining("re-exports the barrel")]);
  });
  test("words", () => {
    const words = (text: string): rules.Complaints => rules.bannedWords([{ path: "a.ts", text }]);
    expect(words("a list of things to do, at /tmp/x, see https://example.com/work/\n")).toEqual([]);
    for (const text of ["TODO: later", "FIXME", '"/root/x"', "cd /work/main", "/home/ada/x"]) {
      expect(words(`first line\n${text}\n`)).toEqual([expect.stringMatching(/^a\.ts:2: /)]);
    }
    expect(words("https://registry.example.org/x")).toHaveLength(1);
    expect(words("    resolution: {integrity: sha512-x}")).toEqual([]);
    expect(words("    resolution: {integrity: sha512-x, tarball: https://x.y/z.tgz}")).toHaveLength(1);
    expect(words("    resolution: {tarball: https://x.y/z.tgz}")).toHaveLength(1);
  });
});

describe("sources", () => {
  test("syntax", () => {
    expect(
      rules.bannedSyntax([facts('// any enum console.log\nexport const a: unknown = "any console.log";')]),
    ).toEqual([]);
    const bad = [
      "let a: any;",
      "enum A { B }",
      "console.log(1);",
      'export * from "./b.ts";',
      'export * as c from "./b.ts";',
    ];
    for (const text of [...bad, "export default 1;"]) expect(rules.bannedSyntax([facts(text)])).toHaveLength(1);
  });
  test("impurity", () => {
    const use = facts("const now = Date.now();");
    const reason = "the real clock of the real backend";
    const allowed = { path: use.path, what: "Date.now", reason };
    expect(rules.impurity([facts("clock.now(); clock.setTimeout(f); new Date(5); // Date.now()")], [])).toEqual([]);
    expect(rules.impurity([use], [])).toHaveLength(1);
    expect(rules.impurity([use], [allowed])).toEqual([]);
    expect(rules.impurity([facts("")], [allowed])).toEqual([expect.stringContaining("no longer uses")]);
    expect(rules.impurity([use], [{ ...allowed, reason: "" }])).toEqual([expect.stringContaining("needs a reason")]);
    const more = [
      "Math.random()",
      "setTimeout(f, 1)",
      "setImmediate(f)",
      "new Date()",
      "performance.now()",
      "randomUUID()",
    ];
    for (const text of [...more, "const t = process.hrtime;", "const wait = setTimeout;"]) {
      expect(rules.impurity([facts(text)], [])).toHaveLength(1);
    }
  });
  test("error codes are found and must be tested", () => {
    const { errorCodes } = facts('export const walErrorCodes = ["WAL_CLOSED", "WAL_POISONED"] as const;');
    expect(errorCodes).toEqual(["WAL_CLOSED", "WAL_POISONED"]);
    const tests = [{ path: "a.test.ts", text: 'code: "WAL_CLOSED"' }];
    expect(rules.codesTested(errorCodes, tests, "packages/wal")).toEqual(["packages/wal: no test names WAL_POISONED"]);
  });
});

describe("manifests", () => {
  test("what is published", () => {
    expect(rules.manifest(library)).toEqual([]);
    const changes: readonly Partial<Manifest>[] = [
      { license: "MIT" },
      { type: "commonjs" },
      { sideEffects: true },
      { engines: { node: ">=18" } },
      { files: ["dist", "LICENSE-APACHE", "LICENSE-MIT"] },
      { repository: {} },
      { scripts: { postinstall: "node x.js" } },
      { dependencies: { left: "^1.0.0" } },
      { exports: { ".": { types: "./dist/index.d.ts", "@holdfast/source": "./src/index.ts", default: "./x.js" } } },
    ];
    for (const change of changes) expect(rules.manifest(withManifest(change))).toHaveLength(1);
  });
  test("siblings", () => {
    const store = withManifest({ name: "@holdfast/store", dependencies: { "@holdfast/wal": "workspace:*" } });
    expect(rules.siblingRanges([library, store])).toHaveLength(1);
  });
  test("tests", () => {
    expect(rules.testsExist([library], ["packages/wal/src/a.test.ts"])).toEqual([]);
    expect(rules.testsExist([library], ["packages/wall/src/a.test.ts"])).toHaveLength(1);
  });
  test("scripts", () => {
    const text = "Run `pnpm check` or `npm run bench -- --json` or `npm start`.";
    expect(rules.scriptsDocumented({ check: "", bench: "", start: "" }, text)).toEqual([]);
    expect(rules.scriptsDocumented({ "test:matrix": "" }, text)).toHaveLength(1);
  });
});

describe("documents", () => {
  const fence = "```";
  const readme = `# @holdfast/wal

Appends records and finds them again.

## What it promises
Yes.
## What it does not promise
No.
## Example
<!-- runnable -->
${fence}ts
console.log("## not a heading");
${fence}
## Options
## Errors
| code | what happened | what to do |
|---|---|---|
| \`WAL_CLOSED\` | used after close | fix the call |
## Limits
See [the format](../../docs/formats/wal.md#header).
`;
  const file = { path: "packages/wal/README.md", text: readme };
  const shape = (text: string): rules.Complaints => readmeShape({ ...file, text }, "@holdfast/wal");

  test("README sections", () => {
    expect(shape(readme)).toEqual([]);
    expect(shape(readme.replace("## Limits", "## Bounds"))).toHaveLength(1);
    expect(shape(readme.replace("# @holdfast/wal", "# wal"))).toHaveLength(1);
    expect(shape(readme.replace("again.", "again. And again."))).toHaveLength(1);
    expect(shape(readme.replace("<!-- runnable -->\n", "")).length).toBeGreaterThan(0);
    const swapped = readme.replace("## Options", "## X").replace("## Limits", "## Limits\n## Options");
    expect(shape(swapped).join()).toContain("out of order");
    expect(shape("").length).toBeGreaterThan(5);
  });
  test("runnable blocks", () => {
    expect(runnableBlocks(file)).toEqual([{ path: file.path, line: 10, code: 'console.log("## not a heading");\n' }]);
  });
  test("error table", () => {
    expect(errorTable(file, ["WAL_CLOSED"])).toEqual([]);
    expect(errorTable(file, ["WAL_CLOSED", "WAL_POISONED"])).toHaveLength(1);
    expect(errorTable({ ...file, text: "`WAL_CLOSED`" }, ["WAL_CLOSED"])).toHaveLength(1);
  });
  test("links", () => {
    expect(relativeLinks(file).map(({ target }) => target)).toEqual(["../../docs/formats/wal.md"]);
    const grammar = (): string => "## Header";
    expect(deadLinks(file, (path) => path === "docs/formats/wal.md", grammar)).toEqual([]);
    expect(deadLinks(file, () => false, grammar)).toHaveLength(1);
    const rootReadme = { path: "README.md", text: "[wal](packages/wal) [formats](docs/formats/)" };
    expect(rootLinks(rootReadme, ["packages/wal"], ["docs/formats/wal.md"])).toEqual([]);
    expect(rootLinks(rootReadme, ["packages/store"], ["docs/guarantees.md"])).toHaveLength(2);
  });
  test("anchors", () => {
    const text = "# One `two`: *three*\n## A, B\n## A B\n```\n# no heading\n```\n### [Link](x.md) of `node:fs`";
    expect([...headingAnchors(text)]).toEqual(["one-two-three", "a-b", "a-b-1", "link-of-nodefs"]);
    const judge = (links: string): rules.Complaints =>
      deadLinks(
        { path: "docs/a.md", text: `# Here\n${links}` },
        () => true,
        (path) => (path === "docs/a.md" ? "# Here" : text),
      );
    expect(judge("[a](#here) [b](b.md#a-b-1) [c](b.md) [d](https://example.com/#x)")).toEqual([]);
    expect(judge("[a](#there)\n[b](b.md#no-heading)")).toEqual([
      "docs/a.md:2: docs/a.md has no heading #there",
      "docs/a.md:3: docs/b.md has no heading #no-heading",
    ]);
  });
});

describe("ARCHITECTURE.md", () => {
  const sources = ["packages/wal/src/wal.ts", "packages/wal/src/log-tail.ts", "packages/wal/src/deep/down.ts"];
  const judge = (body: string): rules.Complaints =>
    architectureFiles({ path: "A.md", text: `# A\n\n## wal\n\n${body}\n\n## Else\n` }, ["packages/wal"], sources);
  const map = (...rows: readonly string[]): string => `\`\`\`\n${rows.join("\n")}\n\`\`\``;

  test("maps of files that are there", () => {
    expect(judge(map(" wal, log-*    the log      deep/down   below it", "", "   down   is in deep/"))).toEqual([]);
    expect(judge(`${map(" wal  the log", " engine ── writes ──► effects")}, \`wal.ts\` and \`src/deep\``)).toEqual([]);
    expect(judge(map(" wal   the log", " tail, deep/down   what is left"))).toEqual([
      'A.md:7: "tail" is no source file of packages/wal',
    ]);
    expect(judge(`${map(" deep/down   below")} and \`gone.ts\``)).toEqual([
      'A.md: "gone.ts" is no source file of packages/wal',
    ]);
    expect(judge(map(" wal the log, in one cell", " deep/down  below"))).toHaveLength(2);
    expect(judge(map(" wal   the log"))).toEqual(["A.md: nothing on packages/wal/src/deep"]);
    expect(architectureFiles({ path: "A.md", text: "# A\n" }, ["packages/wal"], sources)).toEqual([
      "A.md: no section on packages/wal",
    ]);
  });
  test("layers that are enforced", () => {
    const table = "| `wal` | `fs-seam`, `zlib` | files |\n| `fs-seam` | `node:fs` | frames |";
    const judgeLayers = (layers: Readonly<Record<string, readonly string[]>>): rules.Complaints =>
      architectureLayers({ path: "A.md", text: table }, layers);
    expect(judgeLayers({ wal: ["fs-seam"], "fs-seam": [] })).toEqual([]);
    expect(judgeLayers({ wal: [], "fs-seam": [] })).toEqual(["A.md: wal may import nothing, not fs-seam"]);
    expect(judgeLayers({ wal: ["fs-seam"], "fs-seam": [], store: [] })).toEqual([
      "A.md: the table of layers lacks store",
    ]);
  });
});
