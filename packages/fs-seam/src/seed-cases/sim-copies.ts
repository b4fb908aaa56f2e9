import type { Place, ScriptDisk } from "./script-disk.js";
import { Refusal } from "./seed-outcome.js";
import { OneShot } from "./sim-schedules.js";

/**
 * The two copies of batpak 0.9.0 on a Linux host with ext4, with the damage they do: the plain one empties a file that
 * is copied onto itself, the other one removes it. What they make is durable at once.
 */
export class SimCopies {
  readonly #disk: ScriptDisk;
  readonly #settle: (place: Place, bytes: number) => void;
  readonly #full = new OneShot<"copy">();

  /** @param noSpaceOn - ordinal, from 1, of the copy of either kind that finds no space; 0 for none. */
  constructor(disk: ScriptDisk, settle: (place: Place, bytes: number) => void, noSpaceOn: number) {
    this.#disk = disk;
    this.#settle = settle;
    this.#full.arm("copy", noSpaceOn);
  }

  /** Returns the bytes copied. The target is emptied before the source is read, and keeps its inode. */
  copy(from: Place, to: Place): number {
    this.#checkSpace();
    this.#checkSource(from);
    this.#write(from, to);
    return this.#book(to);
  }

  /** Returns the rung of the ladder that was reached. ext4 has no clones, so the best one is a hard link. */
  cowCopy(from: Place, to: Place, preference: string): "hardlink" | "deepCopy" {
    this.#checkSpace();
    this.#checkSource(from);
    if (this.#disk.kindOf(to.path) !== undefined) this.#disk.fs.remove(to.path);
    const linked = preference !== "deepCopyOnly" && this.#link(from, to);
    if (!linked) this.#write(from, to);
    this.#book(to);
    return linked ? "hardlink" : "deepCopy";
  }

  #checkSpace(): void {
    if (this.#full.strikes("copy")) throw new Refusal("StorageFull");
  }

  #checkSource({ path }: Place): void {
    if (this.#disk.fs.stat(path).kind !== "file") throw new Refusal("InvalidInput");
  }

  #link(from: Place, to: Place): boolean {
    try {
      this.#disk.law.unobserved(() => this.#disk.fs.link(from.path, to.path));
      return true;
    } catch {
      return false; // the next rung says what is wrong
    }
  }

  #write(from: Place, to: Place): void {
    using source = this.#disk.fs.open(from.path, { mode: "read" });
    this.#disk.openBehind(to.path, (target) => {
      target.truncate(0);
      const bytes = new Uint8Array(source.stat().size);
      source.readAt(bytes, 0);
      target.writeAt(bytes, 0);
    });
  }

  #book(to: Place): number {
    const { size } = this.#disk.fs.stat(to.path);
    this.#settle(to, size);
    return size;
  }
}
