// What the tidy tests look at: every file git tracks or would track, and the manifests of the workspace.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

/** A text file: `path` is relative to the root, with forward slashes. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly license?: string;
  readonly type?: string;
  readonly sideEffects?: boolean;
  readonly engines?: { readonly node?: string };
  readonly files?: readonly string[];
  readonly repository?: { readonly url?: string; readonly directory?: string };
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export interface WorkspacePackage {
  /** Relative to the root: `packages/fs-seam`. */
  readonly directory: string;
  readonly manifest: Manifest;
}

/** Paths of every file git tracks or would track, sorted; without git, of every file that is no build product. */
export function listFiles(): readonly string[] {
  const listed = [...new Set(gitFiles())].filter((path) => existsSync(`${root}/${path}`));
  const paths = listed.length > 0 ? listed : walk("");
  return paths.filter((path) => lstatSync(`${root}/${path}`).isFile()).toSorted();
}

function gitFiles(): readonly string[] {
  const { status, stdout } = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return status === 0 ? stdout.split("\0").filter((path) => path !== "") : []; // an unpacked archive has no git
}

const products: readonly string[] = ["node_modules", ".git", ".turbo", ".report", "dist", "coverage"];

function walk(directory: string): readonly string[] {
  return readdirSync(`${root}/${directory}`, { withFileTypes: true }).flatMap((entry) => {
    if (products.includes(entry.name)) return [];
    return entry.isDirectory() ? walk(`${directory}${entry.name}/`) : [`${directory}${entry.name}`];
  });
}

/** The text of a file, or undefined when it holds a NUL byte and so is not text. */
export function readText(path: string): TextFile | undefined {
  const bytes = readFileSync(`${root}/${path}`);
  return bytes.includes(0) ? undefined : { path, text: bytes.toString("utf8") };
}

export function readManifest(directory: string): Manifest {
  return JSON.parse(readFileSync(`${root}/${directory}/package.json`, "utf8")) as Manifest; // checked by its own rule
}

export function workspace(files: readonly string[]): readonly WorkspacePackage[] {
  return files
    .map((path) => /^((?:packages|apps|tooling)\/[^/]+)\/package\.json$/.exec(path)?.[1])
    .filter((directory) => directory !== undefined)
    .map((directory) => ({ directory, manifest: readManifest(directory) }));
}

/** Recorded bytes are kept as they were found, whatever they are called and whatever they say. */
export function isRecorded(path: string): boolean {
  return /(^|\/)(golden|corpus|fixtures|results)\//.test(path);
}

export function isSource(path: string): boolean {
  return /^(packages|apps)\/[^/]+\/src\/.*\.ts$/.test(path) && !path.endsWith(".test.ts");
}

export function isPackageSource(path: string): boolean {
  return isSource(path) && path.startsWith("packages/");
}

export function isTestFile(path: string): boolean {
  return /^(packages|apps)\/[^/]+\/(src|test)\/.*\.test\.ts$/.test(path);
}
