import { FsError } from "./fs-error.js";
import { joinPath } from "./fs-path.js";
import { FsState, rootIno, type Image } from "./fs-state.js";
import type { ContentOrigin } from "./paged-content.js";
import type { FileStat } from "./file-handle.js";
import type { StoreFs } from "./store-fs.js";

/**
 * The tree of another file system as an image: names and lengths now, bytes when they are first read. Two names of one
 * file become two files, because a path interface cannot tell them from copies. The other file system is never written,
 * and must not be changed by anybody while the image is in use.
 */
export function readOnlyBase(fs: StoreFs): Image {
  const state = new FsState();
  copyTree(fs, "/", rootIno, state);
  return state.freeze();
}

function copyTree(fs: StoreFs, path: string, ino: number, state: FsState): void {
  for (const entry of fs.list(path)) {
    const below = joinPath(path, entry.name);
    if (entry.kind === "directory") {
      const directory = state.create("directory");
      state.link(ino, entry.name, directory.ino);
      copyTree(fs, below, directory.ino, state);
    } else if (entry.kind === "file") {
      const { size } = statOf(fs, below);
      state.link(ino, entry.name, state.create("file", state.nextIno, originOf(fs, below, size)).ino);
    } else {
      throw new FsError(
        "FS_UNSUPPORTED",
        `mount: ${below} is a ${entry.kind}, and only files and directories are modelled`,
        {
          operation: "mount",
          path: below,
        },
      );
    }
  }
}

function statOf(fs: StoreFs, path: string): FileStat {
  try {
    return fs.stat(path);
  } catch (cause) {
    const why = `mount: ${JSON.stringify(path)} of the base cannot be described; is its name within the rules?`;
    throw new FsError("FS_UNSUPPORTED", why, { operation: "mount", path }, { cause });
  }
}

function originOf(fs: StoreFs, path: string, size: number): ContentOrigin {
  return {
    size,
    load(target, offset) {
      const handle = fs.open(path, { mode: "read" });
      try {
        const count = handle.readAt(target, offset);
        if (count === target.length) return;
        throw new FsError("FS_SHORT_READ", `read ${path}: the base file became shorter while it was mounted`, {
          operation: "read",
          path,
          offset,
          transferred: count,
        });
      } finally {
        handle.close();
      }
    },
  };
}
