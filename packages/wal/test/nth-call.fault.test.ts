// Every call of a program fails once, in every way a call can: a typed error or full success, no file left open, the lock given
// back, and the next open has everything that was promised.
import { Directory, isFsError } from "@holdfast/fs-seam";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import { again, once, type Attempt } from "./attempt.js";
import { footers } from "./footers.js";
import { openWal, openWalReader, WalError, type Wal, type WalOptions } from "../src/index.js";
import { bytesOf, copyOf, demandPrefix, listed, readInEveryMode, small, textsOf } from "./log-law.js";

const record = (name: string): string => name.padEnd(40, ".");
const history = ["1", "2", "a", "b", "c", "d", "e", "f", "g"].map(record);

const settings: Readonly<Record<string, Partial<WalOptions>>> = {
  plain: small,
  "with footers": { ...small, preallocateBytes: 128, footers },
  "with everything": {
    ...small,
    preallocateBytes: 128,
    prepareSegments: true,
    mergeBytes: 100,
    turn: () => Promise.resolve(),
  },
};

async function prepared(): Promise<CrashFs> {
  const fs = new CrashFs();
  const directory = new Directory(fs);
  const log = await openWal({ directory, ...small });
  for (const each of history.slice(0, 2)) await log.appendDurable(bytesOf(each));
  fs.processCrash(); // the tail is not proven, and is written once more
  return new CrashFs({ image: fs.snapshot() });
}

/** Appends and syncs over two rotations, publishes, prunes, closes. `ack` hears of what is promised. */
async function program(
  fs: FaultFs,
  options: Partial<WalOptions>,
  ack: (lsn: number) => void,
  attempt: Attempt,
): Promise<void> {
  const log: Wal = await attempt(() => openWal({ directory: new Directory(fs), ...options }));
  ack(log.lastLsn);
  try {
    for (const each of history.slice(2, 5)) {
      await attempt(() => log.append(bytesOf(each)));
      ack(await attempt(() => log.sync()));
    }
    for (const each of history.slice(5, 8)) await attempt(() => log.append(bytesOf(each)));
    ack(await attempt(() => log.syncBlocking()));
    await attempt(() => log.append(bytesOf(history[8] as string)));
    await attempt(() => log.publish(bytesOf("state"), { lsn: 3 }));
    await attempt(() => log.prune(2));
  } finally {
    await again(() => log.close());
  }
  ack(9);
}

describe.each(Object.entries(settings))("%s", (_, options) => {
  test.each(["EIO", "EIO late", "EDQUOT"])("the n-th call fails with %s", async (fault) => {
    for (let n = 1; ; n += 1) {
      const disk = await prepared();
      const fs = new FaultFs(disk, `*:* n${n} ${fault}`);
      let acked = 2;
      let failure: unknown;
      await program(fs, options, (lsn) => (acked = lsn), once).catch((error: unknown) => (failure = error));
      const struck = fs.plan.rules[0]?.firstStruck;
      const story = `call ${n}, ${struck?.operation ?? "none"} ${struck?.path ?? ""}: ${String(failure)}`;
      // A close that was struck reports it, and counts as open when the call was not carried out.
      if (struck?.operation !== "close") expect(fs.openHandles, story).toEqual([]);
      if (failure !== undefined) expect(failure instanceof WalError || isFsError(failure), story).toBe(true);
      for (const tree of [disk.snapshot(), disk.durableImage()]) {
        const records = await readInEveryMode(tree, options).catch((error: unknown) => {
          throw new Error(story, { cause: error });
        });
        demandPrefix(records, history, { acked, maxFirstLsn: 4 });
      }
      if (struck !== undefined) continue;
      expect(n).toBeGreaterThan(50);
      expect(failure).toBeUndefined();
      break;
    }
  });

  test.each(["ENOSPC", "torn 9 ENOSPC", "short 9"])(
    "the n-th write meets %s: nothing is lost, and trying again is right",
    async (fault) => {
      let fired = 0;
      for (let n = 1; ; n += 1) {
        const disk = await prepared();
        const operations = fault === "ENOSPC" ? "write,append,allocate,open" : "write,append";
        const fs = new FaultFs(disk, `${operations}:~"seg|ckpt" n${n} ${fault}`);
        await program(fs, options, () => {}, again);
        expect(fs.openHandles).toEqual([]);
        if (fs.plan.fired === 0) break;
        fired += 1;
        const records = await readInEveryMode(disk.snapshot(), options);
        demandPrefix(records, history, { acked: 9, maxFirstLsn: 4 });
        expect(records.at(-1), `call ${n}`).toBe(`9:${record("g")}`);
      }
      expect(fired).toBeGreaterThan(10);
    },
  );
});

test("a disk that is really full holds the log up until there is room", async () => {
  const memory = new MemoryFs({ capacityBytes: 20 * 4096 });
  const directory = new Directory(memory);
  const log = await openWal({ directory, ...small, segmentBytes: 8192, preallocateBytes: 4096 });
  directory.writeFile("ballast", new Uint8Array(8 * 4096));
  const appended: string[] = [];
  const append = (): void => {
    const each = record(String(appended.length)).padEnd(500, "x");
    log.append(bytesOf(each));
    appended.push(each);
  };
  const full = expect.objectContaining({ code: "WAL_NO_SPACE" });
  expect(() => {
    for (;;) append();
  }).toThrowError(full);
  const length = appended.length;
  expect(length).toBeGreaterThan(50);
  expect(append).toThrowError(full);
  await expect(log.sync()).rejects.toEqual(full);
  await expect(log.close()).rejects.toEqual(full);
  directory.remove("ballast");
  append();
  expect(await log.sync()).toBe(length + 1);
  await log.close();
  expect(await readInEveryMode(memory.snapshot(), small)).toEqual(listed(appended));
});

test("a read that fails says so, and changes nothing", async () => {
  const disk = await prepared();
  new Directory(disk).remove("LOCK"); // of the process that was killed
  const names = new Directory(disk).list();
  for (let n = 1; ; n += 1) {
    const fs = new FaultFs(disk, `read:*.seg n${n} EIO`);
    const opened = await openWal({ directory: new Directory(fs), ...small, mode: "strict" }).catch(
      (error: unknown) => error,
    );
    if (fs.plan.fired === 0) {
      expect(opened).not.toBeInstanceOf(Error);
      break;
    }
    expect(opened).toMatchObject({ code: "FS_IO" });
    expect(new Directory(disk).list()).toEqual(names);
    expect(fs.openHandles).toEqual([]);
  }
  const fs = new FaultFs(new MemoryFs({ image: disk.snapshot() }));
  const directory = new Directory(fs);
  directory.removeIfPresent("LOCK");
  const log = await openWal({ directory, ...small });
  fs.plan.arm("read:*.seg n1 EIO");
  expect(() => textsOf(log)).toThrowError(expect.objectContaining({ code: "FS_IO" }));
  expect(textsOf(log).length).toBe(2);
  await log.appendDurable(bytesOf("goes on"));
  await log.close();
});

test("bytes that a read gets wrong are never records", async () => {
  const tree = (await prepared()).snapshot();
  const expected = await readInEveryMode(tree, small);
  for (const how of ["bit-flip", "zero", "stale"]) {
    for (let n = 1; n <= 8; n += 1) {
      const fs = new FaultFs(copyOf(tree).fs, `seed ${n}; read:*.seg n${n} corrupt ${how}`);
      let seen: string[] | string;
      try {
        seen = textsOf(openWalReader({ directory: new Directory(fs) }));
      } catch (error) {
        seen = error instanceof WalError ? error.code : String(error);
      }
      // What was only readable may look torn; what is shown is right.
      if (typeof seen !== "string") expect(expected.slice(0, seen.length)).toEqual(seen);
      else expect(["WAL_CORRUPT", "WAL_UNSUPPORTED"]).toContain(seen);
    }
  }
});
