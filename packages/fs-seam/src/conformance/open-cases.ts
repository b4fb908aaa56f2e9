import { claim, claimEqual, claimRejects, claimThrows } from "./claims.js";
import type { ConformanceCase } from "./conformance-case.js";
import { bytesOf, get, kindOf, put } from "./sample-files.js";

/** Opening, creating, closing, describing. */
export const openCases: readonly ConformanceCase[] = [
  {
    id: "create-new-exclusive",
    family: "open",
    obligation: "An exclusive create fails when there is anything of that name, and harms nothing.",
    run({ fs }) {
      fs.open("/f", { mode: "write", create: "exclusive" }).close();
      put(fs, "/f", "keep");
      fs.makeDirectory("/d");
      const refused = { code: "FS_ALREADY_EXISTS", operation: "open" } as const;
      claimThrows("a second create", refused, () => fs.open("/f", { mode: "write", create: "exclusive" }));
      claimThrows("one with truncate", refused, () =>
        fs.open("/f", { mode: "write", create: "exclusive", truncate: true }),
      );
      claimThrows("one for append", refused, () => fs.open("/f", { mode: "append", create: "exclusive" }));
      claimThrows("one over a directory", refused, () => fs.open("/d", { mode: "write", create: "exclusive" }));
      claimEqual(get(fs, "/f"), "keep", "content");
    },
  },
  {
    id: "create-if-missing-keeps-bytes",
    family: "open",
    obligation: "Creating when missing creates an empty file once, and later opens what is there as it is.",
    run({ fs }) {
      for (const mode of ["write", "append"] as const) {
        const path = `/${mode}`;
        fs.open(path, { mode, create: "if-missing" }).close();
        claimEqual(fs.stat(path).size, 0, "length of a new file");
        put(fs, path, "abc");
        fs.open(path, { mode, create: "if-missing" }).close();
        claimEqual(get(fs, path), "abc", "content after opening again");
      }
    },
  },
  {
    id: "open-missing-refused",
    family: "open",
    obligation: "Without a create option a missing file is FS_NOT_FOUND, and is not made.",
    run({ fs }) {
      for (const mode of ["read", "write", "append"] as const) {
        claimThrows(`mode ${mode}`, { code: "FS_NOT_FOUND", operation: "open", path: "/f" }, () =>
          fs.open("/f", { mode }),
        );
      }
      claimThrows("a missing parent", { code: "FS_NOT_FOUND", operation: "open" }, () =>
        fs.open("/none/f", { mode: "write", create: "if-missing" }),
      );
      claimEqual(fs.list("/"), [], "entries");
    },
  },
  {
    id: "open-below-a-file-refused",
    family: "open",
    obligation: "A path that goes through a file is FS_NOT_A_DIRECTORY, never absent and never made.",
    run({ fs }) {
      put(fs, "/f", "abc");
      const refused = { code: "FS_NOT_A_DIRECTORY" } as const;
      claimThrows("open", refused, () => fs.open("/f/x", { mode: "read" }));
      claimThrows("create", refused, () => fs.open("/f/x", { mode: "write", create: "if-missing" }));
      claimThrows("stat", refused, () => fs.stat("/f/x"));
      claimThrows("list", refused, () => fs.list("/f/x"));
      claimThrows("makeDirectory", refused, () => fs.makeDirectory("/f/x"));
      claimThrows("remove", refused, () => fs.remove("/f/x"));
      claimThrows("rename", refused, () => fs.rename("/f", "/f/x/y"));
      claimEqual(get(fs, "/f"), "abc", "content");
    },
  },
  {
    id: "read-on-directory-fails-closed-not-not-found",
    family: "open",
    obligation: "A directory is not a file that is absent: opening it is FS_IS_A_DIRECTORY in every mode.",
    run({ fs }) {
      fs.makeDirectory("/d");
      for (const path of ["/d", "/"]) {
        for (const mode of ["read", "write", "append"] as const) {
          claimThrows(`${path} for ${mode}`, { code: "FS_IS_A_DIRECTORY", operation: "open", path }, () =>
            fs.open(path, { mode }),
          );
        }
      }
      claimThrows("create over it", { code: "FS_IS_A_DIRECTORY" }, () =>
        fs.open("/d", { mode: "write", create: "if-missing", truncate: true }),
      );
      claimEqual(kindOf(fs, "/d"), "directory", "what is there");
    },
  },
  {
    id: "truncate-option-empties",
    family: "open",
    obligation: "Opening with truncate empties the file itself: other handles and names see it too.",
    run({ fs }) {
      put(fs, "/f", "0123456789");
      using reader = fs.open("/f", { mode: "read" });
      using writer = fs.open("/f", { mode: "write", truncate: true });
      claimEqual(reader.stat().size, 0, "length through an older handle");
      writer.writeAt(bytesOf("ab"), 3);
      claimEqual(get(fs, "/f"), "\0\0\0ab", "content");
    },
  },
  {
    id: "writes-visible-at-once",
    family: "open",
    obligation: "What one handle wrote, every other handle and the path show as soon as the call has returned.",
    run({ fs }) {
      using writer = fs.open("/f", { mode: "append", create: "exclusive" });
      using reader = fs.open("/f", { mode: "read" });
      for (let count = 1; count <= 3; count += 1) {
        writer.append(bytesOf("x"));
        const target = new Uint8Array(8);
        claimEqual(reader.readAt(target, 0), count, "count through another handle");
        claimEqual(fs.stat("/f").size, count, "length by path");
      }
    },
  },
  {
    id: "handle-knows-its-path-and-mode",
    family: "open",
    obligation: "A handle tells its path at open time, also after a rename, and its mode.",
    run({ fs }) {
      fs.makeDirectory("/d");
      for (const mode of ["read", "write", "append"] as const) {
        put(fs, `/d/${mode}`, "");
        using handle = fs.open(`/d/${mode}`, { mode });
        fs.rename(`/d/${mode}`, "/moved");
        claimEqual([handle.path, handle.mode], [`/d/${mode}`, mode], "path and mode");
        fs.remove("/moved");
      }
    },
  },
  {
    id: "close-twice-safe",
    family: "open",
    obligation: "Closing again does nothing, and disposing is closing.",
    run({ fs }) {
      put(fs, "/f", "abc");
      const handle = fs.open("/f", { mode: "write" });
      const other = fs.open("/f", { mode: "write" });
      handle.close();
      handle.close();
      handle[Symbol.dispose]();
      other.writeAt(bytesOf("x"), 0);
      other[Symbol.dispose]();
      claimThrows("use after dispose", { code: "FS_CLOSED" }, () => other.stat());
      claimEqual(get(fs, "/f"), "xbc", "content");
    },
  },
  {
    id: "use-after-close-typed",
    family: "open",
    obligation: "Every use of a closed handle is FS_CLOSED, never a surprise on another file.",
    async run({ fs }) {
      put(fs, "/f", "abc");
      put(fs, "/other", "other");
      const handle = fs.open("/f", { mode: "write" });
      const log = fs.open("/f", { mode: "append" });
      handle.close();
      log.close();
      using stranger = fs.open("/other", { mode: "write" }); // may get the same descriptor
      const closed = { code: "FS_CLOSED", path: "/f" } as const;
      claimThrows("readAt", { ...closed, operation: "read" }, () => handle.readAt(new Uint8Array(1), 0));
      claimThrows("writeAt", { ...closed, operation: "write" }, () => handle.writeAt(bytesOf("x"), 0));
      claimThrows("append", { ...closed, operation: "append" }, () => log.append(bytesOf("x")));
      claimThrows("truncate", { ...closed, operation: "truncate" }, () => handle.truncate(0));
      claimThrows("allocate", { ...closed, operation: "allocate" }, () => handle.allocate(0, 1));
      claimThrows("punch", { ...closed, operation: "punch" }, () => handle.punch(0, 1));
      claimThrows("stat", { ...closed, operation: "stat" }, () => handle.stat());
      claimThrows("syncBlocking", { ...closed, operation: "sync" }, () => handle.syncBlocking("data"));
      await claimRejects("sync", { ...closed, operation: "sync" }, () => handle.sync("full"));
      await claimRejects("readAtAsync", { ...closed, operation: "read" }, () =>
        handle.readAtAsync(new Uint8Array(1), 0),
      );
      stranger.syncBlocking("data");
      claimEqual([get(fs, "/f"), get(fs, "/other")], ["abc", "other"], "contents");
    },
  },
  {
    id: "barriers-succeed-in-both-forms",
    family: "open",
    obligation: "Both rungs and both forms of a file barrier succeed, also with nothing to do and several at a time.",
    async run({ fs }) {
      using handle = fs.open("/f", { mode: "append", create: "exclusive" });
      handle.syncBlocking("data");
      handle.append(bytesOf("abc"));
      handle.syncBlocking("full");
      handle.append(bytesOf("def"));
      await Promise.all([handle.sync("data"), handle.sync("full"), handle.sync("data")]);
      handle.append(bytesOf("g"));
      claimEqual(get(fs, "/f"), "abcdefg", "content");
    },
  },
  {
    id: "close-during-a-barrier-is-safe",
    family: "open",
    obligation: "A barrier that was begun before close settles as if the handle were open.",
    async run({ fs }) {
      const handle = fs.open("/f", { mode: "append", create: "exclusive" });
      handle.append(bytesOf("abc"));
      const barrier = handle.sync("data");
      handle.close();
      await barrier;
      claimEqual(get(fs, "/f"), "abc", "content");
    },
  },
  {
    id: "metadata-owned-types",
    family: "open",
    obligation: "A file is described alike by its path and by its handle: kind, length, links.",
    run({ fs }) {
      put(fs, "/f", "0123456789");
      using handle = fs.open("/f", { mode: "read" });
      for (const stat of [fs.stat("/f"), handle.stat()]) {
        claimEqual([stat.kind, stat.size, stat.links], ["file", 10, 1], "kind, size and links");
        claim(Number.isSafeInteger(stat.allocatedBytes) && stat.allocatedBytes >= 0, "allocatedBytes must be a count");
      }
    },
  },
  {
    id: "stat-kinds",
    family: "open",
    obligation: "Files and directories, the root among them, are told apart; what is missing is FS_NOT_FOUND.",
    run({ fs }) {
      put(fs, "/f", "");
      fs.makeDirectory("/d");
      claimEqual(
        [fs.stat("/f").kind, fs.stat("/d").kind, fs.stat("/").kind],
        ["file", "directory", "directory"],
        "kinds",
      );
      claimThrows("stat of nothing", { code: "FS_NOT_FOUND", operation: "stat", path: "/x" }, () => fs.stat("/x"));
      claimThrows("stat below nothing", { code: "FS_NOT_FOUND", operation: "stat" }, () => fs.stat("/x/y"));
    },
  },
  {
    id: "space-is-plausible",
    family: "open",
    obligation: "Space is given in whole bytes, and no more is available than there is.",
    run({ fs }) {
      const { totalBytes, availableBytes } = fs.space();
      claim(Number.isSafeInteger(totalBytes) && totalBytes >= 0, `totalBytes must be a count, not ${totalBytes}`);
      claim(Number.isSafeInteger(availableBytes) && availableBytes >= 0, "availableBytes must be a count");
      claim(availableBytes <= totalBytes, `${availableBytes} bytes available of ${totalBytes}`);
    },
  },
  {
    id: "nonces-differ-and-fit-a-name",
    family: "open",
    obligation: "No two nonces are alike, and each may be part of a file name.",
    run({ fs }) {
      const nonces = new Set<string>();
      for (let count = 0; count < 100; count += 1) nonces.add(fs.nonce());
      claimEqual(nonces.size, 100, "distinct nonces");
      for (const nonce of nonces) claim(/^[A-Za-z0-9_-]{1,64}$/.test(nonce), `nonce ${nonce} must be plain text`);
    },
  },
  {
    id: "process-judges-itself-alive",
    family: "open",
    obligation: "The own process is alive, one of another boot dead, and one of another machine unknown.",
    run({ fs }) {
      const own = fs.processIdentity();
      claimEqual(fs.processIdentity(), own, "the identity asked for again");
      claimEqual(fs.processState(own), "alive", "state of the own process");
      claimEqual(fs.processState({ ...own, host: `${own.host}-other` }), "unknown", "state of one on another machine");
      if (own.bootId !== "") {
        claimEqual(fs.processState({ ...own, bootId: "another-boot" }), "dead", "state of one of another boot");
      }
    },
  },
  {
    id: "identity-is-stable",
    family: "open",
    obligation: "Two file systems that were made apart have different namespaces, and each keeps its own.",
    async run(trial) {
      const { fs } = trial;
      const other = await trial.makeAnother();
      claim(fs.namespaceId !== other.namespaceId, "two fresh file systems must not share a namespace");
      const { namespaceId } = fs;
      put(fs, "/f", "here");
      claimEqual(fs.namespaceId, namespaceId, "namespace asked for again");
      claimEqual(kindOf(other, "/f"), undefined, "the same path in the other");
      claim(fs.backend !== "" && !fs.readOnly, "a made backend has a name and is writable");
    },
  },
];
