import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { scratch } from "../../test/scratch.js";
import { cliErrorCodes, CliError } from "../cli-error.js";
import { makeDocument, maxExploredBytes, maxFileBytes, readDocument, sampleDocument } from "./tour-document.js";

const linux = process.platform === "linux";

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof CliError && cliErrorCodes.includes(error.code)) return error.code;
    throw error;
  }
  return "nothing was thrown";
}

describe("the two versions", () => {
  test("the sample fits into one page and is explored whole", () => {
    const { before, after, explored, source, path } = sampleDocument();
    expect([source, path]).toEqual(["sample", undefined]);
    expect(before.length).toBeGreaterThan(3 * 512);
    expect(after.length).toBeLessThan(4096);
    expect(explored).toEqual({ before, after });
  });

  test("no sector of the new version is what it was, whatever the content", () => {
    const { before, after } = makeDocument(Uint8Array.from({ length: 3000 }, (_, at) => at % 251));
    for (let at = 0; at < before.length; at += 512) {
      expect(Buffer.compare(after.subarray(at, at + 512), before.subarray(at, at + 512))).not.toBe(0);
    }
  });

  test("an empty document has two versions too", () => {
    const { before, after } = makeDocument(new Uint8Array(0));
    expect(before.length).toBe(0);
    expect(after.length).toBeGreaterThan(0);
  });

  test("of a large one, exploration takes the beginning", () => {
    const { explored, before } = makeDocument(new Uint8Array(maxExploredBytes + 1).fill(1));
    expect(before.length).toBe(maxExploredBytes + 1);
    expect(explored.before.length).toBe(maxExploredBytes);
  });
});

describe("a file of the user's", () => {
  test("is copied and stays as it was", () => {
    const path = join(scratch(), "notes");
    writeFileSync(path, "mine");
    chmodSync(path, 0o400);
    const earlier = statSync(path);
    const document = readDocument(path);
    expect(Buffer.from(document.before).toString()).toBe("mine");
    expect([document.source, document.path]).toEqual(["file", path]);
    expect(statSync(path)).toMatchObject({
      mtimeMs: earlier.mtimeMs,
      ctimeMs: earlier.ctimeMs,
      size: 4,
      mode: earlier.mode,
    });
    expect(readFileSync(path, "utf8")).toBe("mine");
  });

  test("may be empty, and may be reached by a symlink", () => {
    const directory = scratch();
    writeFileSync(join(directory, "empty"), "");
    symlinkSync("empty", join(directory, "link"));
    expect(readDocument(join(directory, "link")).before.length).toBe(0);
  });

  test("may be as large as the limit and no larger", () => {
    const path = join(scratch(), "notes");
    writeFileSync(path, "12345");
    expect(readDocument(path, 5).before.length).toBe(5);
    expect(codeOf(() => readDocument(path, 4))).toBe("CLI_FILE_TOO_LARGE");
    expect(() => readDocument(path, 4)).toThrow("larger than 4 bytes");
    expect(maxFileBytes).toBe(67108864);
  });

  test.runIf(linux)("is read to its end when its length says nothing", () => {
    expect(readDocument("/proc/self/status").before.length).toBeGreaterThan(100);
  });

  test.runIf(linux)("whose length says nothing is held to the limit too", () => {
    expect(codeOf(() => readDocument("/proc/self/status", 50))).toBe("CLI_FILE_TOO_LARGE");
  });
});

describe("what does not serve", () => {
  test("nothing there", () => {
    const directory = scratch();
    writeFileSync(join(directory, "file"), "");
    expect(codeOf(() => readDocument(join(directory, "none")))).toBe("CLI_FILE_NOT_FOUND");
    expect(codeOf(() => readDocument(join(directory, "file", "below")))).toBe("CLI_FILE_NOT_FOUND");
  });

  test("a directory", () => {
    expect(codeOf(() => readDocument(scratch()))).toBe("CLI_FILE_NOT_REGULAR");
  });

  test.runIf(linux)("a device and a named pipe, without waiting for its other end", () => {
    const pipe = join(scratch(), "pipe");
    execFileSync("sh", ["-c", 'mkfifo "$0"', pipe]);
    expect(codeOf(() => readDocument(pipe))).toBe("CLI_FILE_NOT_REGULAR");
    expect(codeOf(() => readDocument("/dev/zero"))).toBe("CLI_FILE_NOT_REGULAR");
  });

  test.runIf(linux)("a file whose bytes cannot be read", () => {
    expect(codeOf(() => readDocument("/proc/self/mem"))).toBe("CLI_FILE_UNREADABLE"); // EIO, also for root
  });

  test("a path that is none", () => {
    expect(codeOf(() => readDocument("a\0b"))).toBe("CLI_FILE_UNREADABLE");
  });

  test.runIf(process.getuid?.() !== 0 && process.platform !== "win32")("a file without permission", () => {
    const directory = join(scratch(), "closed");
    mkdirSync(directory);
    writeFileSync(join(directory, "file"), "x", { mode: 0o000 });
    expect(codeOf(() => readDocument(join(directory, "file")))).toBe("CLI_FILE_UNREADABLE");
  });
});
