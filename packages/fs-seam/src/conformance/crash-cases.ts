import { claim, claimEqual, claimRejects, claimThrows } from "./claims.js";
import type { ConformanceCase, Trial } from "./conformance-case.js";
import { bytesOf, get, getIfPresent, namesIn, put, putDurably, treeOf } from "./sample-files.js";
import type { StoreFs } from "../store-fs.js";

/** Demands that a content is at least `start`, and beyond it any part of `rest` that a crash may leave. */
function claimPrefixAndRemainder(trial: Trial, content: string, start: string, rest: string): void {
  claim(content.startsWith(start), `the synced bytes must be there, found ${JSON.stringify(content)}`);
  const tail = content.slice(start.length);
  claim(tail.length <= rest.length, `${content.length} bytes are more than were ever written`);
  for (let at = 0; at < tail.length; at += 1) claimOneOf(trial, tail[at] ?? "", [rest[at] ?? ""], start.length + at);
}

/** Demands that a byte is one of those written at its place, or what unwritten bytes may be. */
function claimOneOf(trial: Trial, byte: string, written: readonly string[], at: number): void {
  if (trial.law.unwritten === "anything") return;
  claim(byte === "\0" || written.includes(byte), `byte ${at} is ${JSON.stringify(byte)}, which nobody wrote there`);
}

/** What a power loss may and may not do to the bytes of files whose names are durable. */
export const crashCases: readonly ConformanceCase[] = [
  {
    id: "crash-preserves-synced-bytes-and-durable-name",
    family: "crash",
    obligation: "A file whose bytes and name were synced is there in every crash state, byte for byte.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      const content = "0123456789".repeat(1000);
      putDurably(fs, "/f", content);
      trial.everyCrashState((state) => claim(get(state, "/f") === content, "the content must be complete"));
      put(fs, "/unrelated", "noise");
      trial.everyCrashState((state) => claim(get(state, "/f") === content, "the content must be complete"));
    },
  },
  {
    id: "crash-preserves-what-promise-barriers-acknowledged",
    family: "crash",
    obligation: "The promise forms of both barriers promise what the blocking forms do.",
    needs: ["crashStates"],
    async run(trial) {
      const { fs } = trial;
      using handle = fs.open("/f", { mode: "append", create: "exclusive" });
      handle.append(bytesOf("abc"));
      await handle.sync("full");
      await fs.syncNames("/");
      handle.append(bytesOf("def"));
      await handle.sync("data");
      trial.everyCrashState((state) => claimEqual(get(state, "/f"), "abcdef", "content"));
    },
  },
  {
    id: "crash-states-include-worst-and-best",
    family: "crash",
    obligation:
      "The states include one without anything unsynced and one with all of it; looking at them changes nothing.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "aaaa");
      using handle = fs.open("/f", { mode: "append" });
      handle.append(bytesOf("bbbb"));
      trial.someCrashState("nothing unsynced survives", (state) => get(state, "/f") === "aaaa");
      trial.someCrashState("everything unsynced survives", (state) => get(state, "/f") === "aaaabbbb");
      handle.append(bytesOf("c"));
      claimEqual(get(fs, "/f"), "aaaabbbbc", "the running system");
    },
  },
  {
    id: "crash-drops-unsynced-tail",
    family: "crash",
    obligation: "Behind the synced bytes any part of an unsynced tail may survive, and nothing that nobody wrote.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "synced");
      using handle = fs.open("/f", { mode: "append" });
      handle.append(bytesOf("one"));
      handle.append(bytesOf("two"));
      trial.everyCrashState((state) => claimPrefixAndRemainder(trial, get(state, "/f"), "synced", "onetwo"));
      trial.someCrashState("the tail is not complete", (state) => get(state, "/f") !== "syncedonetwo");
    },
  },
  {
    id: "sync-data-persists-length",
    family: "crash",
    obligation: "A data barrier persists the length that is needed to read the bytes back.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "");
      using handle = fs.open("/f", { mode: "append" });
      const content = "x".repeat(9000);
      handle.append(bytesOf(content));
      handle.syncBlocking("data");
      trial.everyCrashState((state) => claim(get(state, "/f") === content, "length and content must be complete"));
    },
  },
  {
    id: "sync-via-second-handle-covers-first",
    family: "crash",
    obligation: "A barrier covers the file, also what was written through other handles and other names.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "");
      using writer = fs.open("/f", { mode: "append" });
      using other = fs.open("/f", { mode: "write" });
      writer.append(bytesOf("abc"));
      other.syncBlocking("data");
      trial.everyCrashState((state) => claimEqual(get(state, "/f"), "abc", "content"));
      writer.append(bytesOf("def"));
      fs.rename("/f", "/g");
      other.syncBlocking("data");
      trial.everyCrashState((state) => {
        const content = getIfPresent(state, "/f") ?? getIfPresent(state, "/g");
        if (content !== undefined || trial.law.rename === "atomic") claimEqual(content, "abcdef", "content");
      });
    },
  },
  {
    id: "sync-covers-only-its-file",
    family: "crash",
    obligation:
      "What was acknowledged stays whatever happens to other files: barriers, renames and removals among them.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "abc");
      put(fs, "/g", "other", "data");
      put(fs, "/h", "third");
      fs.rename("/g", "/i");
      fs.remove("/h");
      trial.everyCrashState((state) => claimEqual(get(state, "/f"), "abc", "content"));
    },
  },
  {
    id: "overwrite-in-place-either-version-per-sector",
    family: "crash",
    obligation: "Every sector of an unsynced overwrite is the old one or the new one, and the length stays.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "a".repeat(2048));
      using handle = fs.open("/f", { mode: "write" });
      handle.writeAt(bytesOf("b".repeat(2048)), 0);
      trial.everyCrashState((state) => {
        const content = get(state, "/f");
        claimEqual(content.length, 2048, "length");
        for (let at = 0; at < content.length; at += 512) {
          const sector = content.slice(at, at + 512);
          const whole = sector === "a".repeat(512) || sector === "b".repeat(512);
          const mixed = trial.law.tornSectors && /^[ab]*$/.test(sector);
          claim(whole || mixed, `the sector at ${at} must be one of the two versions`);
        }
      });
      handle.syncBlocking("data");
      trial.everyCrashState((state) => claim(get(state, "/f") === "b".repeat(2048), "synced, the new version"));
    },
  },
  {
    id: "append-after-truncate-no-stale-bytes",
    family: "crash",
    obligation: "After a cut, an append and a barrier, nothing of what was cut off is ever seen again.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "aaaaaaaa");
      using handle = fs.open("/f", { mode: "append" });
      handle.truncate(4);
      handle.append(bytesOf("bb"));
      trial.everyCrashState((state) => {
        const content = get(state, "/f");
        claim(content.startsWith("aaaa") && content.length <= 8, `found ${JSON.stringify(content)}`);
        const written = ["a", "b"];
        for (let at = 4; at < content.length; at += 1) claimOneOf(trial, content[at] ?? "", written, at);
      });
      handle.syncBlocking("data");
      trial.everyCrashState((state) => claimEqual(get(state, "/f"), "aaaabb", "content behind the barrier"));
    },
  },
  {
    id: "truncate-unsynced-may-revert",
    family: "crash",
    obligation: "An unsynced cut may be undone by a power loss, a synced one never.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "aaaaaaaa");
      using handle = fs.open("/f", { mode: "write" });
      handle.truncate(4);
      trial.everyCrashState((state) => {
        // The old length may come back without the old bytes: the end of a cut page is zeroed before the cut is logged.
        const content = get(state, "/f");
        const sound = /^aaaa(?:[a\0]{4})?$/.test(content);
        claim(sound || trial.law.unwritten === "anything", `found ${JSON.stringify(content)}`);
      });
      trial.someCrashState("the cut is undone", (state) => get(state, "/f") === "aaaaaaaa");
      handle.syncBlocking("data");
      trial.everyCrashState((state) => claimEqual(get(state, "/f"), "aaaa", "content behind the barrier"));
    },
  },
  {
    id: "grown-and-synced-reads-zero-after-crash",
    family: "crash",
    obligation: "A length that was synced is there, and what was never written in it reads as zeros.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      handle.truncate(6000);
      handle.writeAt(bytesOf("end"), 9000);
      handle.syncBlocking("data");
      const expected = `abc${"\0".repeat(8997)}end`;
      trial.everyCrashState((state) => claim(get(state, "/f") === expected, "gap and end must be as they were"));
    },
  },
  {
    id: "allocated-and-synced-survives",
    family: "crash",
    obligation:
      "Preallocated storage that was synced keeps its length; a record written into it survives by a barrier.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "write" });
      handle.allocate(0, 8192);
      handle.syncBlocking("full");
      trial.everyCrashState((state) => claimEqual(state.stat("/f").size, 8192, "length"));
      handle.writeAt(bytesOf("def"), 3);
      handle.syncBlocking("data");
      trial.everyCrashState((state) => claimEqual(get(state, "/f").slice(0, 8), "abcdef\0\0", "content"));
    },
  },
  {
    id: "punch-unsynced-may-revert",
    family: "crash",
    obligation: "An unsynced punch may be undone, in part or whole; a synced one never.",
    needs: ["crashStates", "punch"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "x".repeat(8192));
      using handle = fs.open("/f", { mode: "write" });
      handle.punch(0, 8192);
      trial.everyCrashState((state) => {
        const content = get(state, "/f");
        claim(content.length === 8192 && /^[x\0]*$/.test(content), "each byte must be the old one or zero");
      });
      trial.someCrashState("the punch is undone", (state) => get(state, "/f") === "x".repeat(8192));
      handle.syncBlocking("full");
      trial.everyCrashState((state) => claim(get(state, "/f") === "\0".repeat(8192), "behind the barrier, zeros"));
    },
  },
  {
    id: "hard-link-shares-bytes-and-durability",
    family: "crash",
    obligation: "Two durable names of one file show one content in every crash state, whichever was synced through.",
    needs: ["crashStates", "hardLinks"],
    run(trial) {
      const { fs } = trial;
      put(fs, "/a", "abc", "full");
      fs.link("/a", "/b");
      fs.syncNamesBlocking("/");
      using handle = fs.open("/b", { mode: "append" });
      handle.append(bytesOf("def"));
      trial.everyCrashState((state) => {
        claimEqual(get(state, "/a"), get(state, "/b"), "content by both names");
        claimEqual([state.stat("/a").links, state.stat("/b").links], [2, 2], "links");
      });
      handle.syncBlocking("data");
      trial.everyCrashState((state) =>
        claimEqual([get(state, "/a"), get(state, "/b")], ["abcdef", "abcdef"], "contents"),
      );
    },
  },
  {
    id: "handle-dead-after-crash",
    family: "crash",
    obligation: "A handle from before a power loss is FS_CRASHED in every use and cannot touch what came after.",
    needs: ["crash"],
    async run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "abc");
      const handle = fs.open("/f", { mode: "write" });
      const log = fs.open("/f", { mode: "append" });
      trial.crash();
      claimDead(await deadUses(handle, log));
      handle.close();
      log.close();
      put(fs, "/f", "after");
      claimEqual(get(fs, "/f"), "after", "content after the crash");
    },
  },
  {
    id: "process-crash-keeps-written-bytes",
    family: "crash",
    obligation: "The end of a process loses no write that returned; a power loss afterwards still may.",
    needs: ["processCrash"],
    async run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "abc");
      const handle = fs.open("/f", { mode: "write" });
      const log = fs.open("/f", { mode: "append" });
      log.append(bytesOf("def"));
      put(fs, "/g", "new");
      trial.processCrash();
      claimDead(await deadUses(handle, log));
      claimEqual([get(fs, "/f"), get(fs, "/g")], ["abcdef", "new"], "contents");
      if (trial.backend.crashStates === undefined) return;
      trial.everyCrashState((state) => claimPrefixAndRemainder(trial, get(state, "/f"), "abc", "def"));
      trial.someCrashState("the unsynced tail is lost", (state) => get(state, "/f") !== "abcdef");
    },
  },
  {
    id: "crash-idempotent",
    family: "crash",
    obligation: "What a crash left is durable: a second crash changes nothing.",
    needs: ["crash", "crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "abc");
      using handle = fs.open("/f", { mode: "append" });
      handle.append(bytesOf("def"));
      fs.makeDirectory("/d");
      put(fs, "/d/g", "ghi");
      trial.crash();
      const left = treeOf(fs);
      trial.everyCrashState((state) => claimEqual(treeOf(state), left, "tree after a second crash"));
    },
  },
  {
    id: "crash-during-recovery-legal",
    family: "crash",
    obligation: "A crash while recovery cuts a torn tail leaves again a synced prefix with a legal remainder.",
    needs: ["crashStates"],
    run(trial) {
      const { fs } = trial;
      putDurably(fs, "/f", "synced");
      using log = fs.open("/f", { mode: "append" });
      log.append(bytesOf("torn"));
      trial.everyCrashState((state) => recoverTail(trial, state));
    },
  },
];

function recoverTail(trial: Trial, state: StoreFs): void {
  using handle = state.open("/f", { mode: "append" });
  const legal = (again: StoreFs): void => claimPrefixAndRemainder(trial, get(again, "/f"), "synced", "torn");
  trial.everyCrashState(legal, state);
  handle.truncate(6);
  trial.everyCrashState(legal, state);
  handle.syncBlocking("data");
  trial.everyCrashState((again) => claimEqual(get(again, "/f"), "synced", "content after the repair"), state);
  claimEqual(namesIn(state, "/"), ["f"], "names");
}

type Handle = ReturnType<StoreFs["open"]>;

/** Every use of a handle for writing and one for appending, with what each threw or returned. */
async function deadUses(handle: Handle, log: Handle): Promise<readonly string[]> {
  const dead = { code: "FS_CRASHED" } as const;
  return [
    claimThrows("readAt", dead, () => handle.readAt(new Uint8Array(1), 0)).code,
    claimThrows("writeAt", dead, () => handle.writeAt(bytesOf("x"), 0)).code,
    claimThrows("append", dead, () => log.append(bytesOf("x"))).code,
    claimThrows("truncate", dead, () => handle.truncate(0)).code,
    claimThrows("stat", dead, () => handle.stat()).code,
    claimThrows("syncBlocking", dead, () => handle.syncBlocking("data")).code,
    (await claimRejects("sync", dead, () => handle.sync("data"))).code,
    (await claimRejects("readAtAsync", dead, () => handle.readAtAsync(new Uint8Array(1), 0))).code,
  ];
}

function claimDead(codes: readonly string[]): void {
  claimEqual(codes.length, 8, "uses of dead handles");
}
