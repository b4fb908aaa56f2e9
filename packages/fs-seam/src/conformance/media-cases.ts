import { claim, claimEqual, claimRejects, claimThrows } from "./claims.js";
import type { ConformanceCase } from "./conformance-case.js";
import { bytesOf, get, getIfPresent, kindOf, namesIn, put, putDurably, textOf } from "./sample-files.js";
import { atomicReplaceBlocking } from "../atomic-replace.js";
import { Directory } from "../directory.js";
import { FaultFs } from "../fault-fs.js";

const lostCleanly = "failedSync EIO clean-keep-new";

/** Failing barriers and failing disks, on a backend that models the disk, and what follows for the caller on any. */
export const mediaCases: readonly ConformanceCase[] = [
  {
    id: "failed-barrier-poisons-the-handle",
    family: "media",
    obligation:
      "After a failed barrier every write and barrier of the handle is FS_POISONED with the failure as cause; reads go on.",
    async run({ fs }) {
      putDurably(fs, "/f", "abc");
      const faulty = new FaultFs(fs, "sync:* n1 EIO");
      using handle = faulty.open("/f", { mode: "write" });
      const failure = claimThrows("the barrier", { code: "FS_IO", operation: "sync" }, () =>
        handle.syncBlocking("data"),
      );
      const poisoned = { code: "FS_POISONED", path: "/f" } as const;
      const write = claimThrows("a write", poisoned, () => handle.writeAt(bytesOf("x"), 0));
      claim(write.cause === failure, "the first failure must be the cause");
      claimThrows("a barrier", poisoned, () => handle.syncBlocking("full"));
      await claimRejects("a promised barrier", poisoned, () => handle.sync("data"));
      claimThrows("a truncation", poisoned, () => handle.truncate(0));
      const target = new Uint8Array(3);
      claimEqual([handle.readAt(target, 0), textOf(target)], [3, "abc"], "a read");
    },
  },
  {
    id: "failed-disk-barrier-poisons-the-handle",
    family: "media",
    obligation: "A barrier that fails on the disk poisons the backend's own handle in the same way.",
    needs: ["media"],
    async run({ fs }) {
      putDurably(fs, "/f", "abc");
      using handle = new FaultFs(fs, "sync:* n1 failedSync EIO").open("/f", { mode: "append" });
      handle.append(bytesOf("def"));
      const failure = await claimRejects("the barrier", { code: "FS_IO", operation: "sync" }, () =>
        handle.sync("data"),
      );
      claim(failure.injected, "the failure must be marked as injected");
      const poisoned = { code: "FS_POISONED", path: "/f" } as const;
      claim(claimThrows("an append", poisoned, () => handle.append(bytesOf("x"))).cause === failure, "cause");
      claimThrows("a barrier", poisoned, () => handle.syncBlocking("data"));
      claimEqual(handle.readAt(new Uint8Array(3), 0), 3, "a read");
    },
  },
  {
    id: "sync-error-surfaces-once-per-handle",
    family: "media",
    obligation: "A write-back that failed is told to every handle that was open, once each, and to none opened later.",
    needs: ["media"],
    run({ fs }) {
      putDurably(fs, "/f", "abc");
      const faulty = new FaultFs(fs, `sync:* n1 ${lostCleanly}`);
      using one = faulty.open("/f", { mode: "append" });
      using two = faulty.open("/f", { mode: "append" });
      one.append(bytesOf("def"));
      claimThrows("the first handle", { code: "FS_IO" }, () => one.syncBlocking("data"));
      claimThrows("the second handle", { code: "FS_IO" }, () => two.syncBlocking("data"));
      claimThrows("the second handle again", { code: "FS_POISONED" }, () => two.syncBlocking("data"));
      using late = faulty.open("/f", { mode: "append" });
      late.syncBlocking("data");
    },
  },
  {
    id: "failed-sync-then-success-does-not-prove-old-data",
    family: "media",
    obligation: "A barrier that succeeds after one that failed says nothing about the bytes of the first.",
    needs: ["media", "crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "abc");
      const faulty = new FaultFs(fs, `sync:* n1 ${lostCleanly}`);
      const handle = faulty.open("/f", { mode: "append" });
      handle.append(bytesOf("def"));
      claimThrows("the barrier", { code: "FS_IO" }, () => handle.syncBlocking("data"));
      claimEqual(get(fs, "/f"), "abcdef", "what the cache shows");
      handle.close();
      using retry = fs.open("/f", { mode: "append" });
      retry.syncBlocking("data");
      trial.someCrashState(
        "the bytes are lost though a later barrier succeeded",
        (state) => get(state, "/f") !== "abcdef",
      );
    },
  },
  {
    id: "write-after-failed-sync-not-resurrected",
    family: "media",
    obligation: "Bytes that a failed barrier lost stay lost when later writes to the file are synced.",
    needs: ["media", "crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "a".repeat(8192));
      const faulty = new FaultFs(fs, `sync:* n1 ${lostCleanly}`);
      const handle = faulty.open("/f", { mode: "write" });
      handle.writeAt(bytesOf("LOST"), 0);
      claimThrows("the barrier", { code: "FS_IO" }, () => handle.syncBlocking("data"));
      handle.close();
      using later = fs.open("/f", { mode: "write" });
      later.writeAt(bytesOf("KEPT"), 4096);
      later.syncBlocking("full");
      trial.everyCrashState((state) => {
        const content = get(state, "/f");
        claimEqual([content.slice(0, 4), content.slice(4096, 4100)], ["aaaa", "KEPT"], "the lost bytes and the kept");
      });
    },
  },
  {
    id: "dropped-sync-loses",
    family: "media",
    obligation: "A barrier that the device drops succeeds and protects nothing; a later honest one does.",
    needs: ["media", "crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "abc");
      const faulty = new FaultFs(fs, "sync:* n1 droppedSync");
      using handle = faulty.open("/f", { mode: "append" });
      handle.append(bytesOf("def"));
      handle.syncBlocking("data");
      claimEqual(faulty.plan.fired, 1, "faults fired");
      trial.someCrashState("the bytes are lost", (state) => get(state, "/f") !== "abcdef");
      handle.syncBlocking("data");
      trial.everyCrashState((state) => claimEqual(get(state, "/f"), "abcdef", "content behind an honest barrier"));
    },
  },
  {
    id: "dropped-names-barrier-loses",
    family: "media",
    obligation: "A names barrier that the device drops protects no name; a failed one says so.",
    needs: ["media", "crashStates", "losableNames"],
    run(trial) {
      const { fs } = trial;
      put(fs, "/f", "abc", "data");
      const faulty = new FaultFs(fs, "syncNames:* n1 droppedSync; syncNames:* n2 failedSync EIO");
      faulty.syncNamesBlocking("/");
      trial.someCrashState("the name is lost", (state) => kindOf(state, "/f") === undefined);
      claimThrows("the failed one", { code: "FS_IO", operation: "syncNames" }, () => faulty.syncNamesBlocking("/"));
      faulty.plan.assertAllFired();
    },
  },
  {
    id: "lost-write-stays-lost",
    family: "media",
    obligation: "A write that the device loses is lost whatever is synced later.",
    needs: ["media", "crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "a".repeat(4096));
      const faulty = new FaultFs(fs, "write:* n1 lostWrite");
      using handle = faulty.open("/f", { mode: "write" });
      handle.writeAt(bytesOf("LOST"), 0);
      handle.syncBlocking("full");
      claimEqual(get(fs, "/f").slice(0, 4), "LOST", "what the cache shows");
      trial.everyCrashState((state) => claimEqual(get(state, "/f").slice(0, 4), "aaaa", "what is on the disk"));
    },
  },
  {
    id: "bit-rot-shows-after-a-crash",
    family: "media",
    obligation: "A flipped bit is in every crash state, and nothing else is changed.",
    needs: ["media", "crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "abcdef");
      new FaultFs(fs, "stat:/f n1 bitRot 2 0").stat("/f");
      trial.everyCrashState((state) => claimEqual(get(state, "/f"), "abbdef", "content"));
    },
  },
  {
    id: "latent-error-until-rewritten",
    family: "media",
    obligation: "A sector that cannot be read fails every read that touches it, until it is written again.",
    needs: ["media"],
    run({ fs }) {
      putDurably(fs, "/f", "a".repeat(8192));
      new FaultFs(fs, "stat:/f n1 latentError 0 100").stat("/f");
      using handle = fs.open("/f", { mode: "write" });
      const target = new Uint8Array(8);
      for (let round = 0; round < 2; round += 1) {
        claimThrows("a read of it", { code: "FS_IO", operation: "read" }, () => handle.readAt(target, 0));
      }
      claimEqual(handle.readAt(target, 8000), 8, "a read of another page");
      handle.writeAt(bytesOf("b".repeat(4096)), 0);
      claimEqual([handle.readAt(target, 0), textOf(target)], [8, "bbbbbbbb"], "a read once it was rewritten");
    },
  },
  {
    id: "enospc-short-write-reports-count",
    family: "space",
    obligation: "A write that runs out of room says how many bytes were accepted, and exactly those are there.",
    needs: ["makeSmall"],
    async run(trial) {
      const fs = await trial.makeSmall(64 << 10);
      put(fs, "/f", "start");
      using handle = fs.open("/f", { mode: "append" });
      const full = { code: ["FS_NO_SPACE", "FS_QUOTA_EXCEEDED"] as const, operation: "append", path: "/f" } as const;
      const error = claimThrows("an append", full, () => handle.append(bytesOf("x".repeat(1 << 20))));
      const accepted = error.transferred ?? -1;
      claim(accepted >= 0 && accepted < 1 << 20, `transferred must count the bytes accepted, not ${accepted}`);
      claim(get(fs, "/f") === `start${"x".repeat(accepted)}`, "exactly the accepted bytes must be there");
      fs.remove("/f");
      handle.close();
      put(fs, "/g", "room again");
      claimEqual(get(fs, "/g"), "room again", "content of a file made in the room that came back");
    },
  },
  {
    id: "enospc-persist-leaves-old",
    family: "space",
    obligation: "A replacement that runs out of room leaves the old file and no temporary one.",
    needs: ["makeSmall"],
    async run(trial) {
      const fs = await trial.makeSmall(64 << 10);
      put(fs, "/f", "old");
      const full = { code: ["FS_NO_SPACE", "FS_QUOTA_EXCEEDED"] as const } as const;
      claimThrows("the replacement", full, () =>
        atomicReplaceBlocking(new Directory(fs), "f", bytesOf("x".repeat(1 << 20)), { rung: "full" }),
      );
      claimEqual([getIfPresent(fs, "/f"), namesIn(fs, "/")], ["old", ["f"]], "content and names");
    },
  },
  {
    id: "space-follows-use",
    family: "space",
    obligation: "Written bytes take room, and give it back when the last name and handle are gone.",
    needs: ["makeSmall"],
    async run(trial) {
      const fs = await trial.makeSmall(64 << 10);
      const before = fs.space().availableBytes;
      const handle = fs.open("/f", { mode: "append", create: "exclusive" });
      handle.append(new Uint8Array(16 << 10));
      const used = before - fs.space().availableBytes;
      claim(used >= 16 << 10, `16 KiB written must take at least as much room, not ${used}`);
      fs.remove("/f");
      claim(fs.space().availableBytes < before, "a removed file that is open must still take room");
      handle.close();
      claim(before - fs.space().availableBytes < used, "closing it must give room back");
    },
  },
];
