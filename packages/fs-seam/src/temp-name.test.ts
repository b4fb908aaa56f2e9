import { expect, test } from "vitest";
import { bytesOf, failureOf, scratchDirectory } from "../test/support/real-scene.js";
import { tempPrefix } from "./directory.js";
import { checkRelativePath } from "./fs-path.js";
import { openDirectory } from "./real-directory.js";
import { createTemp, makeTemp, tempName } from "./temp-name.js";

const nonce = "0123456789abcdef";

test.each(["a", "LOCK", "x".repeat(255), "ä".repeat(127), "🪢".repeat(63), "名".repeat(85), "con", " .x"])(
  "%s gets a temporary name that is itself a legal name",
  (base) => {
    const name = tempName(base, nonce);
    expect(name.startsWith(tempPrefix)).toBe(true);
    expect(name.endsWith(`.${nonce}`)).toBe(true);
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(255);
    checkRelativePath(name, "open");
    // Nothing is cut that need not be: one more character of the base would not fit.
    const kept = Array.from(name.slice(tempPrefix.length, -nonce.length - 1)).length;
    const next = Array.from(base)[kept];
    if (next !== undefined) expect(Buffer.byteLength(name) + Buffer.byteLength(next)).toBeGreaterThan(255);
  },
);

test("a temporary file is made in the directory of the path, and is new", () => {
  const directory = openDirectory(scratchDirectory());
  directory.makeDirectory("sub");
  const { temp, handle } = createTemp(directory, "sub/file");
  handle.append(bytesOf("x"));
  handle.close();
  expect(temp).toMatch(/^sub\/\.~file\.[0-9a-f]{16}$/);
  expect(directory.readFile(temp)).toEqual(bytesOf("x"));
  expect(directory.list("sub")).toEqual([]);
});

test("a name that is taken is passed over, but not for ever", () => {
  const directory = openDirectory(scratchDirectory());
  let nonces = 0;
  const fs = Object.assign(Object.create(directory.fs) as typeof directory.fs, {
    nonce: () => String((nonces += 1)),
  });
  const counting = Object.assign(Object.create(directory) as typeof directory, { fs });
  directory.writeFile(".~file.1", bytesOf("left by a crash"));
  directory.writeFile(".~file.2", bytesOf("left by a crash"));
  const made: string[] = [];
  const temp = makeTemp(counting, "file", (name) => {
    made.push(name);
    if (directory.exists(name)) directory.open(name, { mode: "write", create: "exclusive" });
  });
  expect(temp).toBe(".~file.3");
  expect(made).toEqual([".~file.1", ".~file.2", ".~file.3"]);
  const taken = failureOf(() =>
    makeTemp(counting, "file", () => directory.open(".~file.1", { mode: "write", create: "exclusive" })),
  );
  expect(taken.code).toBe("FS_ALREADY_EXISTS");
});
