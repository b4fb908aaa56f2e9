// The layer rules of .dependency-cruiser.mjs, on this repository and on one built to break each of them.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "./repository.ts";

interface Report {
  readonly summary: {
    readonly violations: readonly { readonly rule: { readonly name: string }; readonly from: string }[];
  };
}

function violations(directory: string, parts: readonly string[]): readonly string[] {
  const program = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const config = join(root, ".dependency-cruiser.mjs");
  const options = ["--config", config, "--output-type", "json", ...parts];
  const { stdout, stderr } = spawnSync(process.execPath, [program, ...options], {
    cwd: directory,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (stdout === "") throw new Error(`dependency-cruiser said nothing: ${stderr}`);
  const report = JSON.parse(stdout) as Report; // the documented shape of --output-type json
  return report.summary.violations.map(({ rule, from }) => `${rule.name}: ${from}`);
}

test("arrows point down and nothing is circular", () => {
  expect(violations(root, ["packages", "apps", "examples"])).toEqual([]);
});

const one = "export const one = 1;\n";
const manifest = JSON.stringify({ name: "scene", devDependencies: { tool: "1.0.0" } });

/** Files that break no rule, and that the breaking ones point at. */
const ground: Readonly<Record<string, string>> = {
  "package.json": manifest,
  "node_modules/tool/package.json": '{"name":"tool","version":"1.0.0","main":"index.js"}',
  "node_modules/tool/index.js": "",
  "apps/bench/src/quiet.ts": one,
  "apps/cli/src/quiet.ts": one,
  "examples/cart/quiet.js": one,
  "packages/fs-seam/src/quiet.ts": one,
  "packages/fs-seam/src/real-fs.ts": 'import "node:fs";',
  "packages/fs-seam/src/crash-fs.ts": 'import "./quiet.ts";',
  "packages/fs-seam/src/between.ts": 'import "./crash-fs.ts";',
  "packages/lsm-tree/src/quiet.ts": one,
  "packages/lsm-tree/src/owner.ts": 'import { part } from "./part.ts"; export class Owner { part = part; }',
  "packages/lsm-tree/src/part.ts":
    'import type { Owner } from "./owner.ts"; export const part = (owner: Owner) => owner;',
  "packages/store/src/quiet.ts": one,
  "packages/wal/src/quiet.ts": one,
};

/** The rule, the one file that breaks it, and how. */
const breaches = [
  ["layer-fs-seam", "packages/fs-seam/src/up.ts", 'import "../../wal/src/quiet.ts";'],
  ["layer-store", "packages/store/src/aside.ts", 'import "../../lsm-tree/src/quiet.ts";'],
  ["layer-lsm-tree", "packages/lsm-tree/src/aside.ts", 'import "../../store/src/quiet.ts";'],
  ["layer-wal-tests", "packages/wal/test/up.test.ts", 'import "../../store/src/quiet.ts";'],
  ["layer-crash-test", "packages/crash-test/src/up.ts", 'import "../../wal/src/quiet.ts";'],
  ["no-cycle", "packages/wal/src/self.ts", 'import "./self.ts"; export {};'],
  ["no-unresolved", "packages/wal/src/lost.ts", 'import "nowhere";'],
  ["apps-are-guests", "packages/wal/src/app.ts", 'import "../../../apps/cli/src/quiet.ts";'],
  ["apps-stay-apart", "apps/cli/src/aside.ts", 'import "../../bench/src/quiet.ts";'],
  ["apps-stay-apart", "examples/queue/aside.js", 'import "../cart/quiet.js";'],
  ["public-entries-only", "examples/queue/deep.js", 'import "../../packages/wal/src/quiet.ts";'],
  ["public-entries-only", "apps/cli/src/deep.ts", 'import "../../../packages/wal/src/quiet.ts";'],
  ["node-fs-in-one-place", "packages/fs-seam/src/directory.ts", 'import "node:fs";'],
  ["node-fs-in-one-place", "packages/wal/src/real-fs.ts", 'import "node:fs/promises";'],
  ["main-entry-without-backends", "packages/fs-seam/src/index.ts", 'import "./between.ts";'],
  ["no-dev-dependency-in-source", "packages/wal/src/tool.ts", 'import "tool";'],
] as const;

describe("a repository that breaks every rule", () => {
  const scratch = mkdtempSync(join(tmpdir(), "holdfast-layers-"));
  let found: readonly string[] = [];

  beforeAll(() => {
    const files = { ...ground, ...Object.fromEntries(breaches.map(([, path, text]) => [path, text])) };
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(scratch, path)), { recursive: true });
      writeFileSync(join(scratch, path), text);
    }
    found = violations(scratch, ["packages", "apps", "examples"]);
  });
  afterAll(() => rmSync(scratch, { recursive: true, force: true }));

  test.each(breaches)("%s notices %s", (rule, path) => expect(found).toContain(`${rule}: ${path}`));

  test("and nothing else is refused", () => {
    const guilty = new Set<string>(breaches.map(([, path]) => path));
    expect(found.filter((line) => !guilty.has(line.slice(line.indexOf(": ") + 2)))).toEqual([]);
  });
});
