import { rootIno, type FsState } from "./fs-state.js";

/** Where a path leads in one tree: what a file system finds before it decides whether that is an error. */
export type PathEnd =
  | { readonly kind: "file"; readonly directory: number; readonly name: string; readonly ino: number }
  | { readonly kind: "directory"; readonly ino: number }
  /** The directory exists, the last name does not. */
  | { readonly kind: "missing"; readonly directory: number; readonly name: string }
  /** A directory on the way does not exist. */
  | { readonly kind: "lost" }
  /** A component on the way, not the last one, is a file. */
  | { readonly kind: "blocked" };

/** Follows an absolute path component by component; `..` leads to the directory above, as on a real file system. */
export function walkPath(state: FsState, path: string): PathEnd {
  const names = pathComponents(path);
  const above: number[] = [];
  let ino = rootIno;
  for (const [index, name] of names.entries()) {
    if (name === "..") {
      ino = above.pop() ?? rootIno;
      continue;
    }
    const child = state.lookup(ino, name);
    const last = index === names.length - 1;
    if (child === undefined) return last ? { kind: "missing", directory: ino, name } : { kind: "lost" };
    if (state.inode(child)?.kind === "file") {
      return last ? { kind: "file", directory: ino, name, ino: child } : { kind: "blocked" };
    }
    above.push(ino);
    ino = child;
  }
  return { kind: "directory", ino };
}

/** The names of a path; empty components and `.` say nothing. */
export function pathComponents(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** Order by components, and those by code unit: `/a/b` comes before `/a-b`, as in a walk of the tree. */
export function byComponents(a: string, b: string): number {
  const [left, right] = [pathComponents(a), pathComponents(b)];
  for (const [index, name] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (name !== other) return name < other ? -1 : 1;
  }
  return left.length - right.length;
}

/** True when `path` is `directory` or lies below it, compared by component. */
export function liesAtOrBelow(path: string, directory: string): boolean {
  const names = pathComponents(path);
  return pathComponents(directory).every((name, index) => names[index] === name);
}
