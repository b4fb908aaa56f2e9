import {
  acquireDirectoryLock,
  atomicReplace,
  cleanUpAfter,
  isFsError,
  makeDirectoriesDurably,
  type Directory,
  type DirectoryLock,
} from "@holdfast/fs-seam";
import type { EventDefinition } from "./event-definition.js";
import {
  decodeCursorPosition,
  divergedPosition,
  encodeCursorPosition,
  type CursorBinding,
  type CursorPosition,
} from "./cursor-position.js";
import { isSame, HASH_BYTES } from "./event-layout.js";
import type { ReadableStore } from "./readable-store.js";
import { StoreError } from "./store-error.js";

/**
 * Where a named cursor keeps its position: `cursors/<name>/position`, beside the lock of whoever has the cursor open.
 *
 * Crash windows of the first open:
 *
 * 1. The directories are made, each name durably. Window: none of them, some of them, all of them; and nothing in the last one. There is no
 *    cursor yet, and the next open is the first one again.
 * 2. The lock is taken. Window: the lock of a dead owner, or a part of it, which the next open takes over.
 * 3. The position where the cursor begins is written as below, before the first event is given out. Without it a cursor that begins at
 *    the end would begin at a later end after a crash, and skip what lies between.
 *
 * Crash windows of an acknowledgement:
 *
 * 4. The events are durable before anything else is done. Window: the old position; what was handled is given out again.
 * 5. The file is replaced: temporary file, sync, rename, names barrier. Window: the old position or the new one, complete either way, and
 *    perhaps a temporary file, which the next open removes.
 * 6. Behind the names barrier: the new position. Only then does the acknowledgement resolve.
 */

const POSITION = "position";

/** The path of the position of a cursor, below the directory that keeps it. */
function cursorDirectory(name: string): string {
  return `cursors/${name}`;
}

/** The position of a named cursor, and the right to move it. */
export class CursorFile {
  readonly #directory: Directory;
  readonly #lock: DirectoryLock;
  readonly #binding: CursorBinding;

  private constructor(directory: Directory, lock: DirectoryLock, binding: CursorBinding) {
    this.#directory = directory;
    this.#lock = lock;
    this.#binding = binding;
  }

  /** @throws `FsError` `FS_LOCKED` while somebody else has it, in this process or another. */
  static async open(
    parent: Directory,
    name: string,
    source: { readonly id: string },
    region: string,
  ): Promise<CursorFile> {
    const path = cursorDirectory(name);
    await makeDirectoriesDurably(parent, path);
    const directory = parent.directory(path);
    const lock = acquireDirectoryLock(directory);
    try {
      directory.sweepTemps();
    } catch (error) {
      cleanUpAfter(error, () => lock.release());
      throw error;
    }
    return new CursorFile(directory, lock, { name, id: source.id, region, file: `${path}/${POSITION}` });
  }

  /**
   * The position that was saved last, which the history has; undefined where none was.
   *
   * @throws {@link StoreError} `STORE_CURSOR_CORRUPT`, `STORE_CURSOR_MISMATCH`, `STORE_UNSUPPORTED`.
   */
  read<Definition extends EventDefinition>(history: ReadableStore<Definition>): CursorPosition | undefined {
    let bytes: Uint8Array;
    try {
      bytes = this.#directory.readFile(POSITION);
    } catch (error) {
      if (isFsError(error, "FS_NOT_FOUND")) return undefined;
      throw error;
    }
    const position = decodeCursorPosition(bytes, this.#binding);
    const { sequence, hash } = position;
    if (sequence === 0) return position;
    const found = history.hashAt(sequence);
    if (found === undefined || !isSame(found, 0, hash, 0, HASH_BYTES)) throw divergedPosition(this.#binding, sequence);
    return position;
  }

  /** Durability: `data`. The old position or this one, whatever happens meanwhile. */
  async save(position: CursorPosition): Promise<void> {
    await atomicReplace(this.#directory, POSITION, encodeCursorPosition(this.#binding, position), { rung: "data" });
  }

  /** Gives the cursor to whoever wants it next. Idempotent. */
  release(): void {
    this.#lock.release();
  }
}

const namePattern = /^[a-z0-9](?:[a-z0-9._-]{0,98}[a-z0-9])?$/;
/** Names that are devices on Windows, whatever follows a dot. */
const devicePattern = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;

/** @throws {@link StoreError} `STORE_INVALID_NAME` unless it can name a directory on every file system. */
export function checkCursorName(name: string): void {
  if (typeof name === "string" && namePattern.test(name) && !devicePattern.test(name)) return;
  const message =
    "the name of a cursor has 1 to 100 of a-z, 0-9, dot, hyphen and underscore, begins and ends with one of a-z and 0-9, and is no device of Windows";
  throw new StoreError("STORE_INVALID_NAME", message, { field: "name", actual: String(name).slice(0, 200) });
}
