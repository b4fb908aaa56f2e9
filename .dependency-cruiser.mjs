// Layers and cycles: arrows point down only. Each package lists what it may import of ours, everything else is refused.
// A new package needs a line here; the tidy test refuses a package without one.

/** What each package may import of ours, besides itself. */
export const layers = {
  "fs-seam": [],
  "segment-codec": [],
  "crash-test": ["fs-seam"],
  "sidx-footer": ["segment-codec"],
  wal: ["fs-seam", "segment-codec"],
  store: ["fs-seam", "segment-codec", "sidx-footer", "wal"],
  "lsm-tree": ["fs-seam", "segment-codec", "wal"],
};

/** Development dependencies that tsup copies into dist, so an install does not need them. */
const bundled = ["msgpackr"];

/** A package's tests may use the crash explorer, which knows none of them. */
const testOnly = ["crash-test"];

const source = (name) => `^packages/${name}/src/`;
const oneOf = (names) => names.join("|");
const isTest = "\\.test\\.ts$";

const layerRules = Object.entries(layers).flatMap(([name, allowed]) => [
  {
    name: `layer-${name}`,
    comment: `${name} may import of ours only: ${allowed.join(", ") || "nothing"}`,
    severity: "error",
    from: { path: source(name), pathNot: isTest },
    to: { path: "^packages/([^/]+)/", pathNot: `^packages/(${oneOf([name, ...allowed])})/` },
  },
  {
    name: `layer-${name}-tests`,
    comment: `the tests of ${name} may also import ${testOnly.join(", ")}`,
    severity: "error",
    from: { path: [`^packages/${name}/test/`, `^packages/${name}/src/.*${isTest}`] },
    to: { path: "^packages/([^/]+)/", pathNot: `^packages/(${oneOf([name, ...allowed, ...testOnly])})/` },
  },
]);

export default {
  forbidden: [
    ...layerRules,
    {
      name: "no-cycle",
      comment:
        "a cycle means two files are one idea, or an arrow points up; one of types alone is gone after the build",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-unresolved",
      comment: "an import nobody can resolve hides from every other rule",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "apps-are-guests",
      comment: "nothing imports an app or an example",
      severity: "error",
      from: { pathNot: "^(apps|examples)/" },
      to: { path: "^(apps|examples)/" },
    },
    {
      name: "apps-stay-apart",
      comment: "one app, or example, does not import another",
      severity: "error",
      from: { path: "^(apps|examples)/([^/]+)/" },
      to: { path: "^(apps|examples)/", pathNot: "^$1/$2/" },
    },
    {
      name: "public-entries-only",
      comment: "a package is imported by its name and entries, never by a path into its files",
      severity: "error",
      from: { path: "^(packages|apps|examples)/([^/]+)/" },
      to: { path: "^packages/", pathNot: "^$1/$2/", dependencyTypes: ["local"] },
    },
    {
      name: "node-fs-in-one-place",
      comment:
        "only real-*.ts of fs-seam may import node:fs, and real-node.ts of crash-test, which patches it; everyone else takes a Directory",
      severity: "error",
      from: {
        path: "^packages/[^/]+/src/",
        pathNot: ["^packages/fs-seam/src/real-[^/]+\\.ts$", "^packages/crash-test/src/node/real-node\\.ts$", isTest],
      },
      to: { path: "^(node:)?fs(/promises)?$" },
    },
    {
      name: "main-entry-without-backends",
      comment: "whoever imports @holdfast/fs-seam must never load a test backend",
      severity: "error",
      from: { path: "^packages/fs-seam/src/index\\.ts$" },
      to: { path: "^packages/fs-seam/src/(memory|crash|sim|fault|conformance)(-|/|\\.ts$)", reachable: true },
    },
    {
      name: "no-dev-dependency-in-source",
      comment: "what src/ imports must be there after an install",
      severity: "error",
      from: { path: "^(packages|apps)/[^/]+/src/", pathNot: isTest },
      to: {
        dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"],
        dependencyTypesNot: ["type-only", "npm-peer"], // a peer is a development dependency besides, for its tests
        pathNot: `node_modules/(${oneOf(bundled)})/`,
      },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: ["^(packages|apps)/[^/]+/dist/", "\\.config\\.ts$"] },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["@holdfast/source", "types", "node", "import", "default"],
      extensions: [".ts", ".mts", ".js", ".mjs", ".json"],
    },
  },
};
