import { claim, claimEqual, claimRejects, claimThrows } from "./claims.js";
import type { ConformanceCase } from "./conformance-case.js";
import { bytesOf, get, getIfPresent, kindOf, namesIn, put, textOf } from "./sample-files.js";
import type { FileHandle } from "../file-handle.js";
import { fsErrorCodes } from "../fs-error.js";
import type { DirectoryEntry } from "../store-fs.js";

function contentOf(handle: FileHandle): string {
  const target = new Uint8Array(handle.stat().size);
  return textOf(target.subarray(0, handle.readAt(target, 0)));
}

/** Rename, link, remove: names of files. */
export const nameCases: readonly ConformanceCase[] = [
  {
    id: "same-path-rename-non-destructive",
    family: "names",
    obligation: "Renaming onto itself does nothing; of a missing file it fails.",
    run({ fs }) {
      put(fs, "/f", "abc");
      fs.makeDirectory("/d");
      put(fs, "/d/x", "x");
      fs.rename("/f", "/f");
      fs.rename("/d", "/d");
      claimEqual([get(fs, "/f"), get(fs, "/d/x")], ["abc", "x"], "contents");
      claimThrows("a missing file", { code: "FS_NOT_FOUND", operation: "rename" }, () => fs.rename("/x", "/x"));
    },
  },
  {
    id: "rename-replaces-a-file",
    family: "names",
    obligation: "Renaming over a file replaces it: one name is gone, the other shows the moved file.",
    run({ fs }) {
      put(fs, "/from", "new");
      put(fs, "/to", "old content");
      fs.rename("/from", "/to");
      claimEqual([getIfPresent(fs, "/from"), get(fs, "/to")], [undefined, "new"], "contents");
      claimEqual(namesIn(fs, "/"), ["to"], "names");
    },
  },
  {
    id: "rename-onto-directory-fails-closed-source-intact",
    family: "names",
    obligation: "A file cannot replace a directory: FS_IS_A_DIRECTORY, and both are as before.",
    run({ fs }) {
      put(fs, "/f", "abc");
      fs.makeDirectory("/d");
      claimThrows("rename", { code: "FS_IS_A_DIRECTORY", operation: "rename", path: "/f" }, () =>
        fs.rename("/f", "/d"),
      );
      claimEqual([get(fs, "/f"), kindOf(fs, "/d")], ["abc", "directory"], "both");
    },
  },
  {
    id: "rename-missing-parent-fails-closed-source-intact",
    family: "names",
    obligation: "A rename into a directory that is not there fails, makes none, and leaves the source.",
    run({ fs }) {
      put(fs, "/f", "abc");
      claimThrows("rename", { code: "FS_NOT_FOUND", operation: "rename" }, () => fs.rename("/f", "/none/f"));
      claimThrows("rename of nothing", { code: "FS_NOT_FOUND", operation: "rename" }, () => fs.rename("/x", "/y"));
      claimEqual([get(fs, "/f"), namesIn(fs, "/")], ["abc", ["f"]], "the source, and all names");
    },
  },
  {
    id: "rename-across-directories",
    family: "names",
    obligation: "A file moves between directories with its bytes.",
    run({ fs }) {
      fs.makeDirectory("/a");
      fs.makeDirectory("/b");
      put(fs, "/a/f", "abc");
      fs.rename("/a/f", "/b/g");
      claimEqual([namesIn(fs, "/a"), namesIn(fs, "/b"), get(fs, "/b/g")], [[], ["g"], "abc"], "both directories");
      claimThrows("rename of what has moved", { code: "FS_NOT_FOUND", path: "/a/f" }, () => fs.rename("/a/f", "/b/x"));
    },
  },
  {
    id: "two-path-errors-name-both",
    family: "names",
    obligation: "An error about two paths, each of which could be reached, names both.",
    run({ fs }) {
      put(fs, "/f", "abc");
      put(fs, "/g", "keep");
      fs.makeDirectory("/d");
      put(fs, "/d/x", "x");
      fs.makeDirectory("/e");
      const calls: readonly (readonly [string, string, () => unknown])[] = [
        ["/f", "/d", () => fs.rename("/f", "/d")],
        ["/d", "/d/e", () => fs.rename("/d", "/d/e")],
        ["/e", "/d", () => fs.rename("/e", "/d")],
        ["/e", "/f", () => fs.rename("/e", "/f")],
        ["/f", "/g", () => fs.link("/f", "/g")],
        ["/d", "/y", () => fs.link("/d", "/y")],
      ];
      for (const [from, to, call] of calls) {
        const error = claimThrows(`${from} to ${to}`, { code: fsErrorCodes }, call);
        claimEqual([error.path, error.destination], [from, to], `paths of the error (${error.message})`);
      }
    },
  },
  {
    id: "handle-survives-rename",
    family: "names",
    obligation: "A handle belongs to the file and not to its name: it reads, writes and syncs the file wherever it is.",
    run({ fs }) {
      using handle = fs.open("/old", { mode: "write", create: "exclusive" });
      handle.writeAt(bytesOf("abc"), 0);
      fs.rename("/old", "/new");
      put(fs, "/old", "stranger");
      handle.writeAt(bytesOf("X"), 1);
      handle.syncBlocking("full");
      claimEqual([get(fs, "/new"), get(fs, "/old"), contentOf(handle)], ["aXc", "stranger", "aXc"], "contents");
    },
  },
  {
    id: "handle-survives-unlink",
    family: "names",
    obligation: "A removed file lives on while a handle refers to it, apart from any later file of its name.",
    run({ fs }) {
      using handle = fs.open("/f", { mode: "write", create: "exclusive" });
      handle.writeAt(bytesOf("abc"), 0);
      fs.remove("/f");
      put(fs, "/f", "stranger");
      handle.writeAt(bytesOf("def"), 3);
      handle.truncate(5);
      handle.syncBlocking("data");
      claimEqual([contentOf(handle), get(fs, "/f")], ["abcde", "stranger"], "the removed file and its namesake");
    },
  },
  {
    id: "rename-over-open-file-keeps-it",
    family: "names",
    obligation: "A replaced file lives on for the handles that have it open.",
    run({ fs }) {
      put(fs, "/to", "old");
      put(fs, "/from", "new");
      using handle = fs.open("/to", { mode: "write" });
      fs.rename("/from", "/to");
      handle.writeAt(bytesOf("O"), 0);
      claimEqual([contentOf(handle), get(fs, "/to")], ["Old", "new"], "the replaced file and the new one");
    },
  },
  {
    id: "rename-replace-frees-old-inode",
    family: "names",
    obligation: "A replaced file has one name less, and none of its bytes show under the name.",
    run({ fs }) {
      put(fs, "/to", "old content that is longer");
      put(fs, "/from", "new");
      using handle = fs.open("/to", { mode: "read" });
      fs.rename("/from", "/to");
      claimEqual([handle.stat().links, fs.stat("/to").links, fs.stat("/to").size], [0, 1, 3], "links and size");
    },
  },
  {
    id: "nlink-after-unlink",
    family: "names",
    obligation: "An open file whose last name was removed has no links.",
    run({ fs }) {
      put(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "read" });
      claimEqual(handle.stat().links, 1, "links before");
      fs.remove("/f");
      claimEqual(handle.stat().links, 0, "links after");
    },
  },
  {
    id: "delete-then-recreate-starts-empty",
    family: "names",
    obligation: "A file made under the name of a removed one is empty.",
    run({ fs }) {
      put(fs, "/f", "old", "full");
      fs.remove("/f");
      using handle = fs.open("/f", { mode: "write", create: "if-missing" });
      claimEqual([handle.stat().size, get(fs, "/f")], [0, ""], "length and content");
    },
  },
  {
    id: "remove-file-on-directory-errors",
    family: "names",
    obligation: "Removing a directory as a file is FS_IS_A_DIRECTORY, also an empty one.",
    run({ fs }) {
      fs.makeDirectory("/d");
      claimThrows("remove", { code: "FS_IS_A_DIRECTORY", operation: "remove", path: "/d" }, () => fs.remove("/d"));
      claimEqual(kindOf(fs, "/d"), "directory", "what is there");
      claimThrows("remove of nothing", { code: "FS_NOT_FOUND", operation: "remove", path: "/x" }, () =>
        fs.remove("/x"),
      );
    },
  },
  {
    id: "hard-link-shares-bytes",
    family: "names",
    obligation: "Both names of a linked file are the file: what is written through one, the other shows.",
    needs: ["hardLinks"],
    run({ fs }) {
      put(fs, "/a", "abc");
      fs.link("/a", "/b");
      using handle = fs.open("/b", { mode: "append" });
      handle.append(bytesOf("def"));
      claimEqual(get(fs, "/a"), "abcdef", "content by the first name");
      put(fs, "/a", "x");
      claimEqual([get(fs, "/b"), contentOf(handle)], ["x", "x"], "content by the second name and a handle");
    },
  },
  {
    id: "nlink-counts",
    family: "names",
    obligation: "The count of links follows every link, rename and removal, by path and by handle.",
    needs: ["hardLinks"],
    run({ fs }) {
      put(fs, "/a", "abc");
      using handle = fs.open("/a", { mode: "read" });
      const links = (path: string): number[] => [fs.stat(path).links, handle.stat().links];
      fs.link("/a", "/b");
      fs.link("/b", "/c");
      claimEqual(links("/c"), [3, 3], "with three names");
      fs.rename("/b", "/d");
      claimEqual(links("/d"), [3, 3], "after a rename");
      fs.remove("/a");
      claimEqual(links("/c"), [2, 2], "after a removal");
      put(fs, "/other", "other");
      fs.rename("/other", "/c");
      claimEqual([links("/d"), fs.stat("/c").links], [[1, 1], 1], "after one name was replaced");
      claimEqual(get(fs, "/d"), "abc", "content by the last name");
    },
  },
  {
    id: "link-refusals",
    family: "names",
    obligation: "A link never replaces, never names a directory, and needs its source and the parent of its name.",
    needs: ["hardLinks"],
    run({ fs }) {
      put(fs, "/a", "abc");
      put(fs, "/b", "keep");
      fs.makeDirectory("/d");
      const to = (
        code: "FS_ALREADY_EXISTS" | "FS_IS_A_DIRECTORY" | "FS_NOT_FOUND",
        from: string,
        path: string,
      ): void => {
        claimThrows(`link ${from} to ${path}`, { code, operation: "link" }, () => fs.link(from, path));
      };
      to("FS_ALREADY_EXISTS", "/a", "/b");
      to("FS_ALREADY_EXISTS", "/a", "/d");
      to("FS_ALREADY_EXISTS", "/a", "/a");
      to("FS_IS_A_DIRECTORY", "/d", "/e");
      to("FS_NOT_FOUND", "/x", "/e");
      to("FS_NOT_FOUND", "/a", "/none/e");
      claimEqual([get(fs, "/b"), fs.stat("/a").links, namesIn(fs, "/")], ["keep", 1, ["a", "b", "d"]], "all as before");
    },
  },
  {
    id: "rename-between-names-of-one-file",
    family: "names",
    obligation: "Renaming one name of a file onto another of its names does nothing: both stay.",
    needs: ["hardLinks"],
    run({ fs }) {
      put(fs, "/a", "abc");
      fs.link("/a", "/b");
      fs.rename("/a", "/b");
      claimEqual([namesIn(fs, "/"), fs.stat("/a").links], [["a", "b"], 2], "names and links");
    },
  },
  {
    id: "hard-links-honest",
    family: "names",
    obligation: "Whoever declares no hard links refuses them, and leaves nothing behind.",
    run({ fs }) {
      put(fs, "/a", "abc");
      if (fs.capabilities().hardLinks) {
        fs.link("/a", "/b");
        claimEqual(fs.stat("/b").links, 2, "links of a linked file");
      } else {
        claimThrows("link", { code: "FS_UNSUPPORTED", operation: "link" }, () => fs.link("/a", "/b"));
        claimEqual(namesIn(fs, "/"), ["a"], "names");
      }
    },
  },
  {
    id: "unicode-names",
    family: "names",
    obligation: "Names of any script and of up to 255 bytes work, and come back as they were given.",
    run({ fs }) {
      const names = ["Zürich", "日本語", "🎉", "Ωμέγα", "a b", "€".repeat(85), "x".repeat(255)];
      for (const name of names) {
        fs.makeDirectory(`/${name}`);
        put(fs, `/${name}/${name}`, name.slice(0, 1));
      }
      claimEqual(namesIn(fs, "/"), names.toSorted(), "names");
      for (const name of names) {
        fs.rename(`/${name}/${name}`, `/${name}/moved`);
        fs.rename(`/${name}/moved`, `/${name}/${name}`);
        claimEqual(namesIn(fs, `/${name}`), [name], `names in ${name}`);
      }
    },
  },
  {
    id: "list-sorted-utf8",
    family: "names",
    obligation: "A list is sorted by UTF-16 code unit, whatever order names were made in.",
    run({ fs }) {
      const names = ["b", "10", "9", "C", "é", "～", "🎉", "a-", "a0", "a", "_", ".hidden"];
      for (const name of names) put(fs, `/${name}`, "");
      claimEqual(namesIn(fs, "/"), names.toSorted(), "names");
    },
  },
  {
    id: "read-dir-owned-kinds",
    family: "names",
    obligation: "A list tells the kind of each entry, and nothing of what is inside it.",
    run({ fs }) {
      put(fs, "/file", "abc");
      fs.makeDirectory("/sub");
      put(fs, "/sub/inner", "x");
      const expected: DirectoryEntry[] = [
        { name: "file", kind: "file" },
        { name: "sub", kind: "directory" },
      ];
      claimEqual(
        fs.list("/").map(({ name, kind }) => ({ name, kind })),
        expected,
        "entries",
      );
    },
  },
  {
    id: "read-dir-on-file-fails-closed-not-not-found",
    family: "names",
    obligation: "Listing a file is FS_NOT_A_DIRECTORY, and a missing directory FS_NOT_FOUND, in both forms.",
    async run({ fs }) {
      put(fs, "/f", "abc");
      for (const [path, code] of [
        ["/f", "FS_NOT_A_DIRECTORY"],
        ["/x", "FS_NOT_FOUND"],
      ] as const) {
        claimThrows(`list ${path}`, { code, operation: "list", path }, () => fs.list(path));
        await claimRejects(`listStream ${path}`, { code, operation: "list", path }, async () => {
          for await (const batch of fs.listStream(path)) claim(batch.length < 0, "there must be no batch");
        });
      }
    },
  },
  {
    id: "list-stream-sees-all",
    family: "names",
    obligation: "A streamed list gives every entry once, with its kind, however many there are.",
    async run({ fs }) {
      fs.makeDirectory("/many");
      const names = Array.from({ length: 300 }, (_, at) => `entry-${at}`);
      for (const [at, name] of names.entries()) {
        if (at % 100 === 0) fs.makeDirectory(`/many/${name}`);
        else put(fs, `/many/${name}`, "");
      }
      const seen: DirectoryEntry[] = [];
      for await (const batch of fs.listStream("/many")) seen.push(...batch);
      claimEqual(seen.map(({ name }) => name).toSorted(), names.toSorted(), "names");
      claimEqual(seen.filter(({ kind }) => kind === "directory").length, 3, "directories");
      for await (const batch of fs.listStream("/many/entry-0")) claimEqual(batch, [], "batch of an empty directory");
    },
  },
  {
    id: "list-stream-may-be-left-early",
    family: "names",
    obligation: "Leaving a streamed list early releases what it holds: the directory can be removed.",
    async run({ fs }) {
      fs.makeDirectory("/d");
      for (let at = 0; at < 5; at += 1) put(fs, `/d/${at}`, "");
      for await (const batch of fs.listStream("/d")) {
        claim(batch.length > 0, "a batch must not be empty here");
        break;
      }
      for (let at = 0; at < 5; at += 1) fs.remove(`/d/${at}`);
      fs.removeDirectory("/d");
      claimEqual(namesIn(fs, "/"), [], "names");
    },
  },
];
