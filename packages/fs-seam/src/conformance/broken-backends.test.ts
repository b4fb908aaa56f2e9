import { describe, expect, test } from "vitest";
import { runConformance } from "./index.js";
import type { FileHandle, FileStat, OpenFileOptions } from "../file-handle.js";
import { FsError } from "../fs-error.js";
import { MemoryFs } from "../memory-fs.js";
import type { DirectoryEntry, FsCapabilities, StoreFs } from "../store-fs.js";

/** Backends broken on purpose: a case counts once it was seen failing. */

/** A handle with some methods replaced; the others are those of the inner one. */
function changed(handle: FileHandle, change: Partial<FileHandle>): FileHandle {
  return new Proxy(handle, {
    get(target, key) {
      const own: unknown = Reflect.get(change, key);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

type Broken = readonly [what: string, make: () => StoreFs, caughtBy: string];

/** A MemoryFs whose handles are changed as they are opened. */
function withHandles(
  change: (handle: FileHandle, fs: MemoryFs, options: OpenFileOptions) => Partial<FileHandle>,
): () => StoreFs {
  return () =>
    new (class extends MemoryFs {
      override open(path: string, options: OpenFileOptions): FileHandle {
        const handle = super.open(path, options);
        return changed(handle, change(handle, this, options));
      }
    })();
}

function withCapabilities(change: Partial<FsCapabilities>): () => StoreFs {
  return () =>
    new (class extends MemoryFs {
      override capabilities(): FsCapabilities {
        return { ...super.capabilities(), ...change };
      }
    })();
}

const broken: readonly Broken[] = [
  [
    "exclusive creates open what is there",
    () =>
      new (class extends MemoryFs {
        override open(path: string, options: OpenFileOptions): FileHandle {
          return super.open(path, options.create === "exclusive" ? { ...options, create: "if-missing" } : options);
        }
      })(),
    "create-new-exclusive",
  ],
  [
    "a truncation that shrinks forgets to zero what is behind it",
    withHandles((handle) => {
      let cut = new Uint8Array(0);
      let at = 0;
      return {
        truncate(size) {
          const before = handle.stat().size;
          if (size < before) {
            cut = new Uint8Array(before - size);
            at = size;
            handle.readAt(cut, size);
          }
          handle.truncate(size);
          if (size > before && size >= at + cut.length) handle.writeAt(cut, at);
        },
      };
    }),
    "truncate-shrink-grow-reads-zero",
  ],
  [
    "the link count is always 1",
    () =>
      new (class extends MemoryFs {
        override stat(path: string): FileStat {
          return { ...super.stat(path), links: 1 };
        }
      })(),
    "nlink-counts",
  ],
  [
    "an open file keeps its link when it is removed",
    withHandles((handle) => ({ stat: () => ({ ...handle.stat(), links: Math.max(1, handle.stat().links) }) })),
    "nlink-after-unlink",
  ],
  [
    "a link is a copy",
    () =>
      new (class extends MemoryFs {
        override link(from: string, to: string): void {
          this.reflink(from, to);
        }
      })(),
    "hard-link-shares-bytes",
  ],
  [
    "appends land where the handle last was",
    withHandles((handle, fs, { mode }) => {
      if (mode !== "append") return {};
      let at = handle.stat().size;
      return {
        append(bytes) {
          using writer = fs.open(handle.path, { mode: "write" });
          writer.writeAt(bytes, at);
          at += bytes.length;
        },
      };
    }),
    "append-lands-at-the-end",
  ],
  [
    "a positioned write on an append handle is taken",
    withHandles((handle, _fs, { mode }) => (mode === "append" ? { writeAt: (bytes) => handle.append(bytes) } : {})),
    "open-append-ignores-offset",
  ],
  [
    "handles are bound to their path",
    withHandles((handle, fs) => ({
      writeAt(bytes, offset) {
        if (handle.stat().links === 0) return;
        using other = MemoryFs.prototype.open.call(fs, handle.path, { mode: "write", create: "if-missing" });
        other.writeAt(bytes, offset);
      },
    })),
    "handle-survives-rename",
  ],
  [
    "a rename onto itself removes the file",
    () =>
      new (class extends MemoryFs {
        override rename(from: string, to: string): void {
          if (from === to && this.stat(from).kind === "file") this.remove(from);
          else super.rename(from, to);
        }
      })(),
    "same-path-rename-non-destructive",
  ],
  [
    "a rename over a directory removes it",
    () =>
      new (class extends MemoryFs {
        override rename(from: string, to: string): void {
          if (this.list("/").some(({ name, kind }) => `/${name}` === to && kind === "directory")) {
            super.removeDirectory(to);
          }
          super.rename(from, to);
        }
      })(),
    "rename-onto-directory-fails-closed-source-intact",
  ],
  [
    "a directory moves below itself and is gone",
    () =>
      new (class extends MemoryFs {
        override rename(from: string, to: string): void {
          if (to.startsWith(from) && from !== to) super.rename(from, "/lost");
          else super.rename(from, to);
        }
      })(),
    "directory-rename-into-itself-refused",
  ],
  [
    "a full directory is removed with all it holds",
    () =>
      new (class extends MemoryFs {
        override removeDirectory(path: string): void {
          for (const { name, kind } of this.list(path)) if (kind === "file") this.remove(`${path}/${name}`);
          super.removeDirectory(path);
        }
      })(),
    "remove-directory-only-empty",
  ],
  [
    "lists come as they were made",
    () =>
      new (class extends MemoryFs {
        override list(path: string): DirectoryEntry[] {
          return super.list(path).toReversed();
        }
      })(),
    "list-sorted-utf8",
  ],
  [
    "a streamed list loses its last batch",
    () =>
      new (class extends MemoryFs {
        override async *listStream(path: string): AsyncGenerator<DirectoryEntry[], void, undefined> {
          for await (const batch of super.listStream(path)) yield batch.slice(0, 256);
        }
      })(),
    "list-stream-sees-all",
  ],
  [
    "listing a file says that it is missing",
    () =>
      new (class extends MemoryFs {
        override list(path: string): DirectoryEntry[] {
          if (this.stat(path).kind === "directory") return super.list(path);
          throw new FsError("FS_NOT_FOUND", "list: nothing", { operation: "list", path });
        }
      })(),
    "read-dir-on-file-fails-closed-not-not-found",
  ],
  [
    "errors are whatever the platform throws",
    () =>
      new (class extends MemoryFs {
        override remove(path: string): void {
          try {
            super.remove(path);
          } catch (error) {
            throw Object.assign(new Error("EISDIR"), { cause: error });
          }
        }
      })(),
    "remove-file-on-directory-errors",
  ],
  [
    "a short read fills the buffer with zeros",
    withHandles((handle) => ({
      readAt(target, offset) {
        target.fill(0, handle.readAt(target, offset));
        return target.length;
      },
    })),
    "positioned-short-read-typed",
  ],
  [
    "the promise form of a read stops early",
    withHandles((handle) => ({
      readAtAsync: async (target, offset) => handle.readAtAsync(target.subarray(0, 4), offset),
    })),
    "promise-read-equals-blocking-read",
  ],
  [
    "a view is written with its neighbours",
    withHandles((handle) => ({ writeAt: (bytes, offset) => handle.writeAt(new Uint8Array(bytes.buffer), offset) })),
    "buffers-with-byte-offset",
  ],
  [
    "written bytes are borrowed for good",
    withHandles((handle, fs) => {
      const borrowed: [Uint8Array, number][] = [];
      return {
        writeAt(bytes, offset) {
          handle.writeAt(bytes, offset);
          borrowed.push([bytes, offset]);
        },
        close() {
          for (const [bytes, offset] of borrowed) handle.writeAt(bytes, offset);
          handle.close();
        },
        [Symbol.dispose]() {
          this.close?.();
        },
        readAt(target: Uint8Array, offset: number) {
          const writer = MemoryFs.prototype.open.call(fs, handle.path, { mode: "write" });
          for (const [bytes, at] of borrowed) writer.writeAt(bytes, at);
          writer.close();
          return handle.readAt(target, offset);
        },
      };
    }),
    "written-bytes-are-copied",
  ],
  [
    "a closed handle still reads",
    withHandles((handle) => ({ close: () => undefined, [Symbol.dispose]: () => handle.close() })),
    "use-after-close-typed",
  ],
  [
    "closing twice throws",
    withHandles((handle) => ({
      close() {
        handle.stat();
        handle.close();
      },
    })),
    "close-twice-safe",
  ],
  [
    "a handle for reading writes",
    () =>
      new (class extends MemoryFs {
        override open(path: string, options: OpenFileOptions): FileHandle {
          return super.open(path, options.mode === "read" ? { mode: "write" } : options);
        }
      })(),
    "read-handle-refuses-writes",
  ],
  [
    "offsets are rounded",
    withHandles((handle) => ({ writeAt: (bytes, offset) => handle.writeAt(bytes, Math.max(0, Math.floor(offset))) })),
    "offset-bounds-refused",
  ],
  [
    "paths are normalised instead of refused",
    () =>
      new (class extends MemoryFs {
        override stat(path: string): FileStat {
          return super.stat(new URL(path, "file:///").pathname);
        }
      })(),
    "path-escape-refused-everywhere",
  ],
  [
    "a promise form throws",
    () =>
      new (class extends MemoryFs {
        override syncNames(path: string): Promise<void> {
          this.syncNamesBlocking(path);
          return Promise.resolve();
        }
      })(),
    "names-barrier-in-both-forms",
  ],
  [
    "a names barrier of nothing succeeds",
    () =>
      new (class extends MemoryFs {
        override syncNamesBlocking(): void {
          return undefined;
        }
      })(),
    "names-barrier-in-both-forms",
  ],
  [
    "allocation writes zeros over what is there",
    withHandles((handle) => ({
      allocate: (offset, length) => handle.writeAt(new Uint8Array(length), offset),
    })),
    "allocate-keeps-bytes",
  ],
  [
    "the length of an open file is stale",
    withHandles((handle) => ({ stat: () => ({ ...handle.stat(), size: 0 }) })),
    "handle-length-reflects-synced-bytes",
  ],
  [
    "every process is dead",
    () =>
      new (class extends MemoryFs {
        override processState(): "dead" {
          return "dead";
        }
      })(),
    "process-judges-itself-alive",
  ],
  [
    "nonces repeat",
    () =>
      new (class extends MemoryFs {
        override nonce(): string {
          return "1";
        }
      })(),
    "nonces-differ-and-fit-a-name",
  ],
  ["declares no hard links and has them", withCapabilities({ hardLinks: false }), "hard-links-honest"],
  ["declares no punch and has it", withCapabilities({ punch: false }), "punch-honest"],
  ["declares no reflink and has it", withCapabilities({ reflink: "no" }), "copy-reports-strategy-honestly"],
  ["declares punch and does nothing", withHandles(() => ({ punch: () => undefined })), "punch-reads-zero-keeps-length"],
  [
    "declares reflinks and shares the file itself",
    () =>
      new (class extends MemoryFs {
        override reflink(from: string, to: string): void {
          this.link(from, to);
        }
      })(),
    "copy-reports-strategy-honestly",
  ],
  [
    "a refused reflink leaves an empty file",
    () =>
      new (class extends MemoryFs {
        override capabilities(): FsCapabilities {
          return { ...super.capabilities(), reflink: "try" };
        }
        override reflink(from: string, to: string): void {
          this.stat(from);
          this.open(to, { mode: "write", create: "exclusive" }).close();
          throw new FsError("FS_UNSUPPORTED", "copy: no", { operation: "copy", path: from });
        }
      })(),
    "copy-reports-strategy-honestly",
  ],
];

describe("a broken backend is caught", () => {
  test.each(broken)("%s", async (_what, make, caughtBy) => {
    const sound = await runConformance({ name: "sound", make: () => new MemoryFs() }, [caughtBy]);
    expect(sound.verdicts).toEqual([{ id: caughtBy, kind: "pass" }]);
    const { verdicts } = await runConformance({ name: "broken", make }, [caughtBy]);
    const message: unknown = expect.stringMatching(/^(?:ConformanceViolation|FsError): /); // no accident of this test
    expect(verdicts).toMatchObject([{ id: caughtBy, kind: "violation", message }]);
  });
});
