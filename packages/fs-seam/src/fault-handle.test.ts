import { beforeEach, describe, expect, test } from "vitest";
import { bytesOf as bytes, get, put } from "./conformance/sample-files.js";
import { FaultFs } from "./fault-fs.js";
import { isFsError } from "./fs-error.js";
import type { FsError } from "./fs-error.js";
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

describe("transfers", () => {
  test("a short read stops early, a short write goes on in a second call", () => {
    const fs = new FaultFs(inner, "read:* n1 short 3; write,append:* short 2");
    const handle = fs.open("/file", { mode: "write" });
    const target = new Uint8Array(10);
    expect(handle.readAt(target, 0)).toBe(3);
    expect([...target.subarray(3)]).toEqual([0, 0, 0, 0, 0, 0, 0]);
    const under = new FaultFs(inner);
    const parts: (number | undefined)[][] = [];
    under.plan.arm({
      operations: ["write", "append"],
      action: { kind: "callback", callback: ({ offset, length }) => parts.push([offset, length]) },
    });
    const stacked = new FaultFs(under, "write,append:* short 2");
    stacked.open("/file", { mode: "write" }).writeAt(bytes("abcde"), 4);
    stacked.open("/file", { mode: "append" }).append(bytes("xyz"));
    expect(parts).toEqual([
      [4, 2],
      [6, 3],
      [undefined, 2],
      [undefined, 1],
    ]);
    expect(get(inner, "/file")).toBe("0123abcde9xyz");
  });

  test("when the second part of a short write fails, the count covers both", () => {
    const under = new FaultFs(inner, "write:* n2 torn 1 ENOSPC");
    const fs = new FaultFs(under, "write:* short 2");
    const handle = fs.open("/file", { mode: "write" });
    const error = caught(() => handle.writeAt(bytes("abcde"), 0));
    expect(error).toMatchObject({ code: "FS_NO_SPACE", errno: "ENOSPC", transferred: 3, injected: true });
    expect(get(inner, "/file")).toBe("abc3456789");
  });

  test("a torn write lands in part and says how much", async () => {
    const fs = new FaultFs(inner, "write:* torn 3 ENOSPC; append:* torn 0 EIO");
    const error = caught(() => fs.open("/file", { mode: "write" }).writeAt(bytes("abcdef"), 2));
    expect(error).toMatchObject({ code: "FS_NO_SPACE", offset: 2, transferred: 3, injected: true });
    expect(get(inner, "/file")).toBe("01abc56789");
    expect(caught(() => fs.open("/file", { mode: "append" }).append(bytes("x"))).transferred).toBe(0);
    expect(get(inner, "/file")).toBe("01abc56789");
  });

  test("a torn write may hold more than the whole: everything lands, and fails", () => {
    const fs = new FaultFs(inner, "write:* torn 100 EIO");
    expect(caught(() => fs.open("/file", { mode: "write" }).writeAt(bytes("ab"), 0)).transferred).toBe(2);
    expect(get(inner, "/file")).toBe("ab23456789");
  });

  test("without a number the cut is drawn from the seed: any, and the same again", () => {
    const cuts = (seed: number): number[] => {
      const fs = new FaultFs(new MemoryFs(), `write:* torn EIO seed ${seed}`);
      const handle = fs.open("/f", { mode: "write", create: "if-missing" });
      return Array.from({ length: 40 }, () => caught(() => handle.writeAt(new Uint8Array(8), 0)).transferred ?? -1);
    };
    expect(cuts(1)).toEqual(cuts(1));
    expect(cuts(1)).not.toEqual(cuts(2));
    expect(new Set(cuts(1))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  });

  test("corrupt reads: one bit, zeros, or what was there before; the file stays", async () => {
    const fs = new FaultFs(
      inner,
      "read:* xxxW seed 1 corrupt bit-flip; read:* n4 corrupt zero; read:* n5 corrupt stale",
    );
    const handle = fs.open("/file", { mode: "write" });
    const read = (): string => {
      const target = new Uint8Array(10);
      expect(handle.readAt(target, 0)).toBe(10);
      return new TextDecoder("latin1").decode(target);
    };
    for (let round = 0; round < 3; round += 1) {
      const wrong = bytesDiffering("0123456789", read());
      expect(wrong).toHaveLength(1);
      expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain(wrong[0]);
    }
    expect(read()).toBe("\0".repeat(10));
    handle.writeAt(bytes("ab"), 3);
    handle.writeAt(bytes("cd"), 4);
    expect(read()).toBe("0123b56789"); // byte 4 was written twice
    expect(read()).toBe("012acd6789");
    expect(fs.plan.unfired()).toEqual([]);
  });

  test("a stale read shows the version before the last write, and zeros where there was none", async () => {
    const fs = new FaultFs(inner, "read:* corrupt stale");
    const handle = fs.open("/file", { mode: "write" });
    handle.writeAt(bytes("AAAA"), 8);
    handle.writeAt(bytes("BB"), 9);
    const target = new Uint8Array(12);
    expect(await handle.readAtAsync(target, 0)).toBe(12);
    expect(new TextDecoder().decode(target)).toBe("012345678AA\0");
    const log = fs.open("/log", { mode: "append", create: "if-missing" });
    log.append(bytes("xy"));
    const tail = new Uint8Array(2);
    expect(log.readAt(tail, 0)).toBe(2);
    expect([...tail]).toEqual([0, 0]);
    expect(get(inner, "/log")).toBe("xy");
  });

  test("what a stale read remembers is bounded: the oldest of many overwrites is forgotten", () => {
    const fs = new FaultFs(inner, "read:* corrupt stale");
    const handle = fs.open("/big", { mode: "write", create: "if-missing" });
    const half = 512 << 10;
    for (const [value, offset] of [
      [1, 0],
      [2, 0],
      [3, half],
      [4, half],
    ] as const) {
      handle.writeAt(new Uint8Array(half).fill(value), offset);
    }
    const target = new Uint8Array(2);
    handle.readAt(target.subarray(0, 1), 0);
    handle.readAt(target.subarray(1), half);
    expect([...target]).toEqual([2, 3]); // the version 1 below 2 is forgotten, the version 3 below 4 is not
  });

  test("corruption reaches no further than the bytes read", () => {
    const fs = new FaultFs(inner, "read:* corrupt zero");
    const target = new Uint8Array(20).fill(7);
    expect(fs.open("/file", { mode: "read" }).readAt(target, 5)).toBe(5);
    expect([...target]).toEqual([...new Uint8Array(5), ...new Uint8Array(15).fill(7)]);
  });
});

function bytesDiffering(one: string, other: string): number[] {
  const differences: number[] = [];
  for (let at = 0; at < one.length; at += 1) {
    const difference = one.charCodeAt(at) ^ other.charCodeAt(at);
    if (difference !== 0) differences.push(difference);
  }
  return differences;
}

describe("barriers", () => {
  test.each(["sync", "syncBlocking"] as const)("an injected failure of %s poisons the handle", async (form) => {
    const fs = new FaultFs(inner, "sync:* n1 EIO");
    const handle = fs.open("/file", { mode: "write" });
    const first = await rejected((async () => handle[form]("data"))());
    expect(first).toMatchObject({ code: "FS_IO", operation: "sync", injected: true });
    const later: (() => unknown)[] = [
      () => handle.writeAt(bytes("x"), 0),
      () => handle.append(bytes("x")),
      () => handle.truncate(0),
      () => handle.allocate(0, 1),
      () => handle.punch(0, 1),
      () => handle.syncBlocking("full"),
    ];
    for (const call of later) {
      const error = caught(call);
      expect(error.code).toBe("FS_POISONED");
      expect(error.cause).toBe(first);
    }
    expect((await rejected(handle.sync("data"))).code).toBe("FS_POISONED");
    expect(handle.readAt(new Uint8Array(10), 0)).toBe(10);
    handle.close();
    expect(caught(() => handle.syncBlocking("data")).code).toBe("FS_CLOSED");
    const fresh = fs.open("/file", { mode: "write" });
    fresh.writeAt(bytes("x"), 0);
    await fresh.sync("data");
  });

  test("a failed names barrier poisons the names of its directory, as RealFs does", async () => {
    const fs = new FaultFs(inner, "syncNames:/dir n1 EIO; syncNames:/ n1 EIO");
    const first = caught(() => fs.syncNamesBlocking("/dir"));
    expect(first).toMatchObject({ code: "FS_IO", operation: "syncNames", injected: true });
    const second = caught(() => fs.syncNamesBlocking("/dir"));
    expect([second.code, second.cause]).toEqual(["FS_POISONED", first]);
    expect((await rejected(fs.syncNames("/dir"))).code).toBe("FS_POISONED");
    await expect(fs.syncNames("/")).rejects.toMatchObject({ code: "FS_IO" });
    expect(caught(() => fs.syncNamesBlocking("/")).code).toBe("FS_POISONED");
    new FaultFs(inner).syncNamesBlocking("/dir"); // opened again
  });

  test("the plan is asked in program order, also for promises that are awaited later", async () => {
    const fs = new FaultFs(inner, "sync:* n2 EIO");
    const one = fs.open("/file", { mode: "write" });
    const two = fs.open("/file", { mode: "write" });
    const first = one.sync("data");
    const second = two.sync("data");
    const settled = await Promise.allSettled([second, first]);
    expect(settled.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  });
});

describe("handles", () => {
  test("a failing close reports, and leaves no descriptor behind", () => {
    const under = new FaultFs(inner);
    const fs = new FaultFs(under, "close:* n1 EIO");
    const handle = fs.open("/file", { mode: "write" });
    expect(fs.openHandles).toEqual([handle]);
    expect(caught(() => handle.close())).toMatchObject({ operation: "close", errno: "EIO", injected: true });
    expect(fs.openHandles).toEqual([]);
    expect(under.openHandles).toEqual([]);
    handle.close();
    handle[Symbol.dispose]();
    expect(caught(() => handle.readAt(new Uint8Array(1), 0)).code).toBe("FS_CLOSED");
    expect(fs.plan.fired).toBe(1);
  });

  test("an open that fails late leaves no descriptor behind, and the file it made", () => {
    const under = new FaultFs(inner);
    const fs = new FaultFs(under, "open:* EMFILE late");
    const error = caught(() => fs.open("/made", { mode: "write", create: "exclusive" }));
    expect(error.code).toBe("FS_TOO_MANY_OPEN_FILES");
    expect(under.openHandles).toEqual([]);
    expect(inner.stat("/made").kind).toBe("file");
  });

  test("a callback that throws is what the call throws, and close still closes", () => {
    const under = new FaultFs(inner);
    const fs = new FaultFs(under);
    const handle = fs.open("/file", { mode: "read" });
    fs.plan.arm({
      operations: ["close"],
      action: {
        kind: "callback",
        callback: () => {
          throw new RangeError("mine");
        },
      },
    });
    expect(() => handle.close()).toThrow("mine");
    expect(under.openHandles).toEqual([]);
  });

  test("path and mode are the inner handle's", () => {
    const handle = new FaultFs(inner).open("/file", { mode: "append" });
    expect([handle.path, handle.mode]).toEqual(["/file", "append"]);
  });
});
