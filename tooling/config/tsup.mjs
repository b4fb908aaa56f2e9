// One shape of build for every package: ESM only, one chunk graph per package, types beside the code.

/**
 * @param {string[] | Record<string, string>} entry
 * @param {import("tsup").Options} [more]
 * @returns {import("tsup").Options}
 */
export function preset(entry, more = {}) {
  return {
    entry,
    format: ["esm"],
    target: "node20",
    platform: "node",
    splitting: true, // entries of one package share their chunks, so a class exists once
    sourcemap: true,
    clean: true,
    removeNodeProtocol: false, // keep "node:fs": bare "fs" can be shadowed
    // tsup 8 sets baseUrl, which TypeScript 6 reports as deprecated unless it is told otherwise.
    dts: { compilerOptions: { ignoreDeprecations: "6.0", allowImportingTsExtensions: true } },
    ...more,
  };
}
