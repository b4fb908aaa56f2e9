/**
 * Modes, owners, times and inode numbers. The seam knows none of them, so the facade keeps them beside it, by path: they
 * behave as a program expects while it runs, and a crash takes all of them. Files that came into being otherwise have the
 * defaults.
 */

/** What belongs to one file, whatever its names are. */
export interface Attributes {
  readonly ino: number;
  readonly kind: "file" | "directory";
  /** Permission bits, without the kind. */
  mode: number;
  uid: number;
  gid: number;
  atimeMs: number;
  mtimeMs: number;
  ctimeMs: number;
  readonly birthtimeMs: number;
  /** The one name of a directory in the store; undefined once it is removed. Unused for files. */
  path: string | undefined;
}

export interface AttributeDefaults {
  readonly umask: number;
  readonly uid: number;
  readonly gid: number;
  readonly now: () => number;
}

export class AttributeTable {
  readonly #defaults: AttributeDefaults;
  readonly #byPath = new Map<string, Attributes>();
  #nextIno = 2;

  constructor(defaults: AttributeDefaults) {
    this.#defaults = defaults;
  }

  now(): number {
    return this.#defaults.now();
  }

  /** Those of an entry that exists. */
  of(path: string, kind: Attributes["kind"]): Attributes {
    const known = this.#byPath.get(path);
    if (known?.kind === kind) return known;
    return this.#add(path, kind, kind === "directory" ? 0o777 : 0o666);
  }

  #add(path: string, kind: Attributes["kind"], mode: number): Attributes {
    const { umask, uid, gid, now } = this.#defaults;
    const time = now();
    const attributes: Attributes = {
      ino: this.#nextIno++,
      kind,
      mode: mode & 0o7777 & ~umask,
      uid,
      gid,
      atimeMs: time,
      mtimeMs: time,
      ctimeMs: time,
      birthtimeMs: time,
      path: kind === "directory" ? path : undefined,
    };
    this.#byPath.set(path, attributes);
    return attributes;
  }

  /** A new entry: its directory has changed. */
  created(path: string, kind: Attributes["kind"], mode: number): Attributes {
    this.#touchParent(path);
    return this.#add(path, kind, mode);
  }

  removed(path: string): void {
    this.#touchParent(path);
    const known = this.#byPath.get(path);
    if (known === undefined) return;
    known.ctimeMs = this.now();
    known.path = undefined;
    this.#byPath.delete(path);
  }

  linked(from: string, to: string): void {
    const attributes = this.of(from, "file");
    attributes.ctimeMs = this.now();
    this.#byPath.set(to, attributes);
    this.#touchParent(to);
  }

  /** The entry `from` is called `to` from here on, and so is everything below it. */
  renamed(from: string, to: string, kind: Attributes["kind"]): void {
    const attributes = this.of(from, kind);
    const replaced = this.#byPath.get(to);
    if (replaced !== undefined) replaced.path = undefined;
    this.#move(from, to, attributes);
    if (kind === "directory") {
      const below = `${from}/`;
      for (const [path, each] of [...this.#byPath]) {
        if (path.startsWith(below)) this.#move(path, to + path.slice(from.length), each);
      }
    }
    attributes.ctimeMs = this.now();
    this.#touchParent(from);
    this.#touchParent(to);
  }

  #move(from: string, to: string, attributes: Attributes): void {
    this.#byPath.delete(from);
    this.#byPath.set(to, attributes);
    if (attributes.path !== undefined) attributes.path = to;
  }

  #touchParent(path: string): void {
    const cut = path.lastIndexOf("/");
    const parent = this.of(cut <= 0 ? "/" : path.slice(0, cut), "directory");
    parent.mtimeMs = this.now();
    parent.ctimeMs = parent.mtimeMs;
  }
}
