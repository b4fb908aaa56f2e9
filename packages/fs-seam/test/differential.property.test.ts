import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CrashFs } from "../src/crash-fs.js";
import type { FileHandle } from "../src/file-handle.js";
import { FsError } from "../src/fs-error.js";
import { MemoryFs } from "../src/memory-fs.js";
import { RealFs } from "../src/real-fs.js";
import type { StoreFs } from "../src/store-fs.js";

// Goal: while it runs, the engine behaves as the file system of this machine. Method: the same random commands on both;
// every return value and every error code must agree, and so must the whole tree in the end.

const names = ["a", "b", "d", "d/a", "d/b", "d/e", "d/e/a"];
const path = fc.constantFrom(...names).map((name) => `/${name}`);
const offset = fc.oneof(
  fc.nat(40),
  fc.constantFrom(0, 511, 512, 4000, 4095, 4096, 4097, 8192, 70_000, 262_144, 300_000, 1_100_000_000),
);
const length = fc.oneof(fc.nat(40), fc.constantFrom(0, 1, 512, 4096, 5000, 12_288));

const command = fc.oneof(
  fc.record({
    kind: fc.constant("open" as const),
    path,
    mode: fc.constantFrom("read" as const, "write" as const, "append" as const),
    create: fc.constantFrom("never" as const, "if-missing" as const, "exclusive" as const),
    truncate: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("writeAt" as const), handle: fc.nat(3), offset, length, fill: fc.nat(255) }),
  fc.record({ kind: fc.constant("append" as const), handle: fc.nat(3), length, fill: fc.nat(255) }),
  fc.record({ kind: fc.constant("readAt" as const), handle: fc.nat(3), offset, length }),
  fc.record({ kind: fc.constant("truncate" as const), handle: fc.nat(3), offset }),
  fc.record({ kind: fc.constant("allocate" as const), handle: fc.nat(3), offset: fc.nat(9000), length }),
  fc.record({ kind: fc.constant("sync" as const), handle: fc.nat(3) }),
  fc.record({ kind: fc.constant("statHandle" as const), handle: fc.nat(3) }),
  fc.record({ kind: fc.constant("close" as const), handle: fc.nat(3) }),
  fc.record({ kind: fc.constant("stat" as const), path }),
  fc.record({ kind: fc.constant("list" as const), path }),
  fc.record({ kind: fc.constant("makeDirectory" as const), path }),
  fc.record({ kind: fc.constant("removeDirectory" as const), path }),
  fc.record({ kind: fc.constant("remove" as const), path }),
  fc.record({ kind: fc.constant("rename" as const), path, to: path }),
  fc.record({ kind: fc.constant("link" as const), path, to: path }),
  fc.record({ kind: fc.constant("syncNames" as const), path }),
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

function outcome(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    if (error instanceof FsError) return error.code;
    throw error;
  }
}

class Player {
  readonly fs: StoreFs;
  readonly #handles: FileHandle[] = [];

  constructor(fs: StoreFs) {
    this.fs = fs;
  }

  play(step: Command): unknown {
    if ("handle" in step) {
      const handle = this.#handles[step.handle];
      return handle === undefined ? "no handle" : outcome(() => onHandle(handle, step));
    }
    return outcome(() => this.#onPath(step));
  }

  #onPath(step: Exclude<Command, { handle: number }>): unknown {
    switch (step.kind) {
      case "open": {
        const { mode, create, truncate } = step;
        const handle = this.fs.open(step.path, { mode, create, truncate });
        if (this.#handles.length === 4) this.#handles.shift()?.close();
        this.#handles.push(handle);
        return "opened";
      }
      case "stat": {
        const { kind, size, links } = this.fs.stat(step.path);
        return kind === "file" ? { kind, size, links } : { kind };
      }
      case "list":
        return this.fs.list(step.path);
      case "makeDirectory":
        return this.fs.makeDirectory(step.path);
      case "removeDirectory":
        return this.fs.removeDirectory(step.path);
      case "remove":
        return this.fs.remove(step.path);
      case "rename":
        return this.fs.rename(step.path, step.to);
      case "link":
        return this.fs.link(step.path, step.to);
      case "syncNames":
        return this.fs.syncNamesBlocking(step.path);
    }
  }

  tree(directory = "/"): unknown[] {
    return this.fs.list(directory).map(({ name, kind }) => {
      const at = directory === "/" ? `/${name}` : `${directory}/${name}`;
      if (kind === "directory") return [at, this.tree(at)];
      const handle = this.fs.open(at, { mode: "read" });
      const { size, links } = handle.stat();
      const bytes = new Uint8Array(Math.min(size, 1 << 20));
      handle.readAt(bytes, 0);
      handle.close();
      return [at, size, links, Buffer.from(bytes).toString("base64")];
    });
  }

  end(): void {
    for (const handle of this.#handles) handle.close();
  }
}

function onHandle(handle: FileHandle, step: Extract<Command, { handle: number }>): unknown {
  switch (step.kind) {
    case "writeAt":
      return handle.writeAt(new Uint8Array(step.length).fill(step.fill), step.offset);
    case "append":
      return handle.append(new Uint8Array(step.length).fill(step.fill));
    case "readAt": {
      const target = new Uint8Array(step.length).fill(7);
      const count = handle.readAt(target, step.offset);
      return [count, Buffer.from(target.subarray(0, count)).toString("base64")];
    }
    case "truncate":
      return handle.truncate(step.offset);
    case "allocate":
      return handle.allocate(step.offset, step.length);
    case "sync":
      return handle.syncBlocking("data");
    case "statHandle":
      return [handle.stat().size, handle.stat().links];
    case "close":
      return handle.close();
  }
}

function expectAlike(make: () => StoreFs, commands: readonly Command[]): void {
  const root = mkdtempSync(join(tmpdir(), "holdfast-differential-"));
  const ours = new Player(make());
  const real = new Player(new RealFs({ root }));
  try {
    commands.forEach((step, index) => {
      expect(ours.play(step), `step ${index} ${JSON.stringify(step)}`).toEqual(real.play(step));
    });
    expect(ours.tree()).toEqual(real.tree());
  } finally {
    ours.end();
    real.end();
    rmSync(root, { recursive: true, force: true });
  }
}

const runs = Number(process.env["FC_NUM_RUNS"] ?? 400);
const seed = process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) };

test("MemoryFs behaves as the real file system", { timeout: 300_000 }, () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 40 }), (commands) =>
      expectAlike(() => new MemoryFs(), commands),
    ),
    { numRuns: runs, ...seed },
  );
});

test("CrashFs behaves as the real file system until the power fails", { timeout: 300_000 }, () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 40 }), (commands) =>
      expectAlike(() => new CrashFs(), commands),
    ),
    { numRuns: runs, ...seed },
  );
});

test("a name does not take the place of a directory above it, and the refusal is the system's", () => {
  expectAlike(
    () => new MemoryFs(),
    [
      { kind: "makeDirectory", path: "/d" },
      { kind: "makeDirectory", path: "/d/e" },
      { kind: "open", path: "/d/a", mode: "write", create: "exclusive", truncate: false },
      { kind: "open", path: "/d/e/a", mode: "write", create: "exclusive", truncate: false },
      { kind: "rename", path: "/d/a", to: "/d" },
      { kind: "rename", path: "/d/e/a", to: "/d" },
      { kind: "rename", path: "/d/e", to: "/d" },
      { kind: "rename", path: "/d/b", to: "/d" },
      { kind: "rename", path: "/d/a", to: "/d/e" },
      { kind: "rename", path: "/d", to: "/d/a" },
    ],
  );
});
