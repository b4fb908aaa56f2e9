import { claim, claimEqual } from "./claims.js";
import type { ConformanceCase } from "./conformance-case.js";
import { bytesOf, get, getIfPresent, kindOf, namesIn, put, putDurably, treeOf } from "./sample-files.js";
import { atomicReplaceBlocking } from "../atomic-replace.js";
import { Directory } from "../directory.js";
import { removeDurablyBlocking } from "../remove-durably.js";
import type { StoreFs } from "../store-fs.js";

/** One of a few contents, or none, and nothing else. */
function claimContent(state: StoreFs, path: string, allowed: readonly (string | undefined)[]): void {
  const found = getIfPresent(state, path);
  claim(allowed.includes(found), `${path} is ${JSON.stringify(found)}, which none of its versions was`);
}

/** What a power loss may and may not do to names. */
export const crashNameCases: readonly ConformanceCase[] = [
  {
    id: "unsynced-name-may-vanish-never-torn",
    family: "crash",
    obligation: "A synced file whose name was not is absent or complete, never in between.",
    needs: ["crashStates"],
    run(trial) {
      put(trial.fs, "/f", "complete", "full");
      trial.everyCrashState((state) => claimContent(state, "/f", [undefined, "complete"]));
    },
  },
  {
    id: "unsynced-name-vanishes-in-some-state",
    family: "crash",
    obligation: "A new name that nobody synced is lost in some state, and kept in some.",
    needs: ["crashStates", "losableNames"],
    run(trial) {
      put(trial.fs, "/f", "abc");
      trial.someCrashState("a new file is gone", (state) => kindOf(state, "/f") === undefined);
      trial.someCrashState("a new file is there", (state) => kindOf(state, "/f") === "file");
    },
  },
  {
    id: "rename-without-parent-sync-crash-old-or-new",
    family: "crash",
    obligation: "An unsynced rename within a directory leaves the file under exactly one of its names, complete.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/old", "complete");
      fs.rename("/old", "/new");
      trial.everyCrashState((state) => {
        claimContent(state, "/old", [undefined, "complete"]);
        claimContent(state, "/new", [undefined, "complete"]);
        // Where a rename may survive by half, either half is legal, so only the content counts.
        if (trial.law.rename === "atomic") claimEqual(namesIn(state, "/").length, 1, "names of the file");
      });
      fs.syncNamesBlocking("/");
      trial.everyCrashState((state) => claimEqual(treeOf(state), { "/new": "complete" }, "tree behind the barrier"));
    },
  },
  {
    id: "remove-without-parent-sync-crash-may-resurrect",
    family: "crash",
    obligation: "A removed file whose removal was not synced is absent or complete.",
    needs: ["crashStates"],
    run(trial) {
      putDurably(trial.fs, "/f", "complete");
      trial.fs.remove("/f");
      trial.everyCrashState((state) => claimContent(state, "/f", [undefined, "complete"]));
    },
  },
  {
    id: "durable-remove-never-resurrects",
    family: "crash",
    obligation: "A file whose removal was synced is absent in every state, also when its name is used again.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "old");
      fs.remove("/f");
      fs.syncNamesBlocking("/");
      trial.everyCrashState((state) => claimEqual(treeOf(state), {}, "tree"));
      putDurably(fs, "/g", "old");
      removeDurablyBlocking(new Directory(fs), "g");
      put(fs, "/g", "new", "full");
      trial.everyCrashState((state) => claimContent(state, "/g", [undefined, "new"]));
    },
  },
  {
    id: "persist-without-parent-sync-crash-old-or-new",
    family: "crash",
    obligation: "A synced file renamed over another leaves the old content or the new one under the name, complete.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "old");
      put(fs, "/temp", "brand new", "full");
      fs.rename("/temp", "/f");
      const absent = trial.law.rename === "split" ? [undefined] : [];
      trial.everyCrashState((state) => claimContent(state, "/f", ["old", "brand new", ...absent]));
    },
  },
  {
    id: "rename-over-without-sync-keeps-a-name",
    family: "crash",
    obligation: "An unsynced file renamed over a durable one may lose its bytes, never the name.",
    needs: ["crashStates", "losableNames"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "old");
      put(fs, "/temp", "new");
      fs.rename("/temp", "/f");
      trial.everyCrashState((state) => {
        const found = getIfPresent(state, "/f");
        if (found === undefined) return claimEqual(trial.law.rename, "split", "rename law of a state without the name");
        const sound = found === "old" || (found.length <= 3 && /^[new\0]*$/.test(found));
        claim(sound || trial.law.unwritten === "anything", `found ${JSON.stringify(found)}`);
      });
    },
  },
  {
    id: "atomic-replace-survives",
    family: "crash",
    obligation: "Behind a durable replacement every state has the new content, and before it the old.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "old");
      trial.everyCrashState((state) => claimEqual(get(state, "/f"), "old", "content before"));
      atomicReplaceBlocking(new Directory(fs), "f", bytesOf("brand new"), { rung: "full" });
      trial.everyCrashState((state) => claimEqual(treeOf(state), { "/f": "brand new" }, "tree behind it"));
    },
  },
  {
    id: "cross-dir-rename-never-zero-names",
    family: "crash",
    obligation: "While a file moves between directories, destination synced first, no state is without it.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      fs.makeDirectory("/a");
      fs.makeDirectory("/b");
      put(fs, "/a/f", "complete", "full");
      fs.syncNamesBlocking("/");
      fs.syncNamesBlocking("/a");
      fs.rename("/a/f", "/b/f");
      const legal = (state: StoreFs, split: boolean): void => {
        const found = [getIfPresent(state, "/a/f"), getIfPresent(state, "/b/f")].filter((text) => text !== undefined);
        claim(split || found.length > 0, "the file must have a name");
        for (const text of found) claimEqual(text, "complete", "content");
      };
      trial.everyCrashState((state) => legal(state, trial.law.rename === "split"));
      fs.syncNamesBlocking("/b");
      trial.everyCrashState((state) => {
        legal(state, false);
        claimEqual(get(state, "/b/f"), "complete", "content under the new name");
      });
      fs.syncNamesBlocking("/a");
      trial.everyCrashState((state) => {
        claimEqual(treeOf(state), { "/a": null, "/b": null, "/b/f": "complete" }, "tree behind both barriers");
      });
    },
  },
  {
    id: "mkdir-needs-parent-sync",
    family: "crash",
    obligation: "A new directory is lost in some state until its parent is synced, and then in none.",
    needs: ["crashStates", "losableNames"],
    run(trial) {
      const { fs } = trial;
      fs.makeDirectory("/d");
      fs.syncNamesBlocking("/d"); // its own barrier is about what it holds
      trial.someCrashState("a new directory is gone", (state) => kindOf(state, "/d") === undefined);
      fs.syncNamesBlocking("/");
      trial.everyCrashState((state) => claimEqual(kindOf(state, "/d"), "directory", "kind behind the barrier"));
    },
  },
  {
    id: "nested-mkdir-each-level",
    family: "crash",
    obligation: "Every level of a new path needs the barrier of its own parent.",
    needs: ["crashStates", "losableNames"],
    run(trial) {
      const { fs } = trial;
      const levels = new Directory(fs).makeDirectories("a/b/c");
      claimEqual(levels.length, 3, "directories to sync");
      fs.syncNamesBlocking("/");
      trial.everyCrashState((state) => claimEqual(kindOf(state, "/a"), "directory", "kind of the first level"));
      trial.someCrashState("the second level is gone", (state) => kindOf(state, "/a/b") === undefined);
      fs.syncNamesBlocking("/a");
      fs.syncNamesBlocking("/a/b");
      trial.everyCrashState((state) => claimEqual(kindOf(state, "/a/b/c"), "directory", "kind of the last level"));
    },
  },
  {
    id: "file-in-unsynced-dir-vanishes-with-dir",
    family: "crash",
    obligation: "A synced file in a directory that was not synced into its parent is unreachable or complete.",
    needs: ["crashStates", "losableNames"],
    run(trial) {
      const { fs } = trial;
      fs.makeDirectory("/d");
      put(fs, "/d/f", "complete", "full");
      fs.syncNamesBlocking("/d");
      trial.everyCrashState((state) => {
        if (kindOf(state, "/d") !== undefined) claimContent(state, "/d/f", ["complete"]);
      });
      trial.someCrashState("the file is gone with its directory", (state) => treeIsEmpty(state));
      fs.syncNamesBlocking("/");
      trial.everyCrashState((state) => claimEqual(get(state, "/d/f"), "complete", "content behind all barriers"));
    },
  },
  {
    id: "remove-dir-all-crash-consistent-tree",
    family: "crash",
    obligation: "A tree that was half removed is sound in every state: each name leads to something whole.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      const directory = new Directory(fs);
      directory.makeDirectories("t/sub");
      put(fs, "/t/a", "aa", "full");
      put(fs, "/t/sub/b", "bb", "full");
      for (const path of ["/", "/t", "/t/sub"]) fs.syncNamesBlocking(path);
      directory.removeTree("t");
      trial.everyCrashState((state) => {
        for (const [path, content] of Object.entries(treeOf(state))) {
          const wanted = { "/t": null, "/t/a": "aa", "/t/sub": null, "/t/sub/b": "bb" }[path];
          claimEqual(content, wanted ?? null, path);
          if (path.endsWith("b")) claimEqual(kindOf(state, "/t/sub"), "directory", "kind of its parent");
        }
      });
      fs.syncNamesBlocking("/");
      trial.everyCrashState((state) => claimEqual(treeOf(state), {}, "tree behind the barrier of the root"));
    },
  },
  {
    id: "directory-rename-crash-old-or-new",
    family: "crash",
    obligation: "An unsynced rename of a directory leaves the whole tree under the old name or the new one.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      fs.makeDirectory("/a");
      put(fs, "/a/f", "complete", "full");
      fs.syncNamesBlocking("/a");
      fs.syncNamesBlocking("/");
      fs.rename("/a", "/b");
      trial.everyCrashState((state) => {
        const found = [getIfPresent(state, "/a/f"), getIfPresent(state, "/b/f")].filter((text) => text !== undefined);
        if (trial.law.rename === "atomic") claimEqual(found.length, 1, "places of the tree");
        for (const text of found) claimEqual(text, "complete", "content");
      });
      fs.syncNamesBlocking("/");
      trial.everyCrashState((state) => claimEqual(treeOf(state), { "/b": null, "/b/f": "complete" }, "tree"));
    },
  },
  {
    id: "unlinked-open-file-never-returns",
    family: "crash",
    obligation: "A file that never had a durable name leaves nothing behind, though it was synced through its handle.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      using handle = fs.open("/f", { mode: "write", create: "exclusive" });
      handle.writeAt(bytesOf("secret"), 0);
      fs.remove("/f");
      handle.syncBlocking("full");
      fs.syncNamesBlocking("/");
      trial.everyCrashState((state) => claimEqual(treeOf(state), {}, "tree"));
    },
  },
];

function treeIsEmpty(state: StoreFs): boolean {
  return namesIn(state, "/").length === 0;
}
