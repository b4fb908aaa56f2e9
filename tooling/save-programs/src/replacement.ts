import type { Directory, StoreFs } from "@holdfast/fs-seam";
import type { SaveProgram } from "./save-programs.js";

/** What a program reads back behind a crash. `damaged` is neither version: `text` says what it read, or why it could not. */
export type Found =
  | { readonly kind: "old" }
  | { readonly kind: "new" }
  | { readonly kind: "damaged"; readonly text: string };

/** One value saved over another by a published package: the part of a crash matrix that is not the verdict. */
export interface Replacement {
  setup(directory: Directory, fs: StoreFs): Promise<void>;
  /** Acknowledges `saved` when the save reports success. */
  workload(directory: Directory, run: { readonly fs: StoreFs; ack(label: string): void }): Promise<void>;
  /**
   * Loads, and saves again, so that a crash inside recovery is one inside a save. A damaged file is removed between the
   * two, as its owner has to do for a package that goes on with what it can read only.
   */
  recover(directory: Directory): Promise<Found>;
}

const name = "doc.json";
const path = `/crash/${name}`;
const versions = { old: "old", new: "a new one" } as const;

/** @param mount - shows a file system to the program at `/crash`. */
export function replacement(program: SaveProgram, mount: (fs: StoreFs) => void): Replacement {
  return {
    async setup(_, fs) {
      mount(fs);
      await program.save(path, versions.old);
    },
    async workload(_, run) {
      mount(run.fs);
      await program.save(path, versions.new);
      run.ack("saved");
    },
    async recover(directory) {
      mount(directory.fs);
      const found = await load(program);
      if (found.kind === "damaged") directory.removeIfPresent(name);
      await program.save(path, versions[found.kind === "new" ? "new" : "old"]);
      return found;
    },
  };
}

async function load(program: SaveProgram): Promise<Found> {
  try {
    const value = await program.load(path);
    if (value === versions.old) return { kind: "old" };
    return value === versions.new ? { kind: "new" } : { kind: "damaged", text: `it reads back as ${String(value)}` };
  } catch (error) {
    return { kind: "damaged", text: String(error) };
  }
}
