// What `dump` and `verify` do with the names and kinds of what lies on a real disk.
import { spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { runCommandLine } from "../src/command-line.js";
import { capturedIo } from "./captured-io.js";
import { goldenBytes } from "./golden-stores.js";
import { inspected } from "./inspected.js";
import { scratch } from "./scratch.js";
import { smallSegment } from "./small-segment.js";

const onLinux = process.platform === "linux";
const segment = goldenBytes("header-only/000001.fbat");
let directory: string;

beforeEach(() => {
  directory = scratch();
});

function put(name: string, bytes: Uint8Array = segment): string {
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
}

async function filesOf(command: "dump" | "verify", path: string): Promise<readonly string[]> {
  const { lines } = await inspected(command, path);
  return lines.map(({ file, kind }) => `${file} ${kind}`);
}

describe("a directory", () => {
  test("is walked whole, in an order that depends on the names alone", async () => {
    mkdirSync(join(directory, "b/deep"), { recursive: true });
    for (const name of ["z.fbat", "2.fbat", "10.fbat", "b/deep/1.fbat", "b/a.txt", "c.fbat"]) put(name);
    const { lines } = await inspected("dump", directory);
    expect([...new Set(lines.map(({ file }) => file))]).toEqual([
      ...["2.fbat", "10.fbat", "b/a.txt", "b/deep/1.fbat", "c.fbat", "z.fbat"],
    ]);
  });

  test("that is empty has nothing to say, and is no failure", async () => {
    expect(await inspected("verify", directory)).toEqual({ code: 0, lines: [], err: "" });
    expect(await inspected("dump", directory)).toEqual({ code: 0, lines: [], err: "" });
  });

  test("with files of other formats is as sound as its segments", async () => {
    put("000001.fbat");
    put("notes.txt", Buffer.from("FBAT is four letters"));
    put("empty", new Uint8Array());
    expect(await filesOf("verify", directory)).toEqual(["000001.fbat sound", "empty foreign", "notes.txt foreign"]);
    expect((await inspected("verify", directory)).code).toBe(0);
  });

  test("may be named by a symlink and with a slash at its end", async () => {
    put("000001.fbat");
    const link = join(scratch(), "link");
    symlinkSync(directory, link);
    for (const path of [link, `${directory}/`, `${link}/.`]) {
      expect(await filesOf("verify", path)).toEqual(["000001.fbat sound"]);
    }
  });

  test("whose file ends in a torn tail: only the newest may", async () => {
    const torn = Uint8Array.from([...segment, 1, 2, 3]);
    put("000001.fbat", torn);
    expect((await inspected("verify", directory)).lines.at(-1)).toMatchObject({ kind: "torn", offset: 57, length: 3 });
    put("000002.fbat", goldenBytes("header-edges/000002.fbat"));
    const { lines } = await inspected("verify", directory);
    expect(lines.find(({ offset }) => offset === 57)).toMatchObject({ file: "000001.fbat", kind: "corrupt" });
    // Named alone it is judged with what lies beside it.
    expect((await inspected("verify", join(directory, "000001.fbat"))).lines.at(-1)).toMatchObject({ kind: "corrupt" });
  });
});

describe("a file", () => {
  test("is called by its own name", async () => {
    const path = put("000001.fbat");
    expect(await filesOf("dump", path)).toEqual(["000001.fbat segment-header"]);
  });

  test("may be named by a symlink, whose name is printed, and is judged under its own", async () => {
    const path = put("000001.fbat");
    for (const name of ["current", "000009.fbat"]) {
      const link = join(scratch(), name);
      symlinkSync(path, link);
      expect(await filesOf("dump", link)).toEqual([`${name} segment-header`]);
    }
  });

  test.each(["ünïcode-日本.fbat", "decomposed-u\u0308.fbat", "a:b*c?.fbat", "trailing.", "with space", "--json"])(
    "may be called %s",
    async (name) => {
      put(name);
      expect(await filesOf("dump", directory)).toEqual([`${name} segment-header`]);
      expect(await filesOf("dump", join(directory, name))).toEqual([`${name} segment-header`]);
    },
  );

  test.runIf(onLinux)("may have a name that is no text", async () => {
    const name = Buffer.from([0x61, 0xff, 0x2e, 0x66, 0x62, 0x61, 0x74]);
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), name]), segment);
    expect(await filesOf("dump", directory)).toEqual(["a\\xff.fbat segment-header"]);
  });

  test("may be called what would act on a terminal", async () => {
    put("\u001b[31mred\u009b\n.fbat");
    for (const args of [
      ["dump", directory],
      ["verify", directory],
      ["dump", directory, "--json"],
    ]) {
      const io = capturedIo();
      expect(await runCommandLine(args, io)).toBe(0);
      expect(io.out()).toContain("\\u001b[31mred\\u009b\\n.fbat");
      expect(io.out().replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    }
  });

  test("of another format, named alone, is no success: its beginning may be gone", async () => {
    for (const bytes of [Buffer.from("some text"), new Uint8Array(), new Uint8Array(4096)]) {
      const { code, lines } = await inspected("verify", put("other.bin", bytes));
      expect(code).toBe(1);
      expect(lines).toMatchObject([{ file: "other.bin", offset: 0, length: bytes.length, kind: "foreign" }]);
    }
  });

  test.each(["FBAT", "F", "HFSG", "H", "HFSG0123456789"])(
    "that holds no more than %s was cut off in its header",
    async (text) => {
      const { code, lines } = await inspected("verify", put("cut", Buffer.from(text)));
      expect(code).toBe(1);
      expect(lines).toMatchObject([{ offset: 0, length: text.length, code: "CODEC_TRUNCATED" }]);
    },
  );

  test("is read beside its siblings, which may be anything", async () => {
    const { bytes } = smallSegment([Uint8Array.of(1)]);
    put("segment", bytes);
    put("other", new Uint8Array(3));
    symlinkSync("nowhere", join(directory, "dangling"));
    expect(await filesOf("verify", join(directory, "segment"))).toEqual(["segment sound"]);
  });
});

describe("what cannot be read", () => {
  test.each([["dump"], ["verify"]] as const)(
    "%s: nothing at the path is 2, on stderr and as a line",
    async (command) => {
      const { code, lines, err } = await inspected(command, join(directory, "missing"));
      expect(code).toBe(2);
      const verdict = command === "dump" ? { kind: "damage", verdict: "unreadable" } : { kind: "unreadable" };
      expect(lines).toMatchObject([{ file: "missing", offset: 0, length: 0, ...verdict, code: "CLI_FILE_NOT_FOUND" }]);
      expect(err).toMatch(/^holdfast: .*missing does not exist\n$/);
      expect((await inspected(command, join(put("file"), "below"))).code).toBe(2);
    },
  );

  test("a loop of symlinks is 2", async () => {
    const path = join(directory, "loop");
    symlinkSync("loop", path);
    expect(await inspected("verify", path)).toMatchObject({ code: 2, lines: [{ code: "CLI_FILE_UNREADABLE" }] });
  });

  test.runIf(onLinux)("a pipe is refused and not waited for, as argument and below it", async () => {
    for (const name of ["pipe", "pipe.fbat"]) {
      expect(spawnSync("sh", ["-c", 'mkfifo "$0"', join(directory, name)]).status).toBe(0);
    }
    expect(await inspected("dump", join(directory, "pipe"))).toMatchObject({
      code: 2,
      lines: [{ code: "CLI_FILE_NOT_REGULAR" }],
    });
    const { code, lines } = await inspected("verify", directory);
    expect(code).toBe(2);
    expect(lines).toMatchObject([
      { file: "pipe", kind: "foreign" },
      { file: "pipe.fbat", kind: "unreadable", code: "CLI_FILE_NOT_REGULAR" },
    ]);
    expect((await inspected("verify", "/dev/null")).code).toBe(2);
  });

  test.runIf(onLinux)("a pipe without a path, as standard input may be, is there and no regular file", async () => {
    const path = join(directory, "pipe");
    expect(spawnSync("mkfifo", [path]).status).toBe(0);
    const fd = openSync(path, constants.O_RDWR);
    try {
      rmSync(path);
      const { code, lines } = await inspected("dump", `/proc/self/fd/${fd}`);
      expect({ code, lines }).toMatchObject({ code: 2, lines: [{ file: String(fd), code: "CLI_FILE_NOT_REGULAR" }] });
    } finally {
      closeSync(fd);
    }
  });

  test("a symlink below the argument is not followed, and missed only where it is called like one of ours", async () => {
    const elsewhere = scratch();
    writeFileSync(join(elsewhere, "000007.fbat"), segment);
    symlinkSync(elsewhere, join(directory, "directory"));
    symlinkSync(directory, join(directory, "itself"));
    expect(await inspected("verify", directory)).toMatchObject({
      code: 0,
      lines: [
        { file: "directory", kind: "foreign" },
        { file: "itself", kind: "foreign" },
      ],
    });
    symlinkSync(join(elsewhere, "000007.fbat"), join(directory, "000007.fbat"));
    expect(await inspected("verify", directory)).toMatchObject({
      code: 2,
      lines: [{ file: "000007.fbat", kind: "unreadable" }, {}, {}],
    });
  });

  test("one file that cannot be read does not hide the others", async () => {
    put("000001.fbat");
    symlinkSync("nowhere", join(directory, "000002.fbat"));
    put("000003.fbat", Uint8Array.from([...goldenBytes("header-edges/000003.fbat"), 9]));
    const { code, lines } = await inspected("verify", directory);
    expect(code).toBe(2); // and not 1: what was not read may be worse
    expect(lines.map(({ file, kind }) => `${file} ${kind}`)).toEqual([
      ...["000001.fbat sound", "000002.fbat unreadable", "000003.fbat sound", "000003.fbat torn"],
    ]);
  });
});

test("nothing is ever written: names, sizes and times stay", async () => {
  put("000001.fbat");
  put("000002.fbat", Uint8Array.from([...segment, 1]));
  const look = (): unknown =>
    readdirSync(directory).map((name) => {
      const { size, mtimeNs, ctimeNs, ino } = statSync(join(directory, name), { bigint: true });
      return { name, size, mtimeNs, ctimeNs, ino, bytes: readFileSync(join(directory, name), "hex") };
    });
  const before = look();
  for (const command of ["dump", "verify"] as const) await inspected(command, directory);
  expect(look()).toEqual(before);
});

test("a segment under the name of another is found", async () => {
  renameSync(put("000001.fbat"), join(directory, "000009.fbat"));
  const { code, lines } = await inspected("verify", directory);
  expect(code).toBe(1);
  expect(lines).toMatchObject([{ kind: "corrupt", offset: 0, length: 57, code: "INSPECT_MISNAMED" }]);
});
