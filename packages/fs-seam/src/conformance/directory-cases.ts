import { claim, claimEqual, claimRejects, claimThrows } from "./claims.js";
import type { ConformanceCase } from "./conformance-case.js";
import { bytesOf, get, kindOf, namesIn, put, textOf } from "./sample-files.js";
import { Directory } from "../directory.js";

/** Directories as entries, and the `Directory` view. */
export const directoryCases: readonly ConformanceCase[] = [
  {
    id: "make-directory-exclusive",
    family: "directory",
    obligation: "Making a directory is exclusive, needs its parent, and gives an empty one.",
    run({ fs }) {
      put(fs, "/f", "abc");
      fs.makeDirectory("/d");
      claimEqual(fs.list("/d"), [], "entries of a new directory");
      put(fs, "/d/x", "x");
      const refused = { code: "FS_ALREADY_EXISTS", operation: "makeDirectory" } as const;
      claimThrows("over a directory", { ...refused, path: "/d" }, () => fs.makeDirectory("/d"));
      claimThrows("over a file", { ...refused, path: "/f" }, () => fs.makeDirectory("/f"));
      claimThrows("over the root", refused, () => fs.makeDirectory("/"));
      claimThrows("without a parent", { code: "FS_NOT_FOUND", operation: "makeDirectory" }, () =>
        fs.makeDirectory("/none/d"),
      );
      claimEqual([get(fs, "/f"), get(fs, "/d/x"), namesIn(fs, "/")], ["abc", "x", ["d", "f"]], "all as before");
    },
  },
  {
    id: "remove-directory-only-empty",
    family: "directory",
    obligation: "Only an empty directory can be removed as one, and no file.",
    run({ fs }) {
      fs.makeDirectory("/d");
      put(fs, "/d/x", "x");
      put(fs, "/f", "abc");
      const operation = "removeDirectory";
      claimThrows("a full one", { code: "FS_DIRECTORY_NOT_EMPTY", operation, path: "/d" }, () =>
        fs.removeDirectory("/d"),
      );
      claimThrows("a file", { code: "FS_NOT_A_DIRECTORY", operation, path: "/f" }, () => fs.removeDirectory("/f"));
      claimThrows("nothing", { code: "FS_NOT_FOUND", operation, path: "/x" }, () => fs.removeDirectory("/x"));
      claimEqual([get(fs, "/d/x"), get(fs, "/f")], ["x", "abc"], "contents");
      fs.remove("/d/x");
      fs.removeDirectory("/d");
      claimEqual(namesIn(fs, "/"), ["f"], "names");
    },
  },
  {
    id: "root-is-fixed",
    family: "directory",
    obligation: "The root cannot be removed, renamed, replaced, linked or copied.",
    run({ fs }) {
      fs.makeDirectory("/d");
      put(fs, "/f", "abc");
      claimThrows("removeDirectory", { code: "FS_BUSY" }, () => fs.removeDirectory("/"));
      claimThrows("remove", { code: "FS_IS_A_DIRECTORY" }, () => fs.remove("/"));
      claimThrows("rename of it", { code: "FS_BUSY" }, () => fs.rename("/", "/d/x"));
      claimThrows("rename over it", { code: "FS_BUSY" }, () => fs.rename("/d", "/"));
      claimThrows("link of it", { code: "FS_IS_A_DIRECTORY" }, () => fs.link("/", "/l"));
      claimThrows("copy of it", { code: ["FS_IS_A_DIRECTORY", "FS_UNSUPPORTED"] }, () => fs.reflink("/", "/c"));
      claimEqual(namesIn(fs, "/"), ["d", "f"], "names");
    },
  },
  {
    id: "directory-rename-moves-the-tree",
    family: "directory",
    obligation: "A renamed directory takes all below it along, and open handles do not notice.",
    run({ fs }) {
      fs.makeDirectory("/a");
      fs.makeDirectory("/a/sub");
      put(fs, "/a/sub/f", "abc");
      fs.makeDirectory("/other");
      using handle = fs.open("/a/sub/f", { mode: "append" });
      fs.rename("/a", "/other/b");
      handle.append(bytesOf("d"));
      claimEqual(get(fs, "/other/b/sub/f"), "abcd", "content at the new path");
      claimEqual(namesIn(fs, "/"), ["other"], "names");
      claimThrows("the old path", { code: "FS_NOT_FOUND" }, () => fs.stat("/a/sub/f"));
    },
  },
  {
    id: "directory-rename-into-itself-refused",
    family: "directory",
    obligation: "A directory cannot move below itself: FS_INVALID_ARGUMENT, and all is as before.",
    run({ fs }) {
      fs.makeDirectory("/a");
      fs.makeDirectory("/a/b");
      for (const to of ["/a/c", "/a/b/c", "/a/b"]) {
        claimThrows(`rename to ${to}`, { code: "FS_INVALID_ARGUMENT", operation: "rename" }, () => fs.rename("/a", to));
      }
      fs.rename("/a", "/ab"); // a longer name is not below it
      claimEqual([namesIn(fs, "/"), namesIn(fs, "/ab")], [["ab"], ["b"]], "names");
    },
  },
  {
    id: "rename-directory-over-empty-directory",
    family: "directory",
    obligation: "A directory replaces an empty one.",
    run({ fs }) {
      fs.makeDirectory("/a");
      put(fs, "/a/f", "abc");
      fs.makeDirectory("/b");
      fs.rename("/a", "/b");
      claimEqual([namesIn(fs, "/"), get(fs, "/b/f")], [["b"], "abc"], "names and content");
    },
  },
  {
    id: "rename-directory-refusals",
    family: "directory",
    obligation: "A directory never replaces a full one or a file, nor a directory that holds it.",
    run({ fs }) {
      fs.makeDirectory("/a");
      fs.makeDirectory("/a/sub");
      fs.makeDirectory("/b");
      put(fs, "/b/f", "abc");
      put(fs, "/f", "file");
      const operation = "rename";
      claimThrows("a full one", { code: "FS_DIRECTORY_NOT_EMPTY", operation }, () => fs.rename("/a", "/b"));
      claimThrows("its parent", { code: "FS_DIRECTORY_NOT_EMPTY", operation }, () => fs.rename("/a/sub", "/a"));
      claimThrows("a file", { code: "FS_NOT_A_DIRECTORY", operation }, () => fs.rename("/a", "/f"));
      claimEqual([namesIn(fs, "/"), get(fs, "/b/f"), get(fs, "/f")], [["a", "b", "f"], "abc", "file"], "all as before");
    },
  },
  {
    id: "names-barrier-in-both-forms",
    family: "directory",
    obligation: "A names barrier succeeds on a directory, and on anything else says why not.",
    async run({ fs }) {
      fs.makeDirectory("/d");
      put(fs, "/f", "abc");
      fs.syncNamesBlocking("/");
      fs.syncNamesBlocking("/d");
      await Promise.all([fs.syncNames("/"), fs.syncNames("/d"), fs.syncNames("/")]);
      for (const [path, code] of [
        ["/f", "FS_NOT_A_DIRECTORY"],
        ["/x", "FS_NOT_FOUND"],
      ] as const) {
        claimThrows(`syncNamesBlocking ${path}`, { code, operation: "syncNames", path }, () =>
          fs.syncNamesBlocking(path),
        );
        await claimRejects(`syncNames ${path}`, { code, operation: "syncNames", path }, () => fs.syncNames(path));
      }
    },
  },
  {
    id: "whole-file-read-routes-through-seam",
    family: "directory",
    obligation: "A Directory reads and writes whole files below its own path.",
    run({ fs }) {
      fs.makeDirectory("/base");
      const directory = new Directory(fs, "/base");
      directory.writeFile("f", bytesOf("0123456789"));
      directory.writeFile("f", bytesOf("abc"));
      claimEqual([textOf(directory.readFile("f")), get(fs, "/base/f")], ["abc", "abc"], "content");
      claimThrows("a missing file", { code: "FS_NOT_FOUND" }, () => directory.readFile("x"));
      claimThrows("a view of a file", { code: "FS_NOT_A_DIRECTORY" }, () => new Directory(fs, "/base/f"));
    },
  },
  {
    id: "remove-file-if-present-honest",
    family: "directory",
    obligation: "Removing what may be absent says whether there was something, and hides no other failure.",
    run({ fs }) {
      const directory = new Directory(fs);
      put(fs, "/f", "abc");
      fs.makeDirectory("/d");
      claimEqual([directory.removeIfPresent("f"), directory.removeIfPresent("f")], [true, false], "answers");
      claimThrows("a directory", { code: "FS_IS_A_DIRECTORY" }, () => directory.removeIfPresent("d"));
      claimEqual([directory.exists("d"), directory.exists("f")], [true, false], "existence");
    },
  },
  {
    id: "remove-dir-all-clears-through-seam",
    family: "directory",
    obligation: "Removing a tree removes it whole, and of a missing one says so.",
    run({ fs }) {
      const directory = new Directory(fs);
      directory.makeDirectories("t/a/b");
      put(fs, "/t/f", "x");
      put(fs, "/t/a/b/g", "y");
      put(fs, "/t/.~temp", "z");
      put(fs, "/keep", "k");
      directory.removeTree("t");
      claimEqual(namesIn(fs, "/"), ["keep"], "names");
      claimThrows("a second time", { code: "FS_NOT_FOUND" }, () => directory.removeTree("t"));
      claimThrows("a file", { code: "FS_NOT_A_DIRECTORY" }, () => directory.removeTree("keep"));
    },
  },
  {
    id: "make-directories-tells-what-to-sync",
    family: "directory",
    obligation:
      "Making all levels of a path tells the parents of those it made, outermost first, and nothing when all were there.",
    run({ fs }) {
      const directory = new Directory(fs);
      claimEqual(directory.makeDirectories("a/b/c"), ["", "a", "a/b"], "parents of three new levels");
      claimEqual(directory.makeDirectories("a/b/d"), ["a/b"], "parents of one");
      claimEqual(directory.makeDirectories("a/b"), [], "parents of none");
      put(fs, "/f", "abc");
      claimThrows("through a file", { code: "FS_NOT_A_DIRECTORY" }, () => directory.makeDirectories("f/x"));
      claimEqual(kindOf(fs, "/a/b/d"), "directory", "the last level");
    },
  },
  {
    id: "temp-names-hidden-from-list",
    family: "directory",
    obligation: "A Directory hides temporary names, streams too, and sweeps them away; the backend shows them.",
    async run({ fs }) {
      const directory = new Directory(fs);
      put(fs, "/.~f.1", "left over");
      put(fs, "/.~f.2", "left over");
      put(fs, "/f", "abc");
      fs.makeDirectory("/.~kept");
      const streamed: string[] = [];
      for await (const batch of directory.listStream()) streamed.push(...batch.map(({ name }) => name));
      claimEqual([directory.list().map(({ name }) => name), streamed], [["f"], ["f"]], "names by the view");
      claim(namesIn(fs, "/").includes(".~f.1"), "the backend itself must show temporary names");
      claimEqual(directory.sweepTemps(), 2, "files swept");
      claimEqual(namesIn(fs, "/"), [".~kept", "f"], "names after the sweep");
    },
  },
];
