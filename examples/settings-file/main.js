// A settings file: the old settings or the new ones, whatever happens while they are saved, and the new ones for good once
// `save` has resolved. On the disk, and then after every power loss there can be.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crashMatrix } from "@holdfast/crash-test";
import { atomicReplace, isFsError, openDirectory } from "@holdfast/fs-seam";

/** @import { Directory } from "@holdfast/fs-seam" */

class Settings {
  static #file = "settings.json";
  /** @type {Directory} */
  #directory;

  /** @param {Directory} directory where the file lives; of the real file system, or of a simulated one */
  constructor(directory) {
    this.#directory = directory;
  }

  /** @returns {Record<string, unknown>} nothing set, where nothing was ever saved */
  load() {
    try {
      return JSON.parse(new TextDecoder().decode(this.#directory.readFile(Settings.#file)));
    } catch (error) {
      if (isFsError(error) && error.code === "FS_NOT_FOUND") return {};
      throw error; // never start with empty settings because a disk could not be read
    }
  }

  /** @param {Record<string, unknown>} settings survive a power loss when this resolves */
  async save(settings) {
    const bytes = new TextEncoder().encode(`${JSON.stringify(settings, null, 2)}\n`);
    await atomicReplace(this.#directory, Settings.#file, bytes, { rung: "full" });
  }
}

// On the disk.
const place = mkdtempSync(join(tmpdir(), "settings-"));
const home = openDirectory(join(place, "app"), { create: true });
const settings = new Settings(home);
assert.deepEqual(settings.load(), {});
await settings.save({ theme: "dark", fontSize: 14 });
assert.deepEqual(new Settings(home).load(), { theme: "dark", fontSize: 14 });
rmSync(place, { recursive: true });

// The same class on every disk that a power loss may leave, on four kinds of file systems.
const report = await crashMatrix({
  setup: (directory) => new Settings(directory).save({ theme: "dark" }),
  workload: async (directory, run) => {
    await new Settings(directory).save({ theme: "light" });
    run.ack("saved");
  },
  recover: (directory) => new Settings(directory).load()["theme"],
  check: (theme, { acked }) => theme === "light" || (theme === "dark" && !acked("saved")),
});
assert.ok(report.recoveries > 0);
console.log(`settings were never lost, in ${report.distinct} crashes`);
