import { readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { bound, type Row } from "../row.js";
import type { Part } from "../suite.js";

/** What `import "@holdfast/fs-seam"` loads, as a bundler ships it. */
export const sizePart: Part = {
  name: "size",
  measure() {
    const { bytes, sources, imports } = bundleOf(fileURLToPath(import.meta.resolve("@holdfast/fs-seam")));
    const backends = sources.filter((source) => testBackend.test(source));
    const packages = imports.filter((name) => !isBuiltin(name));
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
    const limit = bound("most", 12_000);
    return [
      sizeRow("size/minified", "main entry, minified, for orientation", bytes.length),
      { ...sizeRow("size/gzip", "main entry, minified and gzip", gzipSync(bytes, { level: 9 }).length), bar: limit },
      {
        ...sizeRow("size/brotli", "main entry, minified and brotli", brotliCompressSync(bytes, quality).length),
        bar: limit,
      },
      listRow("size/backends", "source files of test backends that it loads", backends),
      listRow("size/packages", "packages that it imports", packages),
    ];
  },
};

/** Source files that only the in-memory engine, the simulators and the conformance suite need. */
const testBackend =
  /\/(memory|crash|sim|fault|engine|image|conformance)[-/.][^/]*|\/(effects|effect-rules|ledger|fs-state|paged-content|personality|path-law|base-image|file-durability|disk-faults|media-faults|prng)\.ts$/;

function sizeRow(id: string, workload: string, bytes: number): Row {
  return { id, workload, ours: { name: "", unit: "bytes", value: bytes } };
}

/** A row that must stay at zero, and names what it found when it does not. */
function listRow(id: string, workload: string, found: readonly string[]): Row {
  const row: Row = {
    id,
    workload,
    ours: { name: "", unit: "count", value: found.length },
    bar: bound("most", 0),
  };
  return found.length === 0 ? row : { ...row, note: found.join(", ") };
}

interface Bundle {
  readonly bytes: Uint8Array;
  /** Source files of everything that loads, as the source maps name them, resolved against a root of their own. */
  readonly sources: readonly string[];
  /** What stays an import. */
  readonly imports: readonly string[];
}

/** The part of esbuild's interface that is used here. */
interface Bundler {
  buildSync(options: object): {
    readonly outputFiles: readonly { readonly contents: Uint8Array }[];
    readonly metafile: {
      readonly inputs: Readonly<Record<string, { readonly imports: readonly { path: string; external?: boolean }[] }>>;
    };
  };
}

/** The esbuild that tsup builds the packages with: one bundler for what ships and for what is measured. */
function bundler(): Bundler {
  const fromHere = createRequire(import.meta.url);
  const fromTsup = createRequire(fromHere.resolve("tsup"));
  return fromTsup("esbuild") as Bundler; // a CommonJS module without types on this way
}

/** Everything the entry loads, in one minified file. */
function bundleOf(entry: string): Bundle {
  const { outputFiles, metafile } = bundler().buildSync({
    absWorkingDir: resolve("/"),
    entryPoints: [entry],
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "node20",
    metafile: true,
    write: false,
  });
  const inputs = Object.entries(metafile.inputs);
  return {
    bytes: outputFiles[0]?.contents ?? new Uint8Array(0),
    sources: inputs.flatMap(([path]) => sourcesOf(`/${path}`)),
    imports: inputs.flatMap(([, { imports }]) => imports.filter(({ external }) => external).map(({ path }) => path)),
  };
}

/** The sources that a built file was made of. */
function sourcesOf(builtFile: string): string[] {
  const map = JSON.parse(readFileSync(`${builtFile}.map`, "utf8")) as { readonly sources: readonly string[] };
  return map.sources.map((source) => new URL(source, "file:///package/dist/").pathname);
}
