import type { FileHandle } from "../file-handle.js";
import { Refusal } from "./seed-outcome.js";
import type { Place } from "./script-disk.js";

/** What a handle was opened for. */
export interface HandleAccess {
  readonly reads: boolean;
  readonly writes: boolean;
  readonly appends: boolean;
}

/** A handle as scripts know it: with a cursor, which an append handle has too, and with the flags it was opened with. */
export class ScriptHandle {
  readonly file: FileHandle;
  readonly place: Place;
  readonly #access: HandleAccess;
  #cursor = 0;

  constructor(file: FileHandle, place: Place, access: HandleAccess) {
    this.file = file;
    this.place = place;
    this.#access = access;
  }

  get writes(): boolean {
    return this.#access.writes;
  }

  /** At the cursor, or at the end, where it then leaves the cursor. Without bytes nobody looks at the flags. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    if (!this.#access.writes) throw new Refusal("Io");
    if (this.#access.appends) {
      this.file.append(bytes);
      this.#cursor = this.file.stat().size;
    } else {
      this.file.writeAt(bytes, this.#cursor);
      this.#cursor += bytes.length;
    }
  }

  read(length: number): Uint8Array {
    if (!this.#access.reads) throw new Refusal("Io");
    const rest = Math.max(0, this.file.stat().size - this.#cursor);
    const bytes = new Uint8Array(Math.min(length, rest));
    this.file.readAt(bytes, this.#cursor);
    this.#cursor += bytes.length;
    return bytes;
  }

  /** Moves the cursor and returns it; it may lie behind the end, never before the start. */
  seek(whence: string, offset: number): number {
    const bases = { start: 0, current: this.#cursor, end: this.file.stat().size };
    const base = whence === "end" ? bases.end : whence === "current" ? bases.current : bases.start;
    if (base + offset < 0) throw new Refusal("InvalidInput");
    this.#cursor = base + offset;
    return this.#cursor;
  }
}
