import { claim, claimEqual, claimRejects, claimThrows } from "./claims.js";
import type { ConformanceCase } from "./conformance-case.js";
import { bytesOf, get, getIfPresent, kindOf, namesIn, put } from "./sample-files.js";
import { atomicReplace, atomicReplaceBlocking } from "../atomic-replace.js";
import { Directory } from "../directory.js";
import { FaultFs } from "../fault-fs.js";
import { isFsError } from "../fs-error.js";
import { stageFile } from "../publish.js";

/** Staged publication, and copies that share storage. */
export const publishCases: readonly ConformanceCase[] = [
  {
    id: "unpersisted-stage-leaves-no-final-name",
    family: "publish",
    obligation: "A staged file that is discarded leaves neither its final name nor its temporary one.",
    async run({ fs }) {
      const staged = stageFile(new Directory(fs), "f");
      staged.handle.append(bytesOf("abc"));
      await staged.handle.sync("full");
      claimEqual(kindOf(fs, "/f"), undefined, "the final name while staged");
      staged.discard();
      claimEqual(fs.list("/"), [], "entries");
    },
  },
  {
    id: "staged-publish-atomic-fresh-path",
    family: "publish",
    obligation: "A staged and published file reads back exactly, under its final name alone, on every rung.",
    async run({ fs }) {
      const directory = new Directory(fs);
      for (const rung of ["os", "data", "full"] as const) {
        const staged = stageFile(directory, rung);
        staged.handle.append(bytesOf("abc"));
        staged.handle.append(bytesOf("def"));
        await staged.publish({ rung });
        claimEqual(get(fs, `/${rung}`), "abcdef", "content");
        await atomicReplace(directory, rung, bytesOf("second"), { rung });
        claimEqual(get(fs, `/${rung}`), "second", "content after a replacement");
        atomicReplaceBlocking(directory, rung, [bytesOf("thi"), bytesOf("rd")], { rung });
        claimEqual(get(fs, `/${rung}`), "third", "content after a blocking one");
      }
      claimEqual(namesIn(fs, "/"), ["data", "full", "os"], "names");
    },
  },
  {
    id: "staged-publish-onto-directory-fails-closed",
    family: "publish",
    obligation: "Publishing onto a directory fails, and leaves it and nothing else.",
    async run({ fs }) {
      const directory = new Directory(fs);
      fs.makeDirectory("/d");
      claimThrows("stage", { code: "FS_IS_A_DIRECTORY" }, () => stageFile(directory, "d"));
      const staged = stageFile(directory, "e");
      fs.makeDirectory("/e"); // behind the back of the stage
      await claimRejects("publish", { code: "FS_IS_A_DIRECTORY" }, () => staged.publish({ rung: "data" }));
      claimEqual(
        [kindOf(fs, "/d"), kindOf(fs, "/e"), namesIn(fs, "/")],
        ["directory", "directory", ["d", "e"]],
        "entries",
      );
    },
  },
  {
    id: "staged-publish-missing-parent-fails-closed",
    family: "publish",
    obligation: "Publishing below a directory that is not there fails and makes nothing.",
    async run({ fs }) {
      const directory = new Directory(fs);
      await claimRejects("replace", { code: "FS_NOT_FOUND" }, () =>
        atomicReplace(directory, "none/f", bytesOf("x"), { rung: "data" }),
      );
      claimEqual(fs.list("/"), [], "entries");
    },
  },
  {
    id: "failed-publish-leaves-old",
    family: "publish",
    obligation:
      "Whichever call fails, a replacement shows the old file or the new one, whole, and tidies up if it can.",
    async run({ fs }) {
      for (let n = 1; ; n += 1) {
        put(fs, "/f", "old");
        const faulty = new FaultFs(fs, `write,append,sync,close,rename,syncNames,open:* n${n} EIO`);
        let error: unknown;
        try {
          await atomicReplace(new Directory(faulty), "f", bytesOf("new"), { rung: "full" });
        } catch (thrown) {
          error = thrown;
        }
        claimEqual(faulty.openHandles.length, 0, `handles left open after fault ${n}`);
        claimEqual(namesIn(fs, "/"), ["f"], `names after fault ${n}`);
        const visible = isFsError(error) && error.visible === true;
        claimEqual(get(fs, "/f"), error === undefined || visible ? "new" : "old", `content after fault ${n}`);
        if (faulty.plan.fired === 0) break;
        claim(isFsError(error, "FS_IO"), `fault ${n} must be reported`);
      }
    },
  },
  {
    id: "copy-reports-strategy-honestly",
    family: "publish",
    obligation: "A reflink is a file of its own with the same bytes, or FS_UNSUPPORTED with nothing left; never a lie.",
    run(trial) {
      const { fs } = trial;
      put(fs, "/a", "x".repeat(10_000));
      const declared = fs.capabilities().reflink;
      try {
        fs.reflink("/a", "/b");
      } catch (error) {
        if (!isFsError(error, "FS_UNSUPPORTED")) throw error;
        claim(declared !== "yes", "a backend that declares reflinks must make them");
        claimEqual(namesIn(fs, "/"), ["a"], "names after a refusal");
        if (declared === "try") trial.qualify("reflink", "the host's file system has no reflinks");
        return;
      }
      claim(declared !== "no", "a backend that declares no reflinks must refuse them");
      claim(get(fs, "/b") === "x".repeat(10_000), "the copy must have the same bytes");
      claimEqual([fs.stat("/a").links, fs.stat("/b").links], [1, 1], "links");
      using handle = fs.open("/b", { mode: "write" });
      handle.writeAt(bytesOf("COPY"), 0);
      using source = fs.open("/a", { mode: "write" });
      source.truncate(5);
      claim(get(fs, "/b") === `COPY${"x".repeat(9996)}`, "the copy must not follow its source");
      claimEqual(get(fs, "/a"), "xxxxx", "the source");
    },
  },
  {
    id: "same-path-copy-non-destructive",
    family: "publish",
    obligation: "A file copied onto itself keeps its bytes, whatever is answered.",
    run({ fs }) {
      put(fs, "/f", "abc");
      try {
        fs.reflink("/f", "/f");
      } catch (error) {
        if (!isFsError(error)) throw error;
      }
      claimEqual([get(fs, "/f"), namesIn(fs, "/")], ["abc", ["f"]], "content and names");
    },
  },
  {
    id: "copy-onto-directory-fails-closed",
    family: "publish",
    obligation: "A copy never replaces: onto a directory or a file it fails, and both are as before.",
    run({ fs }) {
      put(fs, "/f", "abc");
      put(fs, "/g", "keep");
      fs.makeDirectory("/d");
      const code = ["FS_ALREADY_EXISTS", "FS_UNSUPPORTED"] as const;
      claimThrows("onto a directory", { code, operation: "copy" }, () => fs.reflink("/f", "/d"));
      claimThrows("onto a file", { code, operation: "copy" }, () => fs.reflink("/f", "/g"));
      claimThrows("of a directory", { code: "FS_IS_A_DIRECTORY", operation: "copy" }, () => fs.reflink("/d", "/e"));
      claimEqual([get(fs, "/f"), get(fs, "/g"), namesIn(fs, "/")], ["abc", "keep", ["d", "f", "g"]], "all as before");
    },
  },
  {
    id: "copy-missing-parent-fails-closed",
    family: "publish",
    obligation: "A copy into a directory that is not there, or of nothing, fails and makes nothing.",
    run({ fs }) {
      put(fs, "/f", "abc");
      const code = ["FS_NOT_FOUND", "FS_UNSUPPORTED"] as const;
      claimThrows("missing parent", { code, operation: "copy" }, () => fs.reflink("/f", "/none/f"));
      claimThrows("missing source", { code: "FS_NOT_FOUND", operation: "copy" }, () => fs.reflink("/x", "/y"));
      claimEqual([getIfPresent(fs, "/f"), namesIn(fs, "/")], ["abc", ["f"]], "all as before");
    },
  },
  {
    id: "planted-fault-actually-fires",
    family: "publish",
    obligation: "A fault planted over this backend strikes, is counted, changes nothing below, and is used up.",
    run({ fs }) {
      put(fs, "/f", "abc");
      const faulty = new FaultFs(fs, "rename:* n1 EIO");
      const error = claimThrows("rename", { code: "FS_IO", operation: "rename" }, () => faulty.rename("/f", "/g"));
      claimEqual([error.injected, faulty.plan.fired], [true, 1], "mark and count");
      claimEqual([get(fs, "/f"), kindOf(fs, "/g")], ["abc", undefined], "what is below");
      faulty.rename("/f", "/g");
      claimEqual([get(fs, "/g"), faulty.plan.fired], ["abc", 1], "the second try");
    },
  },
];
