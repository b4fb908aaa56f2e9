import { resolve, sep } from "node:path";
import { NodeFsError } from "./node-fs-error.js";

/** Where the file system under test appears among the paths of the program. */
export class PathMap {
  /** Prefixes as the program writes them, longest first, and the directory of the store that each shows. */
  readonly #mounts: readonly (readonly [prefix: string, store: string])[];

  /** @param root - one absolute path that shows the root of the store, or several with the directory that each shows. */
  constructor(root: string | Readonly<Record<string, string>>) {
    const given = typeof root === "string" ? { [root]: "/" } : root;
    if (typeof given !== "object" || given === null || Object.keys(given).length === 0) {
      refuse("must be a path, or paths");
    }
    this.#mounts = Object.entries(given)
      .map(([prefix, store]) => {
        if (resolve(prefix) !== prefix && resolve(prefix) !== prefix.replace(/[/\\]$/, "") && sep === "/") {
          refuse(`must be absolute and plain, not ${JSON.stringify(prefix)}`);
        }
        if (typeof store !== "string" || !store.startsWith("/")) refuse("must name directories of the store by '/...'");
        return [resolve(prefix), store] as const;
      })
      .sort(([a], [b]) => b.length - a.length);
  }

  /** The first prefix. */
  get root(): string {
    return this.#mounts.at(-1)?.[0] ?? sep;
  }

  /** Path in the store, or undefined for a path that lies outside. `.`, `..` and doubled slashes are resolved as text. */
  locate(shown: string): string | undefined {
    const absolute = resolve(shown);
    for (const [prefix, store] of this.#mounts) {
      if (absolute === prefix) return store;
      const begin = prefix.endsWith(sep) ? prefix : prefix + sep;
      if (!absolute.startsWith(begin)) continue;
      const rest = absolute.slice(begin.length);
      const names = sep === "/" ? rest : rest.replaceAll(sep, "/");
      return store === "/" ? `/${names}` : `${store}/${names}`;
    }
    return undefined;
  }
}

function refuse(why: string): never {
  throw new NodeFsError("NODE_FS_INVALID_OPTION", "root", why);
}
