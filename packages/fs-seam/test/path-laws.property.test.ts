// The two path-keyed laws against models that hold whole files as strings and can be believed at a glance.
// Any sequence of operations over three names, with handles that stay open and crashes in between, must leave the same
// tree and answer every barrier alike. Replay a failure: FC_SEED=<seed> npx vitest run test/path-laws.property.test.ts
import fc from "fast-check";
import { expect, test } from "vitest";
import { CrashFs } from "../src/crash-fs.js";
import type { FileHandle } from "../src/file-handle.js";
import { isFsError } from "../src/fs-error.js";
import { byComponents } from "../src/path-walk.js";

const names = ["/a", "/b", "/c"] as const;
const name = fc.constantFrom(...names);
const slot = fc.integer({ min: 0, max: 2 });
const step = fc.oneof(
  fc.record({ op: fc.constant("open" as const), slot, path: name, create: fc.boolean() }),
  fc.record({ op: fc.constant("append" as const), slot, text: fc.string({ minLength: 1, maxLength: 3 }) }),
  fc.record({ op: fc.constant("truncate" as const), slot, size: fc.integer({ min: 0, max: 4 }) }),
  fc.record({ op: fc.constant("sync" as const), slot }),
  fc.record({ op: fc.constant("rename" as const), from: name, to: name }),
  fc.record({ op: fc.constant("link" as const), from: name, to: name }),
  fc.record({ op: fc.constant("clone" as const), from: name, to: name }),
  fc.record({ op: fc.constant("remove" as const), path: name }),
  fc.record({ op: fc.constant("behind" as const), path: name }),
  fc.record({ op: fc.constant("crash" as const) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One file; several names may lead to it. */
interface File {
  bytes: string;
}

/** The tree as strings, and the law as the specification of the reference tells it. */
abstract class Model {
  readonly files = new Map<string, File>();
  readonly handles = new Map<number, { readonly path: string; readonly file: File }>();

  abstract opening(path: string): void;
  abstract created(path: string): void;
  abstract synced(path: string, file: File): boolean;
  abstract renamed(from: string, to: string): void;
  abstract removed(path: string): void;
  abstract copied(from: string, to: string): void;
  abstract crash(): void;

  /** Does a step and says whether it worked. */
  run(step: Step): boolean {
    const { files } = this;
    switch (step.op) {
      case "open": {
        this.opening(step.path);
        const found = files.get(step.path);
        if (found === undefined && !step.create) return false;
        if (found === undefined) {
          files.set(step.path, { bytes: "" });
          this.created(step.path);
        }
        this.handles.set(step.slot, { path: step.path, file: files.get(step.path) as File });
        return true;
      }
      case "append":
      case "truncate": {
        const file = this.handles.get(step.slot)?.file;
        if (file === undefined) return false;
        if (step.op === "append") file.bytes += step.text;
        else file.bytes = file.bytes.slice(0, step.size).padEnd(step.size, "\0");
        return true;
      }
      case "sync": {
        const handle = this.handles.get(step.slot);
        return handle !== undefined && this.synced(handle.path, handle.file);
      }
      case "rename": {
        const file = files.get(step.from);
        if (file === undefined) return false;
        if (files.get(step.to) !== file) {
          files.set(step.to, file);
          files.delete(step.from);
        }
        if (step.from !== step.to) this.renamed(step.from, step.to);
        return true;
      }
      case "link":
      case "clone": {
        const file = files.get(step.from);
        if (file === undefined || files.has(step.to)) return false;
        files.set(step.to, step.op === "link" ? file : { bytes: file.bytes });
        this.copied(step.from, step.to);
        return true;
      }
      case "remove":
        if (!files.delete(step.path)) return false;
        this.removed(step.path);
        return true;
      case "behind": {
        const file = files.get(step.path);
        if (file === undefined) files.set(step.path, { bytes: "#" });
        else file.bytes += "#";
        return true;
      }
      case "crash":
        this.crash();
        return true;
    }
  }
}

class ImagesModel extends Model {
  readonly images = new Map<string, string>();
  touched = new Set<string>();

  opening(path: string): void {
    const bytes = this.files.get(path)?.bytes;
    if (!this.touched.has(path) && bytes !== undefined) this.images.set(path, bytes);
    this.touched.add(path);
  }
  created(): void {}
  synced(path: string): boolean {
    const bytes = this.files.get(path)?.bytes;
    if (bytes !== undefined) this.images.set(path, bytes);
    return bytes !== undefined;
  }
  renamed(from: string, to: string): void {
    const [image, touched] = [this.images.get(from), this.touched.has(from)];
    this.removed(to);
    this.removed(from);
    if (image !== undefined) this.images.set(to, image);
    if (touched) this.touched.add(to);
  }
  removed(path: string): void {
    this.images.delete(path);
    this.touched.delete(path);
  }
  copied(from: string, to: string): void {
    const now = this.touched.has(from) ? undefined : this.files.get(from)?.bytes;
    const image = this.images.get(from) ?? now;
    if (image === undefined) this.images.delete(to);
    else this.images.set(to, image);
    this.touched.add(to);
  }
  crash(): void {
    for (const path of [...new Set([...this.images.keys(), ...this.touched])].sort()) {
      const image = this.images.get(path);
      const file = this.files.get(path);
      if (image === undefined) this.files.delete(path);
      else if (file === undefined) this.files.set(path, { bytes: image });
      else file.bytes = image;
    }
    this.touched = new Set(this.images.keys());
  }
}

class LengthsModel extends Model {
  readonly lengths = new Map<string, number>();

  opening(): void {}
  created(path: string): void {
    if (!this.lengths.has(path)) this.lengths.set(path, 0);
  }
  synced(path: string, file: File): boolean {
    this.lengths.set(path, file.bytes.length);
    return true;
  }
  renamed(): void {}
  removed(): void {}
  copied(_from: string, to: string): void {
    this.lengths.set(to, this.files.get(to)?.bytes.length ?? 0);
  }
  crash(): void {
    for (const [path, length] of [...this.lengths].sort(([a], [b]) => byComponents(a, b))) {
      const file = this.files.get(path);
      if (file !== undefined) file.bytes = file.bytes.slice(0, length).padEnd(length, "\0");
    }
  }
}

/** The same steps on the engine. */
class Engine {
  readonly fs: CrashFs;
  readonly handles = new Map<number, FileHandle>();

  constructor(personality: string) {
    this.fs = new CrashFs({ personality });
  }

  run(step: Step): boolean {
    try {
      this.#do(step);
      return true;
    } catch (error) {
      if (isFsError(error, "FS_NOT_FOUND", "FS_ALREADY_EXISTS")) return false;
      throw error;
    }
  }

  #do(step: Step): void {
    const { fs } = this;
    switch (step.op) {
      case "open": {
        const handle = fs.open(step.path, { mode: "append", create: step.create ? "if-missing" : "never" });
        this.handles.get(step.slot)?.close();
        this.handles.set(step.slot, handle);
        return;
      }
      case "append":
        return this.#handle(step.slot).append(Buffer.from(step.text, "latin1"));
      case "truncate":
        return this.#handle(step.slot).truncate(step.size);
      case "sync":
        return this.#handle(step.slot).syncBlocking("full");
      case "rename":
        return fs.rename(step.from, step.to);
      case "link":
        return fs.link(step.from, step.to);
      case "clone":
        return fs.reflink(step.from, step.to);
      case "remove":
        return fs.remove(step.path);
      case "behind":
        return fs.pathLaw?.unobserved(() => {
          using handle = fs.open(step.path, { mode: "append", create: "if-missing" });
          handle.append(Buffer.from("#"));
        });
      case "crash":
        fs.crash();
        return;
    }
  }

  #handle(slot: number): FileHandle {
    const handle = this.handles.get(slot);
    if (handle !== undefined) return handle;
    this.fs.open("/nothing", { mode: "read" }).close(); // throws the error of a missing file
    throw new Error("unreachable");
  }

  tree(): Record<string, string> {
    const found: Record<string, string> = {};
    for (const { name } of this.fs.list("/")) {
      using handle = this.fs.open(`/${name}`, { mode: "read" });
      const bytes = new Uint8Array(handle.stat().size);
      handle.readAt(bytes, 0);
      found[`/${name}`] = Buffer.from(bytes).toString("latin1");
    }
    return found;
  }
}

const runs = Number(process.env["FC_NUM_RUNS"] ?? 500);
const seed = process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) };

const laws = [
  { personality: "seed-crashfs", model: () => new ImagesModel() },
  { personality: "seed-simfs", model: () => new LengthsModel() },
];

test.each(laws)("$personality does what its model does", ({ personality, model }) => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [expected, actual] = [model(), new Engine(personality)];
      for (const each of [...steps, { op: "crash" as const }]) {
        expect(actual.run(each), JSON.stringify(each)).toBe(expected.run(each));
        const files = Object.fromEntries([...expected.files].map(([path, { bytes }]) => [path, bytes]));
        expect(actual.tree(), JSON.stringify(each)).toEqual(files);
      }
    }),
    { numRuns: runs, ...seed },
  );
});
