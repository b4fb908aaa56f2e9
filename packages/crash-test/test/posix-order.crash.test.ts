// What programs may rely on without a barrier: the few things `posix` does order. Each program holds because of one rule,
// and breaks as soon as the rule is gone: in a personality without it, or in a twin that does the same at two places.
import type { Directory } from "@holdfast/fs-seam";
import { posix, type Personality } from "@holdfast/fs-seam/crash";
import { expect, test } from "vitest";
import { judge } from "./verdict.js";

interface Rule {
  readonly rule: string;
  readonly setup: (directory: Directory) => void;
  /** `twin` says that the second step is to happen where the rule does not reach. */
  readonly workload: (directory: Directory, twin: boolean) => void;
  readonly holds: (directory: Directory, twin: boolean) => boolean;
  /** The personality without the rule; undefined when the twin shows it. */
  readonly without?: Personality;
}

function write(directory: Directory, name: string, offset: number, bytes: readonly number[]): void {
  using handle = directory.open(name, { mode: "write", create: "if-missing" });
  handle.writeAt(Uint8Array.from(bytes), offset);
}

function truncate(directory: Directory, name: string, size: number): void {
  using handle = directory.open(name, { mode: "write" });
  handle.truncate(size);
}

const ones = (count: number): number[] => Array.from({ length: count }, () => 1);
const twos = (count: number): number[] => Array.from({ length: count }, () => 2);
const byteAt = (directory: Directory, name: string, offset: number): number => directory.readFile(name)[offset] ?? 0;
const sizeOf = (directory: Directory, name: string): number => directory.stat(name).size;

const freeTree: Personality = { ...posix, name: "free tree", edges: { ...posix.edges, tree: "free" } };
const freeCuts: Personality = { ...posix, name: "free cuts", edges: { ...posix.edges, bytesNeedEarlierCut: false } };
const split: Personality = { ...posix, name: "split", rename: "split" };
const garbage: Personality = { ...posix, name: "garbage", unwritten: "garbage" };

const rules: readonly Rule[] = [
  {
    rule: "two writes to one sector persist in order",
    setup: (directory) => write(directory, "file", 0, [...new Uint8Array(1024)]),
    workload(directory, twin) {
      write(directory, "file", 0, [1]);
      write(directory, "file", twin ? 512 : 8, [1]);
    },
    holds: (directory, twin) => byteAt(directory, "file", twin ? 512 : 8) === 0 || byteAt(directory, "file", 0) === 1,
  },
  {
    rule: "one sector never tears",
    setup: (directory) => write(directory, "file", 0, ones(1024)),
    workload: (directory, twin) => write(directory, "file", 512, twos(twin ? 513 : 512)),
    holds: (directory, twin) => {
      const bytes = [...directory.readFile("file").subarray(512, twin ? 1025 : 1024)];
      return bytes.every((byte) => byte === bytes[0]);
    },
  },
  {
    rule: "two lengths of one file persist in order",
    setup(directory) {
      write(directory, "file", 0, ones(10));
      write(directory, "other", 0, ones(5));
    },
    workload(directory, twin) {
      truncate(directory, "file", 5);
      truncate(directory, twin ? "other" : "file", 8);
    },
    holds: (directory, twin) => sizeOf(directory, twin ? "other" : "file") !== 8 || byteAt(directory, "file", 7) === 0,
  },
  {
    rule: "two changes of one name persist in order",
    setup: (directory) => write(directory, "log", 0, [1]),
    workload(directory, twin) {
      directory.rename("log", "log.1");
      directory.open(twin ? "log.new" : "log", { mode: "append", create: "exclusive" }).close();
    },
    holds(directory, twin) {
      const isNew = twin ? directory.exists("log.new") : directory.exists("log") && sizeOf(directory, "log") === 0;
      return !isNew || directory.exists("log.1");
    },
  },
  {
    rule: "the steps of a rename persist together",
    setup(directory) {
      write(directory, "old", 0, [1]);
      write(directory, "new", 0, [2]);
    },
    workload: (directory) => directory.rename("new", "old"),
    holds: (directory) => directory.exists("old") && directory.exists("new") === (byteAt(directory, "old", 0) === 1),
    without: split,
  },
  {
    rule: "the steps of a rename across directories persist together",
    setup(directory) {
      directory.makeDirectories("from");
      directory.makeDirectories("to");
      write(directory, "from/file", 0, [1]);
    },
    workload: (directory) => directory.rename("from/file", "to/file"),
    holds: (directory) => directory.exists("from/file") !== directory.exists("to/file"),
    without: split,
  },
  {
    rule: "bytes on pages behind a cut need the cut",
    setup: (directory) => write(directory, "file", 0, ones(2 * 4096)),
    workload(directory) {
      truncate(directory, "file", 4096);
      write(directory, "file", 4096, twos(512));
    },
    holds: (directory) => byteAt(directory, "file", 4096) !== 2 || byteAt(directory, "file", 4096 + 512) === 0,
    without: freeCuts,
  },
  {
    rule: "two moves of directories persist in order",
    setup(directory) {
      for (const name of ["a", "b"]) directory.makeDirectory(name);
    },
    workload(directory) {
      directory.rename("a", "a.moved");
      directory.rename("b", "b.moved");
    },
    holds: (directory) => !directory.exists("b.moved") || directory.exists("a.moved"),
    without: freeTree,
  },
  {
    rule: "a move into a new directory needs that directory",
    setup: (directory) => write(directory, "file", 0, [1]),
    workload(directory) {
      directory.makeDirectory("new");
      directory.rename("file", "new/file");
    },
    holds: (directory) => directory.exists("file") || directory.exists("new/file"),
    without: freeTree,
  },
  {
    rule: "new space reads as zeros",
    setup: (directory) => write(directory, "file", 0, []),
    workload: (directory) => truncate(directory, "file", 600),
    holds: (directory) => directory.readFile("file").every((byte) => byte === 0),
    without: garbage,
  },
];

test.each(rules)("$rule", async ({ setup, workload, holds, without }) => {
  const run = async (personality: Personality, twin: boolean): Promise<string> => {
    const verdict = await judge({
      setup,
      workload: (directory) => workload(directory, twin),
      recover: (directory) => holds(directory, twin),
      check: (held) => held === true,
      personalities: [personality],
      nested: 0,
    });
    return verdict.kind;
  };
  expect(await run(posix, false)).toBe("passes");
  expect(await run(without ?? posix, without === undefined)).toBe("caught");
});
