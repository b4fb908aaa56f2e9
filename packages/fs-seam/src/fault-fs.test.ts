import { beforeEach, describe, expect, test } from "vitest";
import { bytesOf as bytes, get, put } from "./conformance/sample-files.js";
import { FaultFs } from "./fault-fs.js";
import { FaultPlan } from "./fault-plan.js";
import type { FaultCall } from "./fault-rule.js";
import { fsOperations, isFsError } from "./fs-error.js";
import type { FsError, FsOperation } from "./fs-error.js";
import type { FileHandle } from "./file-handle.js";
import { hasMedia, isMediaHandle } from "./media-faults.js";
import type { HandleMediaFault, MediaControls } from "./media-faults.js";
import { MemoryFs } from "./memory-fs.js";

let inner: MemoryFs;

beforeEach(() => {
  inner = new MemoryFs();
  put(inner, "/file", "0123456789");
  inner.makeDirectory("/dir");
});

function caught(body: () => unknown): FsError {
  try {
    body();
  } catch (error) {
    if (isFsError(error)) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

async function rejected(promise: Promise<unknown>): Promise<FsError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (isFsError(error)) return error;
  throw new Error(`no FsError but ${String(error)}`);
}

/** One call of every kind, in both forms where there are two. The handles are open already. */
const calls: readonly (readonly [
  name: string,
  operation: FsOperation,
  run: (fs: FaultFs, handles: { write: FileHandle; append: FileHandle }) => unknown,
])[] = [
  ["open", "open", (fs) => fs.open("/file", { mode: "read" }).close()],
  ["close", "close", (_fs, { write }) => write.close()],
  ["readAt", "read", (_fs, { write }) => write.readAt(new Uint8Array(4), 0)],
  ["readAtAsync", "read", (_fs, { write }) => write.readAtAsync(new Uint8Array(4), 0)],
  ["writeAt", "write", (_fs, { write }) => write.writeAt(bytes("ab"), 0)],
  ["append", "append", (_fs, { append }) => append.append(bytes("ab"))],
  ["truncate", "truncate", (_fs, { write }) => write.truncate(3)],
  ["allocate", "allocate", (_fs, { write }) => write.allocate(0, 64)],
  ["punch", "punch", (_fs, { write }) => write.punch(0, 4)],
  ["handle stat", "stat", (_fs, { write }) => write.stat()],
  ["sync", "sync", (_fs, { write }) => write.sync("data")],
  ["syncBlocking", "sync", (_fs, { write }) => write.syncBlocking("full")],
  ["stat", "stat", (fs) => fs.stat("/file")],
  ["list", "list", (fs) => fs.list("/")],
  ["listStream", "list", (fs) => fs.listStream("/")[Symbol.asyncIterator]().next()],
  ["makeDirectory", "makeDirectory", (fs) => fs.makeDirectory("/new")],
  ["removeDirectory", "removeDirectory", (fs) => fs.removeDirectory("/dir")],
  ["rename", "rename", (fs) => fs.rename("/file", "/new")],
  ["link", "link", (fs) => fs.link("/file", "/new")],
  ["remove", "remove", (fs) => fs.remove("/file")],
  ["reflink", "copy", (fs) => fs.reflink("/file", "/new")],
  ["syncNames", "syncNames", (fs) => fs.syncNames("/")],
  ["syncNamesBlocking", "syncNames", (fs) => fs.syncNamesBlocking("/")],
  ["space", "space", (fs) => fs.space()],
];

describe("every call of the seam asks the plan", () => {
  test("the table names every operation but the two that are made of others", () => {
    const named = new Set(calls.map(([, operation]) => operation));
    expect([...named].toSorted()).toEqual(fsOperations.filter((one) => one !== "lock" && one !== "mount").toSorted());
  });

  test.each(calls)("%s: an error, and the inner backend untouched", async (name, operation, run) => {
    const fs = new FaultFs(inner);
    const handles = { write: fs.open("/file", { mode: "write" }), append: fs.open("/file", { mode: "append" }) };
    fs.plan.arm(`${operation}:* n1 EIO`);
    const before = inner.snapshot();
    const error = await rejected((async () => run(fs, handles))());
    expect(error).toMatchObject({ code: "FS_IO", errno: "EIO", operation, injected: true });
    expect(error.message).toContain(`injected EIO by rule 0 "${operation}:* n1 EIO"`);
    expect(inner.snapshot()).toEqual(before);
    expect(fs.plan.fired).toBe(1);
    if (name.startsWith("sync")) return; // poisoned: tested below
    // The fault is used up, and nothing of it is left.
    await run(fs, handles);
    expect(fs.plan.fired).toBe(1);
  });

  test.each(calls)("%s: a late error, after the call was carried out", async (_name, operation, run) => {
    const fs = new FaultFs(inner);
    const handles = { write: fs.open("/file", { mode: "write" }), append: fs.open("/file", { mode: "append" }) };
    const twin = new FaultFs(new MemoryFs({ image: inner.snapshot() }));
    const twins = { write: twin.open("/file", { mode: "write" }), append: twin.open("/file", { mode: "append" }) };
    fs.plan.arm(`${operation}:* EIO late`);
    const error = await rejected((async () => run(fs, handles))());
    expect(error).toMatchObject({ errno: "EIO", operation, injected: true });
    await run(twin, twins);
    for (const entry of twin.inner.list("/")) {
      if (entry.kind === "file") expect(get(inner, `/${entry.name}`)).toBe(get(twin.inner, `/${entry.name}`));
    }
    expect(inner.list("/")).toEqual(twin.inner.list("/"));
  });

  test.each(calls)("%s: a late error, and exactly one call below", async (name, operation, run) => {
    const under = new FaultFs(inner);
    const fs = new FaultFs(under);
    const handles = { write: fs.open("/file", { mode: "write" }), append: fs.open("/file", { mode: "append" }) };
    let below = 0;
    under.plan.arm({ operations: [operation], action: { kind: "callback", callback: () => (below += 1) } });
    fs.plan.arm(`${operation}:* EIO late`);
    await rejected((async () => run(fs, handles))());
    // A streamed list that has failed late would have been read to its end; ours is not begun, nobody could tell.
    expect(below).toBe(name === "listStream" ? 0 : 1);
  });

  test.each(calls)("%s: passes through when no rule strikes", async (_name, operation, run) => {
    const seen: FaultCall[] = [];
    const plan = new FaultPlan([
      { operations: [operation], action: { kind: "callback", callback: (call) => seen.push(call) } },
      "*:nothing EIO",
    ]);
    const fs = new FaultFs(inner, plan);
    const handles = { write: fs.open("/file", { mode: "write" }), append: fs.open("/file", { mode: "append" }) };
    seen.length = 0;
    await run(fs, handles);
    expect(seen).toHaveLength(1);
    expect(seen[0]?.operation).toBe(operation);
  });

  test("two-path calls tell both paths, handle calls the path at open time, reads and writes where and how much", () => {
    const seen: FaultCall[] = [];
    const fs = new FaultFs(inner);
    fs.plan.arm({ operations: "*", action: { kind: "callback", callback: (call) => seen.push(call) } });
    const handle = fs.open("/file", { mode: "write" });
    fs.rename("/file", "/dir/moved");
    handle.writeAt(bytes("abc"), 5);
    handle.truncate(4);
    expect(seen).toEqual([
      { operation: "open", path: "/file", blocking: true },
      { operation: "rename", path: "/file", destination: "/dir/moved", blocking: true },
      { operation: "write", path: "/file", offset: 5, length: 3, blocking: true },
      { operation: "truncate", path: "/file", offset: 4, blocking: true },
    ]);
  });

  test("what no backend accepts never becomes a call", async () => {
    const fs = new FaultFs(inner, "*:* EIO after 1");
    const handle = fs.open("/file", { mode: "write" });
    const refusals: [string, () => unknown][] = [
      ["FS_INVALID_PATH", () => fs.open("relative", { mode: "read" })],
      ["FS_INVALID_ARGUMENT", () => fs.open("/file", { mode: "read", truncate: true })],
      ["FS_INVALID_PATH", () => fs.rename("/file", "/a/../b")],
      ["FS_INVALID_PATH", () => fs.listStream("")],
      ["FS_INVALID_PATH", () => fs.syncNamesBlocking("x")],
      ["FS_INVALID_ARGUMENT", () => handle.writeAt(bytes("x"), -1)],
      ["FS_INVALID_ARGUMENT", () => handle.readAt(new Uint8Array(1), 0.5)],
      ["FS_INVALID_ARGUMENT", () => handle.truncate(Number.NaN)],
      ["FS_INVALID_ARGUMENT", () => handle.punch(0, -1)],
      ["FS_INVALID_ARGUMENT", () => handle.allocate(-1, 1)],
      ["FS_INVALID_ARGUMENT", () => handle.append("x" as unknown as Uint8Array)],
      ["FS_INVALID_ARGUMENT", () => handle.syncBlocking("os" as "data")],
    ];
    for (const [code, refusal] of refusals) expect(caught(refusal).code).toBe(code);
    expect((await rejected(fs.syncNames("x"))).code).toBe("FS_INVALID_PATH");
    expect((await rejected(handle.sync("os" as "data"))).code).toBe("FS_INVALID_ARGUMENT");
    expect(fs.plan.fired).toBe(0);
    expect(fs.plan.rules[0]?.seen).toBe(1);
  });
});

describe("delays", () => {
  test("nobody waits by default; the time adds up", async () => {
    const fs = new FaultFs(inner, "sync:* delay 1000ms; stat:* delay 0.5ms; list:* delay 7ms");
    await fs.open("/file", { mode: "read" }).sync("data");
    fs.stat("/file");
    for await (const batch of fs.listStream("/")) expect(batch).toHaveLength(2);
    expect(fs.delayedMs).toBe(1007.5);
  });

  test("a timer is asked to pass or to wait before the call goes on", async () => {
    const log: string[] = [];
    let release = (): void => undefined;
    const timer = {
      pass: (milliseconds: number) => void log.push(`pass ${milliseconds}`),
      wait: async (milliseconds: number) => {
        log.push(`wait ${milliseconds}`);
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      },
    };
    const under = new FaultFs(inner);
    under.plan.arm({ operations: ["sync"], action: { kind: "callback", callback: () => log.push("sync") } });
    const fs = new FaultFs(under, "sync:* delay 3ms; sync:* delay 4ms", { timer });
    const handle = fs.open("/file", { mode: "write" });
    handle.syncBlocking("data");
    expect(log).toEqual(["pass 7", "sync"]);
    const barrier = handle.sync("data");
    expect(log).toEqual(["pass 7", "sync", "wait 7"]);
    release();
    await barrier;
    expect(log).toEqual(["pass 7", "sync", "wait 7", "sync"]);
    fs.plan.arm("list,syncNames,read:* delay 2ms");
    log.length = 0;
    const waits = [
      () => fs.listStream("/")[Symbol.asyncIterator]().next(),
      () => fs.syncNames("/"),
      () => handle.readAtAsync(new Uint8Array(1), 0),
    ];
    for (const wait of waits) {
      const settled = wait();
      expect(log.splice(0)).toEqual(["wait 2"]);
      release();
      await settled;
    }
  });
});

/** A backend that claims to model the disk, and notes what it is told. */
class NotedMedia extends MemoryFs {
  readonly told: unknown[] = [];
  readonly media: MediaControls = {
    flipBit: (...all) => void this.told.push(["flipBit", ...all]),
    latentError: (...all) => void this.told.push(["latentError", ...all]),
    staleRead: (...all) => void this.told.push(["staleRead", ...all]),
    armNamesFault: (...all) => void this.told.push(["armNamesFault", ...all]),
  };

  override open(...all: Parameters<MemoryFs["open"]>): FileHandle {
    const handle = super.open(...all);
    return Object.assign(handle, { armMediaFault: (fault: HandleMediaFault) => void this.told.push(fault) });
  }
}

describe("faults below the cache", () => {
  test.each([
    "sync:* failedSync EIO",
    "sync:* droppedSync",
    "write:* lostWrite",
    "write:* misdirectedWrite /x 0",
    "read:* bitRot 0 0",
    "read:* latentError 0 1",
    "read:* staleRead 0 1",
  ])("%s is refused when it is armed over a backend without a disk", (text) => {
    expect(caught(() => new FaultFs(inner, text))).toMatchObject({ code: "FS_UNSUPPORTED" });
    const fs = new FaultFs(inner);
    expect(caught(() => fs.plan.arm(text)).code).toBe("FS_UNSUPPORTED");
    expect(fs.plan.rules).toEqual([]);
    expect(hasMedia(fs)).toBe(false);
  });

  test("are handed to the inner handle or its disk just before the call goes on", async () => {
    const disk = new NotedMedia();
    put(disk, "/file", "0123456789");
    const fs = new FaultFs(disk, "sync:* n1 failedSync EIO revert lost 3; sync:* n2 droppedSync");
    fs.plan.arm("write:* n1 lostWrite; append:* n1 misdirectedWrite /other 4096; syncNames:* n1 droppedSync");
    fs.plan.arm("syncNames:* n2 failedSync EIO; stat:/file n1 bitRot 9 2; stat:/file n2 latentError 0 4096");
    fs.plan.arm("stat:/file n3 staleRead 1 2");
    const write = fs.open("/file", { mode: "write" });
    const append = fs.open("/file", { mode: "append" });
    write.syncBlocking("data");
    await write.sync("data");
    write.writeAt(bytes("x"), 0);
    append.append(bytes("x"));
    fs.syncNamesBlocking("/");
    await fs.syncNames("/");
    expect(fs.stat("/file").size).toBe(11);
    fs.stat("/file");
    fs.stat("/file");
    expect(disk.told).toEqual([
      { kind: "failedSync", errno: "EIO", lost: { seed: 3 }, aftermath: "revert" },
      { kind: "droppedSync" },
      { kind: "lostWrite" },
      { kind: "misdirectedWrite", path: "/other", offset: 4096 },
      ["armNamesFault", "/", { kind: "droppedSync" }],
      ["armNamesFault", "/", { kind: "failedSync", errno: "EIO", lost: "all" }],
      ["flipBit", "/file", 9, 2],
      ["latentError", "/file", 0, 4096],
      ["staleRead", "/file", 1, 2],
    ]);
    fs.plan.assertAllFired();
    write.syncBlocking("data"); // the wrapper is not poisoned: whether the handle is, the disk decides
  });

  test("wrappers stack: the outer one reaches the disk through the inner one", () => {
    const disk = new NotedMedia();
    put(disk, "/file", "x");
    const fs = new FaultFs(new FaultFs(disk), "sync:* droppedSync; stat:* bitRot 0 0");
    expect(hasMedia(fs)).toBe(true);
    const handle = fs.open("/file", { mode: "write" });
    expect(isMediaHandle(handle)).toBe(true);
    handle.syncBlocking("data");
    fs.stat("/file");
    expect(disk.told).toEqual([{ kind: "droppedSync" }, ["flipBit", "/file", 0, 0]]);
  });
});

test("identity, capabilities and process questions are the inner backend's", () => {
  const fs = new FaultFs(inner, "*:* EIO");
  expect(fs.backend).toBe("fault(memory)");
  expect(fs.namespaceId).toBe(inner.namespaceId);
  expect(fs.readOnly).toBe(false);
  expect(fs.capabilities()).toEqual(inner.capabilities());
  expect(fs.processIdentity()).toEqual(inner.processIdentity());
  expect(fs.processState(inner.processIdentity())).toBe("alive");
  expect(fs.nonce()).not.toBe(inner.nonce());
  expect(fs.plan.fired).toBe(0);
});
