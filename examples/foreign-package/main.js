// A package from npm, unmodified, under every power loss. steno is what lowdb writes its files with: it writes a temporary
// file and renames it, and asks for no barrier. The matrix finds what follows from that, says where, and the fix.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { crashMatrix } from "@holdfast/crash-test";
import { patchNodeFs } from "@holdfast/crash-test/node";
import { MemoryFs } from "@holdfast/fs-seam/memory";

/** @import { CrashTestError } from "@holdfast/crash-test" */

const patch = patchNodeFs(new MemoryFs()); // before the package is loaded: it keeps the functions that it finds
const { Writer } = await import("steno");

const search = crashMatrix({
  setup: async (_, fs) => {
    patch.mount(fs);
    await new Writer("/crash/db.json").write('{"posts":["first"]}');
  },
  workload: async (_, run) => {
    patch.mount(run.fs);
    await new Writer("/crash/db.json").write('{"posts":["first","second"]}');
    run.ack("written");
  },
  recover: async ({ fs }) => {
    patch.mount(fs);
    return JSON.parse(await readFile("/crash/db.json", "utf8")); // throws when the file is empty, cut off or full of NULs
  },
  check: ({ posts }, { acked }) => posts.length === 2 || (posts.length === 1 && !acked("written")),
});

await assert.rejects(search, (/** @type {CrashTestError} */ error) => {
  assert.equal(error.code, "CRASH_TEST_FAILED");
  assert.match(error.message, /rename\(.*-> \/db\.json\)/, "it names the call that comes too early");
  assert.match(error.message, /Fix: .*fsync/, "and the barrier that is missing before it");
  console.log(error.message);
  return true;
});
patch.restore();
console.log("a power loss behind the rename leaves a database that cannot be parsed");
