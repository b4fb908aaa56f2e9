import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { RealFs } from "../../src/real-fs.js";
import type { RealFsOptions } from "../../src/real-options.js";
import type { StoreFs } from "../../src/store-fs.js";
import { scratchDirectory } from "./real-scene.js";

/** A root with `/file` ("old"), `/dir/inner` ("in"), `/empty`, and the symlinks `/link` to file and `/linked` to dir. */
export function scene(options: Partial<RealFsOptions> = {}): { root: string; fs: RealFs } {
  const root = scratchDirectory();
  writeFileSync(`${root}/file`, "old");
  mkdirSync(`${root}/dir`);
  writeFileSync(`${root}/dir/inner`, "in");
  mkdirSync(`${root}/empty`);
  symlinkSync("file", `${root}/link`);
  symlinkSync("dir", `${root}/linked`);
  return { root, fs: new RealFs({ root, ...options }) };
}

/** Everything below a directory, as text: to show that nothing changed. */
export function treeOf(root: string): string {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .toSorted()
    .map((name) => {
      const stat = lstatSync(`${root}/${name}`);
      return `${name} ${stat.isFile() ? readFileSync(`${root}/${name}`, "latin1") : stat.mode.toString(8)} ${stat.nlink}`;
    })
    .join("\n");
}

/** Every operation of the seam that takes a path, applied to one. */
export function operationsOn(fs: StoreFs, path: string): Record<string, () => unknown> {
  return {
    open: () => fs.open(path, { mode: "read" }),
    "open to write": () => fs.open(path, { mode: "write", create: "if-missing", truncate: true }),
    "open to append": () => fs.open(path, { mode: "append", create: "if-missing" }),
    create: () => fs.open(path, { mode: "write", create: "exclusive" }),
    stat: () => fs.stat(path),
    list: () => fs.list(path),
    makeDirectory: () => fs.makeDirectory(path),
    removeDirectory: () => fs.removeDirectory(path),
    "rename from": () => fs.rename(path, "/new"),
    "rename to": () => fs.rename("/file", path),
    "link from": () => fs.link(path, "/new"),
    "link to": () => fs.link("/file", path),
    "reflink from": () => fs.reflink(path, "/new"),
    "reflink to": () => fs.reflink("/file", path),
    remove: () => fs.remove(path),
    syncNames: () => fs.syncNamesBlocking(path),
  };
}

/** The names that a listing in batches yields, in its order. */
export async function streamed(fs: StoreFs, path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const batch of fs.listStream(path)) names.push(...batch.map(({ name }) => name));
  return names;
}
