import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { capturedIo } from "../../test/captured-io.js";
import { scratch } from "../../test/scratch.js";
import { CliError } from "../cli-error.js";
import { runInspection, type Item, type Presentation } from "./inspection.js";

const quiet: Presentation = {
  endsUnread: true,
  *items({ file }): Generator<Item> {
    for (let line = 0; line < 3; line++) yield { verdict: "sound", parts: [`${file} ${line}\n`] };
  },
  refusal: (file, { code }) => [`${file} ${code}\n`],
  ending: () => ["end\n"],
};

function twoFiles(): string {
  const directory = join(scratch(), "two");
  mkdirSync(directory);
  for (const name of ["a", "b"]) writeFileSync(join(directory, name), name);
  return directory;
}

test("prints everything, and the ending", async () => {
  const io = capturedIo();
  expect(await runInspection({ path: twoFiles(), json: true }, io, quiet)).toBe(0);
  expect(io.out()).toBe("a 0\na 1\na 2\nb 0\nb 1\nb 2\nend\n");
});

test("a mistake of ours is no damage of theirs", async () => {
  const io = capturedIo();
  const broken: Presentation = {
    ...quiet,
    *items({ file }) {
      yield* quiet.items({ file, named: false, lines: [] });
      throw new TypeError("undefined is not a function");
    },
  };
  const run = runInspection({ path: twoFiles(), json: true }, io, broken);
  await expect(run).rejects.toThrow(new CliError("CLI_UNEXPECTED", "unexpected: undefined is not a function"));
  expect(io.out()).toBe("a 0\na 1\na 2\ntwo CLI_UNEXPECTED\n");
});

test("ends where its reader does, or goes on for its exit code, as it is told", async () => {
  for (const endsUnread of [true, false]) {
    const seen: string[] = [];
    const io = { ...capturedIo(), stdout: { write: () => true, closed: true } };
    const present: Presentation = {
      ...quiet,
      endsUnread,
      *items({ file }) {
        seen.push(file);
        yield { verdict: file === "b" ? "corrupt" : "sound", parts: [] };
      },
    };
    expect(await runInspection({ path: twoFiles(), json: true }, io, present)).toBe(endsUnread ? 0 : 1);
    expect(seen).toEqual(endsUnread ? ["a"] : ["a", "b"]);
  }
});

test("waits whenever some was written, so that what is not taken is not made", async () => {
  let taken = 0;
  let made = 0;
  const stdout = { write: () => true, drained: async () => void (taken = made) };
  const present: Presentation = {
    ...quiet,
    *items() {
      for (let line = 0; line < 1000; line++) {
        made++;
        expect(made - taken).toBeLessThan(100);
        yield { verdict: "sound", parts: ["x".repeat(1000)] };
      }
    },
  };
  expect(await runInspection({ path: twoFiles(), json: true }, { ...capturedIo(), stdout }, present)).toBe(0);
  expect(made).toBe(2000);
});
