// The house style, applied to this repository. rules.test.ts shows that each rule can fail.
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { layers } from "../../.dependency-cruiser.mjs";
import { allowances } from "./allow-list.ts";
import { architectureFiles, architectureLayers } from "./architecture.ts";
import { deadLinks, errorTable, readmeShape, rootLinks } from "./readme.ts";
import {
  isPackageSource,
  isRecorded,
  isSource,
  isTestFile,
  listFiles,
  readManifest,
  readText,
  root,
  type TextFile,
  workspace,
} from "./repository.ts";
import * as rules from "./rules.ts";
import { sourceFacts } from "./source-facts.ts";

const paths = listFiles();
const ownPaths = paths.filter((path) => !isRecorded(path));
const texts = ownPaths.map(readText).filter((file) => file !== undefined);
const sources = texts.filter(({ path }) => isSource(path)).map(sourceFacts);
const all = workspace(paths);
const libraries = all.filter(({ directory }) => directory.startsWith("packages/"));
const published = all.filter(({ manifest }) => manifest.private !== true);

function textOf(path: string): TextFile {
  return texts.find((file) => file.path === path) ?? { path, text: "" };
}

describe("files", () => {
  test("there is something to look at", () => {
    expect(libraries.length).toBeGreaterThan(0);
    expect(sources.length).toBeGreaterThan(libraries.length);
  });
  test("names are kebab-case", () => expect(rules.kebabCase(ownPaths)).toEqual([]));
  test("no room without a noun", () => expect(rules.bannedRooms(ownPaths)).toEqual([]));
  test("no source file is too long", () => expect(rules.fileSize(sources)).toEqual([]));
  test("only public entries are barrels", () => expect(rules.barrels(sources, libraries)).toEqual([]));
  test("no unfinished marks, machine paths or registry hosts", () => {
    const searched = texts.filter(({ path }) => !rules.bannedWordsSpokenIn.includes(path));
    expect(rules.bannedWords(searched)).toEqual([]);
  });
});

describe("sources", () => {
  const packageSources = sources.filter(({ path }) => isPackageSource(path));
  test("no banned syntax", () => expect(rules.bannedSyntax(packageSources)).toEqual([]));
  test("no time, randomness or timers", () => expect(rules.impurity(packageSources, allowances)).toEqual([]));
});

describe("manifests", () => {
  test.each(all)("$directory", (each) => expect(rules.manifest(each)).toEqual([]));
  test("siblings are asked for by workspace:^", () => expect(rules.siblingRanges(published)).toEqual([]));
  test("every package has a layer", () => {
    const names = libraries.map(({ directory }) => directory.replace("packages/", ""));
    expect(names.filter((name) => !Object.hasOwn(layers, name))).toEqual([]);
  });
  test("every package and app has tests", () => {
    const tested = all.filter(({ directory }) => !directory.startsWith("tooling/"));
    expect(rules.testsExist(tested, paths.filter(isTestFile))).toEqual([]);
  });
  test.each(published)("$directory carries the licences", ({ directory }) => {
    for (const name of ["LICENSE-APACHE", "LICENSE-MIT"]) {
      expect(readText(`${directory}/${name}`)?.text).toBe(readText(name)?.text);
    }
  });
  test("every script is documented", () => {
    const contributing = textOf("CONTRIBUTING.md").text;
    expect(rules.scriptsDocumented(readManifest(".").scripts, contributing)).toEqual([]);
  });
});

describe.each(libraries)("$directory", ({ directory, manifest }) => {
  const readme = textOf(`${directory}/README.md`);
  const codes = sources.filter(({ path }) => path.startsWith(`${directory}/`)).flatMap(({ errorCodes }) => errorCodes);
  test("its README has every section", () => expect(readmeShape(readme, manifest.name)).toEqual([]));
  test("its README explains every error code", () => expect(errorTable(readme, codes)).toEqual([]));
  test("its tests name every error code", () => {
    const tests = texts.filter(({ path }) => path.startsWith(`${directory}/`) && /\/test\/|\.test\.ts$/.test(path));
    expect(rules.codesTested(codes, tests, directory)).toEqual([]);
  });
});

describe("documents", () => {
  const markdown = texts.filter(({ path }) => path.endsWith(".md") && !path.endsWith("CHANGELOG.md"));
  test("no link leads nowhere", () => {
    const exists = (path: string): boolean => existsSync(`${root}/${path}`);
    expect(markdown.flatMap((file) => deadLinks(file, exists, (path) => textOf(path).text))).toEqual([]);
  });
  test("the root README links to every package and document", () => {
    const named = libraries.map(({ directory }) => directory);
    const documents = markdown
      .map(({ path }) => path)
      .filter((path) => path.startsWith("docs/") || !path.includes("/"));
    const others = documents.filter((path) => path !== "README.md");
    expect(rootLinks(textOf("README.md"), named, others)).toEqual([]);
  });
  test("ARCHITECTURE.md names files that are there, and every directory of sources", () => {
    const directories = all.map(({ directory }) => directory).filter((directory) => !directory.startsWith("tooling/"));
    const sourcePaths = paths.filter(isSource);
    const programs = directories.filter((directory) => sourcePaths.some((path) => path.startsWith(`${directory}/`)));
    expect(architectureFiles(textOf("ARCHITECTURE.md"), programs, sourcePaths)).toEqual([]);
  });
  test("ARCHITECTURE.md has the layers that are enforced", () => {
    expect(architectureLayers(textOf("ARCHITECTURE.md"), layers)).toEqual([]);
  });
  test("the lockfile names no host", () => {
    expect(readFileSync(`${root}/pnpm-lock.yaml`, "utf8")).not.toMatch(/https?:\/\//);
  });
});
