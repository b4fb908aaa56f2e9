import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { openFile } from "../test/support/real-file-scene.js";
import { bytesOf, failureOf, rejectionOf } from "../test/support/real-scene.js";

const badNumbers = [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, -0.5];

describe("bad arguments", () => {
  test.each(badNumbers)("the offset or length %d is refused and changes nothing", async (bad) => {
    const { handle, host } = openFile({ mode: "write" });
    const bytes = bytesOf("xy");
    for (const call of [
      () => handle.readAt(bytes, bad),
      () => handle.writeAt(bytes, bad),
      () => handle.truncate(bad),
      () => handle.allocate(bad, 1),
      () => handle.allocate(0, bad),
      () => handle.punch(bad, 1),
      () => handle.punch(0, bad),
    ]) {
      expect(failureOf(call)).toMatchObject({ code: "FS_INVALID_ARGUMENT", path: "/file" });
    }
    expect(await rejectionOf(handle.readAtAsync(bytes, bad))).toMatchObject({ code: "FS_INVALID_ARGUMENT" });
    expect(readFileSync(host, "latin1")).toBe("0123456789");
    handle.close();
  });

  test("a range that ends behind 2^53-1 is too large to write", () => {
    const { handle } = openFile({ mode: "write" });
    const end = Number.MAX_SAFE_INTEGER;
    expect(failureOf(() => handle.writeAt(bytesOf("xy"), end - 1)).code).toBe("FS_FILE_TOO_LARGE");
    expect(failureOf(() => handle.allocate(end, 1)).code).toBe("FS_FILE_TOO_LARGE");
    expect(handle.readAt(new Uint8Array(2), end - 1)).toBe(0);
    handle.close();
  });

  test("what is no Uint8Array is refused", async () => {
    const { handle } = openFile({ mode: "write" });
    for (const bad of ["text", [1, 2], new Uint16Array(2), undefined, null] as unknown as Uint8Array[]) {
      expect(failureOf(() => handle.readAt(bad, 0)).code).toBe("FS_INVALID_ARGUMENT");
      expect(failureOf(() => handle.writeAt(bad, 0)).code).toBe("FS_INVALID_ARGUMENT");
      expect((await rejectionOf(handle.readAtAsync(bad, 0))).code).toBe("FS_INVALID_ARGUMENT");
    }
    handle.close();
    const { handle: appending } = openFile({ mode: "append" });
    expect(failureOf(() => appending.append("text" as unknown as Uint8Array)).code).toBe("FS_INVALID_ARGUMENT");
    appending.close();
  });

  test("a handle does only what its mode allows", async () => {
    const bytes = bytesOf("x");
    const reading = openFile({ mode: "read" }).handle;
    for (const call of [
      () => reading.writeAt(bytes, 0),
      () => reading.append(bytes),
      () => reading.truncate(0),
      () => reading.allocate(0, 1),
      () => reading.punch(0, 1),
    ]) {
      expect(failureOf(call).code).toBe("FS_INVALID_ARGUMENT");
    }
    await reading.sync("data");
    reading.close();
    const writing = openFile({ mode: "write" }).handle;
    expect(failureOf(() => writing.append(bytes)).code).toBe("FS_INVALID_ARGUMENT");
    expect(failureOf(() => writing.punch(0, 1)).code).toBe("FS_UNSUPPORTED");
    writing.close();
    const appending = openFile({ mode: "append" }).handle;
    for (const call of [
      () => appending.writeAt(bytes, 0),
      () => appending.allocate(0, 1),
      () => appending.punch(0, 1),
    ]) {
      expect(failureOf(call).code).toBe("FS_INVALID_ARGUMENT");
    }
    appending.truncate(3);
    expect(appending.stat().size).toBe(3);
    appending.close();
  });

  test("an unknown rung is refused by both kinds of barrier", async () => {
    const { handle } = openFile({ mode: "write" });
    expect((await rejectionOf(handle.sync("os" as "data"))).code).toBe("FS_INVALID_ARGUMENT");
    expect(failureOf(() => handle.syncBlocking("all" as "data")).code).toBe("FS_INVALID_ARGUMENT");
    handle.close();
  });
});
