import type { EventEmitter } from "node:events";
import * as realFs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { promisify } from "node:util";
import { CrashFs } from "@holdfast/fs-seam/crash";
import { FaultFs, FaultPlan } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { createNodeFs, NodeFsError, nodeFsErrorCodes, type NodeFs } from "../../src/node/index.js";
import { describeError, outcomeOf } from "./play.js";

function facade(): NodeFs {
  return createNodeFs(new MemoryFs());
}

test("an error has the fields and the words of Node's", () => {
  expect(() => facade().readFileSync("/missing")).toThrow(
    expect.objectContaining({
      message: "ENOENT: no such file or directory, open '/missing'",
      errno: -2,
      code: "ENOENT",
      syscall: "open",
      path: "/missing",
    }),
  );
  expect(() => facade().renameSync("/a", "/b")).toThrow("ENOENT: no such file or directory, rename '/a' -> '/b'");
  expect(() => facade().fsyncSync(99)).toThrow(expect.objectContaining({ code: "EBADF", syscall: "fsync" }));
});

test("an argument that is wrong has the code of Node's, and a property its words", () => {
  const fs = facade();
  const directory = realFs.mkdtempSync(join(tmpdir(), "holdfast-node-fs-"));
  onTestFinished(() => realFs.rmSync(directory, { recursive: true }));
  const failureOf = (call: () => void): Error & { readonly code?: string } => {
    try {
      call();
    } catch (error) {
      return error as Error; // of Node or of the facade, both of which throw nothing else
    }
    throw new Error("it passed");
  };
  const flush = "yes" as unknown as boolean; // wrong on purpose
  const real = failureOf(() => realFs.writeFileSync(`${directory}/a`, "", { flush }));
  const ours = failureOf(() => fs.writeFileSync("/a", "", { flush }));
  expect([ours.name, ours.code, ours.message]).toEqual([real.name, real.code, real.message]);
  realFs.writeFileSync(`${directory}/b`, "");
  fs.writeFileSync("/b", "");
  for (const mode of [8, -1, "r", {}] as number[]) {
    const wanted = failureOf(() => realFs.accessSync(`${directory}/b`, mode));
    const found = failureOf(() => fs.accessSync("/b", mode));
    expect([mode, found.name, found.code]).toEqual([mode, wanted.name, wanted.code]);
  }
});

test("a callback comes later, after promises and ticks, and in the order of the calls", async () => {
  const fs = facade();
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    fs.writeFile("/a", "1", () => order.push("write"));
    fs.stat("/a", () => order.push("stat"));
    fs.open("/a", "r", () => order.push("open"));
    fs.access("/missing", (error) => {
      order.push(error?.code ?? "no error");
    });
    process.nextTick(() => order.push("tick"));
    void Promise.resolve()
      .then(() => undefined)
      .then(() => order.push("promise"));
    order.push("issued");
    fs.readdir("/", () => fs.readdir("/", () => fs.readdir("/", () => fs.readdir("/", () => resolve()))));
  });
  expect(order.filter((name) => name !== "promise")).toEqual(["issued", "tick", "stat", "open", "ENOENT", "write"]);
  expect(order.indexOf("promise")).toBeLessThan(order.indexOf("stat"));
});

test("calls take effect in the order of the program, before anything completes", async () => {
  const fs = facade();
  const pending = [fs.promises.mkdir("/d"), fs.promises.rename("/d", "/e"), fs.promises.mkdir("/d/x")];
  expect(fs.readdirSync("/")).toEqual(["e"]);
  expect((await Promise.allSettled(pending)).map(({ status }) => status)).toEqual([
    "fulfilled",
    "fulfilled",
    "rejected",
  ]);
});

test("steps of two writes of one file interleave as Node's do", async () => {
  const fs = facade();
  await Promise.all([fs.promises.writeFile("/a", "longer"), fs.promises.writeFile("/a", "abc")]);
  expect(fs.readFileSync("/a", "utf8")).toBe("abcger"); // both opened and cut the file before either wrote
});

test("a barrier takes effect between its issue and its completion", async () => {
  const store = new CrashFs();
  const fs = createNodeFs(store);
  const fd = fs.openSync("/a", "w");
  fs.writeSync(fd, "one");
  const barrier = promisify(fs.fsync)(fd);
  expect(store.durability("/a").pending.length).toBeGreaterThan(0);
  await barrier;
  expect(store.durability("/a").pending).toEqual([]);
});

test("fsync of a directory makes its names durable", async () => {
  for (const style of ["sync", "callback", "handle"]) {
    const store = new CrashFs();
    const fs = createNodeFs(store);
    fs.writeFileSync("/a", "1", { flush: true });
    if (style === "sync") fs.fsyncSync(fs.openSync("/", "r"));
    if (style === "callback") await promisify(fs.fsync)(fs.openSync("/", "r"));
    if (style === "handle") await (await fs.promises.open("/")).sync();
    store.crash("worst");
    expect(createNodeFs(store).readdirSync("/"), style).toEqual(["a"]);
  }
});

test("a directory that is open is synced under the name it has by then", () => {
  const store = new CrashFs();
  const fs = createNodeFs(store);
  fs.mkdirSync("/d/e", { recursive: true });
  const fd = fs.openSync("/d/e", "r");
  fs.renameSync("/d", "/f");
  fs.writeFileSync("/f/e/x", "");
  const before = store.trace().records.length;
  fs.fsyncSync(fd);
  expect(store.trace().records[before]).toMatchObject({ kind: "barrier", scope: "names" });
  fs.rmSync("/f", { recursive: true });
  expect(() => fs.fsyncSync(fd)).not.toThrow();
});

test("descriptors are none that a kernel gives out", () => {
  const fs = facade();
  const other = facade();
  const fds = [fs.openSync("/a", "w"), other.openSync("/a", "w"), fs.openSync("/", "r")];
  expect(Math.min(...fds)).toBeGreaterThanOrEqual(2 ** 30);
  expect(new Set(fds).size).toBe(3);
  expect(() => other.fstatSync(fds[0] ?? 0)).toThrow("EBADF");
  expect(() => fs.writeSync(1, "to stdout")).toThrow("EBADF");
});

test("a full disk takes what fits, as write does", () => {
  const fs = createNodeFs(new MemoryFs({ capacityBytes: 4096 }));
  const fd = fs.openSync("/a", "w");
  expect(fs.writeSync(fd, Buffer.alloc(6000, "x"))).toBe(4096);
  expect(() => fs.writeSync(fd, "x")).toThrow(expect.objectContaining({ code: "ENOSPC", syscall: "write" }));
  expect(() => fs.writeFileSync("/a", Buffer.alloc(6000))).toThrow("ENOSPC");
});

test("faults of the seam arrive as Node's errors, the cause with them", async () => {
  const inner = new MemoryFs();
  const fs = createNodeFs(new FaultFs(inner, FaultPlan.parse("sync:/a n1 EIO")));
  const handle = await fs.promises.open("/a", "w");
  await handle.write("x");
  const failed = await outcomeOf(() => handle.sync());
  expect(failed).toEqual({
    error: expect.objectContaining({ code: "EIO", syscall: "fsync", message: "EIO: i/o error, fsync" }),
  });
});

test("a crash ends calls with the seam's own error", () => {
  const store = new CrashFs();
  const fs = createNodeFs(store);
  const fd = fs.openSync("/a", "w");
  store.crash("worst");
  expect(() => fs.writeSync(fd, "x")).toThrow(expect.objectContaining({ name: "FsError", code: "FS_CRASHED" }));
});

test("modes, owners and times are shown, follow the file, and end with a crash", () => {
  let time = 1_000_000;
  const store = new CrashFs();
  const fs = createNodeFs(store, { umask: 0o027, uid: 7, gid: 8, now: () => (time += 1000) });
  fs.writeFileSync("/a", "1");
  expect(fs.statSync("/a")).toMatchObject({ mode: 0o100640, uid: 7, gid: 8, birthtimeMs: expect.any(Number) });
  expect(fs.statSync("/a").mtimeMs).toBe(time);
  fs.chmodSync("/a", 0o600);
  fs.chownSync("/a", 1, -1);
  fs.utimesSync("/a", 5, new Date(6000));
  fs.linkSync("/a", "/b");
  fs.renameSync("/a", "/c");
  expect(fs.statSync("/b")).toMatchObject({ mode: 0o100600, uid: 1, gid: 8, atimeMs: 5000, mtimeMs: 6000, nlink: 2 });
  expect(fs.statSync("/b").ino).toBe(fs.statSync("/c").ino);
  expect(fs.statSync("/b", { bigint: true })).toMatchObject({
    mtimeNs: 6_000_000_000n,
    ino: BigInt(fs.statSync("/c").ino),
  });
  fs.appendFileSync("/c", "2");
  expect(fs.statSync("/b").mtimeMs).toBe(time - 0);
  store.crash("best");
  expect(createNodeFs(store, { umask: 0, uid: 7 }).statSync("/b").mode).toBe(0o100666);
});

test("stat gives instances of Node's classes", () => {
  const fs = facade();
  fs.mkdirSync("/d");
  expect(fs.statSync("/d")).toBeInstanceOf(fs.Stats);
  expect(fs.statSync("/d").atime).toBeInstanceOf(Date);
  expect(fs.readdirSync("/", { withFileTypes: true })[0]).toBeInstanceOf(fs.Dirent);
  expect(fs.opendirSync("/")).toBeInstanceOf(fs.Dir);
});

test("O_SYNC and O_DSYNC sync each write", () => {
  const store = new CrashFs();
  const fs = createNodeFs(store);
  const before = (): number => store.trace().records.filter(({ kind }) => kind === "barrier").length;
  fs.writeSync(fs.openSync("/a", "as"), "x");
  expect(before()).toBe(1);
  fs.writeSync(fs.openSync("/b", fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_DSYNC), "x");
  expect(before()).toBe(2);
});

test("flush makes the bytes durable, in every style, and nothing else does", async () => {
  const write = {
    sync: (fs: NodeFs, flush: boolean) => fs.writeFileSync("/a", "bytes", { flush }),
    callback: (fs: NodeFs, flush: boolean) => promisify(fs.writeFile)("/a", "bytes", { flush }),
    promise: (fs: NodeFs, flush: boolean) => fs.promises.writeFile("/a", "bytes", { flush }),
  };
  for (const [style, call] of Object.entries(write)) {
    for (const flush of [true, false]) {
      const store = new CrashFs();
      const fs = createNodeFs(store);
      await call(fs, flush);
      fs.fsyncSync(fs.openSync("/", "r"));
      store.crash("worst");
      expect(createNodeFs(store).readFileSync("/a", "utf8"), `${style}, ${flush}`).toBe(flush ? "bytes" : "");
    }
  }
});

test("renaming one name of a file over another leaves both, attributes included", () => {
  const fs = facade();
  fs.writeFileSync("/a", "1", { mode: 0o600 });
  fs.linkSync("/a", "/b");
  fs.renameSync("/a", "/b");
  expect([fs.statSync("/a").ino, fs.statSync("/a").mode & 0o777]).toEqual([fs.statSync("/b").ino, 0o600]);
});

test("copying a directory over a file removes the file, as libuv does", () => {
  const fs = facade();
  fs.mkdirSync("/d");
  fs.writeFileSync("/a", "1");
  expect(() => fs.copyFileSync("/d", "/a")).toThrow("EISDIR");
  expect(fs.existsSync("/a")).toBe(false);
});

test("an aborted signal ends a write between its pieces", async () => {
  const fs = facade();
  const controller = new AbortController();
  const data = Buffer.alloc(2 ** 20);
  const write = fs.promises.writeFile("/a", data, { signal: controller.signal });
  await fs.promises.stat("/a");
  controller.abort();
  expect(await outcomeOf(() => write)).toMatchObject({ error: { name: "AbortError", code: "ABORT_ERR" } });
  expect(fs.statSync("/a").size).toBeLessThan(data.length);
  const late = await outcomeOf(() => promisify(fs.readFile)("/a", { signal: controller.signal } as object));
  expect(late).toMatchObject({ error: { code: "ABORT_ERR" } });
});

test("iterables are written piece by piece", async () => {
  const fs = facade();
  async function* pieces(): AsyncGenerator<string | Buffer> {
    yield "one ";
    yield Buffer.from("two ");
    yield "three";
  }
  await fs.promises.writeFile("/a", pieces());
  const handle = await fs.promises.open("/b", "w");
  await handle.writeFile(["x", "y"] as never); // the declaration leaves iterables out
  await handle.close();
  expect([fs.readFileSync("/a", "utf8"), fs.readFileSync("/b", "utf8")]).toEqual(["one two three", "xy"]);
});

test("a handle that is closing waits for what is under way, and refuses the rest", async () => {
  const fs = facade();
  const handle = await fs.promises.open("/a", "w");
  const closed = vi.fn<() => void>();
  (handle as unknown as EventEmitter).on("close", closed);
  const write = handle.writeFile(Buffer.alloc(2 ** 21, "x"));
  const close = handle.close();
  expect(await outcomeOf(() => handle.stat())).toEqual({
    error: expect.objectContaining({ message: "file closed", code: "EBADF", syscall: "fstat" }),
  });
  await Promise.all([write, close]);
  expect(closed).toHaveBeenCalledOnce();
  await handle.close();
  expect(fs.statSync("/a").size).toBe(2 ** 21);
  await using again = await fs.promises.open("/a");
  expect(again.fd).toBeGreaterThan(0);
});

test("promisify knows the results of read and write", async () => {
  const fs = facade();
  const fd = fs.openSync("/a", "w+");
  expect(await promisify(fs.write)(fd, "abc")).toEqual({ bytesWritten: 3, buffer: "abc" });
  expect(await promisify(fs.read)(fd, Buffer.alloc(2), 0, 2, 1)).toEqual({ bytesRead: 2, buffer: Buffer.from("bc") });
  expect(await promisify(fs.exists)("/a")).toBe(true);
});

test("cp copies a tree, and refuses what Node refuses", () => {
  const fs = facade();
  fs.mkdirSync("/d/e", { recursive: true });
  fs.writeFileSync("/d/e/f", "1", { mode: 0o755 });
  fs.writeFileSync("/d/skipped", "1");
  fs.cpSync("/d", "/copy/of", { recursive: true, filter: (source) => !source.endsWith("skipped") });
  expect(fs.readdirSync("/copy", { recursive: true })).toEqual(["of", "of/e", "of/e/f"]);
  expect(fs.statSync("/copy/of/e/f").mode & 0o777).toBe(0o755);
  const code = (run: () => void): unknown => {
    try {
      run();
      return "nothing";
    } catch (error) {
      return (describeError(error) as { code: unknown }).code;
    }
  };
  expect(code(() => fs.cpSync("/d", "/x"))).toBe("ERR_FS_EISDIR");
  expect(code(() => fs.cpSync("/d", "/d/in", { recursive: true }))).toBe("ERR_FS_CP_EINVAL");
  expect(code(() => fs.cpSync("/d/skipped", "/d/skipped"))).toBe("ERR_FS_CP_EINVAL");
  expect(code(() => fs.cpSync("/d", "/copy/of/e/f", { recursive: true }))).toBe("ERR_FS_CP_DIR_TO_NON_DIR");
  expect(code(() => fs.cpSync("/d/skipped", "/copy", {}))).toBe("ERR_FS_CP_NON_DIR_TO_DIR");
  const options = { force: false, errorOnExist: true };
  expect(code(() => fs.cpSync("/d/skipped", "/copy/of/e/f", options))).toBe("ERR_FS_CP_EEXIST");
});

test("what is not offered says so by name, in every style", async () => {
  const fs = facade();
  fs.writeFileSync("/a", "");
  const refusal = (subject: string): unknown => expect.objectContaining({ code: "NODE_FS_UNSUPPORTED", subject });
  expect(() => fs.symlinkSync("/a", "/b")).toThrow(refusal("symlinkSync"));
  expect(() => fs.symlink("/a", "/b", () => undefined)).toThrow(refusal("symlink"));
  expect(() => fs.watch("/a")).toThrow(refusal("watch"));
  await expect(fs.promises.symlink("/a", "/b")).rejects.toEqual(refusal("promises.symlink"));
  expect(() => fs.promises.watch("/a")).toThrow(refusal("promises.watch"));
  await expect(outcomeOf(async () => (await fs.promises.open("/a")).readableWebStream())).resolves.toMatchObject({
    error: { code: "NODE_FS_UNSUPPORTED" },
  });
  expect(() => fs.readlinkSync("/a")).toThrow("EINVAL");
});

test("names that no seam takes are refused as such, and do not exist", () => {
  const fs = facade();
  expect(() => fs.writeFileSync("/a:b", "")).toThrow(expect.objectContaining({ code: "NODE_FS_NAME_REFUSED" }));
  expect(fs.existsSync("/a:b")).toBe(false);
  expect(() => fs.writeFileSync(`/${"x".repeat(256)}`, "")).toThrow("ENAMETOOLONG");
});

test("a root shows the store at one path, or parts of it at several", () => {
  const store = new MemoryFs();
  createNodeFs(store).mkdirSync("/config/app", { recursive: true });
  const fs = createNodeFs(store, { root: { "/etc/app": "/config/app", "/var": "/" } });
  fs.writeFileSync("/etc/app/x", "1");
  expect(fs.readdirSync("/var/config/app")).toEqual(["x"]);
  expect(() => fs.readdirSync("/etc")).toThrow("ENOENT");
  fs.renameSync("/etc/app/x", "/var/y");
  expect(store.list("/").map(({ name }) => name)).toEqual(["config", "y"]);
});

test("wrong options are refused by name", () => {
  const store = new MemoryFs();
  const bad = (options: object, subject: string): void => {
    expect(() => createNodeFs(store, options)).toThrow(
      expect.objectContaining({ name: "NodeFsError", code: "NODE_FS_INVALID_OPTION", subject }),
    );
  };
  bad({ roots: "/x" }, "roots");
  bad({ root: "x" }, "root");
  bad({ root: {} }, "root");
  bad({ root: { "/x": "y" } }, "root");
  bad({ umask: -1 }, "umask");
  bad({ uid: 1.5 }, "uid");
  bad({ now: 5 }, "now");
  expect(() => createNodeFs({} as MemoryFs)).toThrow(NodeFsError);
  expect(new Set(nodeFsErrorCodes).size).toBe(4);
});

test("a part that does not fit into its buffer is refused in the words of Node", () => {
  const directory = realFs.mkdtempSync(join(tmpdir(), "holdfast-part-"));
  const real = realFs.openSync(join(directory, "file"), "w");
  const fs = facade();
  const ours = fs.openSync("/file", "w");
  const message = (write: () => unknown): string => {
    try {
      write();
    } catch (error) {
      return (error as Error).message;
    }
    return "written";
  };
  for (const [offset, length] of [
    [0, 9],
    [2, 2],
    [3, 9],
    [9, 1],
    [0, -1],
  ] as const) {
    const said = message(() => realFs.writeSync(real, Buffer.alloc(3), offset, length));
    expect(said).toMatch(/is out of range/);
    expect(message(() => fs.writeSync(ours, Buffer.alloc(3), offset, length))).toBe(said);
  }
  realFs.closeSync(real);
  realFs.rmSync(directory, { recursive: true });
});

test("writing nothing to a file that is open for reading fails where Node's callback form does, and nowhere else", async () => {
  const fs = facade();
  fs.writeFileSync("/a", "kept");
  const reading = { flag: "r" };
  fs.writeFileSync("/a", "", reading);
  await fs.promises.writeFile("/a", "", reading);
  await fs.promises.appendFile("/a", new Uint8Array(), reading);
  const handle = await fs.promises.open("/a", "r");
  await handle.writeFile("");
  await expect(handle.writeFile("x")).rejects.toThrow("EBADF");
  await handle.close();
  const later = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    fs.writeFile("/a", "", reading, resolve);
  });
  expect(later?.code).toBe("EBADF");
  expect(fs.readFileSync("/a", "utf8")).toBe("kept");
});
