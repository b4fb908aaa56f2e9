import type { Directory, FileHandle } from "@holdfast/fs-seam";
import { bytesOf, filler, readText } from "./content.js";
import { defineProtocol, demandVersion, type Protocol } from "./protocol.js";

type Mutant =
  | "no-temp-sync"
  | "no-names-sync"
  | "old-removed-first"
  | "path-reused-handle-synced"
  | "renamed-before-sync"
  | "synced-before-last-write"
  | "names-synced-before-rename"
  | "rewritten-in-place";

const versions = ["version 0", "version 1", filler("version 2", 1100)];

/** Keeps the handle of the first save open, as a program with a cache of handles by path does. */
interface HandleCache {
  first: FileHandle | undefined;
}

function save(directory: Directory, content: Uint8Array, cache: HandleCache, mutant: Mutant | undefined): void {
  const temp = mutant === "rewritten-in-place" ? "doc" : "doc.tmp";
  const handle = directory.open(temp, { mode: "write", create: "if-missing", truncate: true });
  cache.first ??= handle;
  const synced = mutant === "path-reused-handle-synced" ? cache.first : handle;
  const half = content.length >> 1;
  handle.writeAt(content.subarray(0, half), 0);
  if (mutant === "synced-before-last-write") synced.syncBlocking("data");
  handle.writeAt(content.subarray(half), half);
  if (mutant !== "no-temp-sync" && mutant !== "renamed-before-sync" && mutant !== "synced-before-last-write") {
    synced.syncBlocking("data");
  }
  if (mutant === "old-removed-first") directory.remove("doc");
  if (mutant === "names-synced-before-rename") directory.syncNamesBlocking();
  directory.rename(temp, "doc");
  if (mutant === "renamed-before-sync") synced.syncBlocking("data");
  if (mutant !== "no-names-sync" && mutant !== "names-synced-before-rename") directory.syncNamesBlocking();
}

/** A document is replaced as a whole, twice: temporary file, sync, rename, sync names. The second one has three sectors. */
export const atomicReplaceByHand: Protocol = defineProtocol<string | undefined, Mutant>(
  "atomic replace",
  {
    "no-temp-sync": "renames a temporary file whose bytes were never synced",
    "no-names-sync": "acknowledges without syncing the names after the rename",
    "old-removed-first": "removes the old file before the new name is durable",
    "path-reused-handle-synced": "syncs an old handle whose path now belongs to another file",
    "renamed-before-sync": "renames first and syncs the bytes afterwards",
    "synced-before-last-write": "syncs before the last write",
    "names-synced-before-rename": "syncs the names before the rename instead of after it",
    "rewritten-in-place": "truncates and rewrites the file itself",
  },
  (mutant) => ({
    setup: (directory) => directory.writeFile("doc", bytesOf(versions[0] ?? "")),
    workload(directory, run) {
      const cache: HandleCache = { first: undefined };
      for (const [index, version] of versions.entries()) {
        if (index === 0) continue;
        save(directory, bytesOf(version), cache, mutant);
        run.ack(`saved ${index}`, index);
      }
    },
    recover(directory) {
      directory.removeIfPresent("doc.tmp");
      return readText(directory, "doc");
    },
    check: (doc, context) => demandVersion(versions, doc, context),
  }),
);
