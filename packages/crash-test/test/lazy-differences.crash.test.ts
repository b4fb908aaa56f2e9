// Programs in which one thing that an earlier recovery never looked at decides what a later one sees.
import type { Directory } from "@holdfast/fs-seam";
import { btrfs, ext4Ordered, posix, strict, xfs, type Personality } from "@holdfast/fs-seam/crash";
import { expect, test } from "vitest";
import { crashMatrix } from "../src/index.js";
import { everyDisk } from "./every-disk.js";

interface Program {
  readonly setup: (directory: Directory) => void;
  readonly workload: (directory: Directory) => void;
  readonly recover: (directory: Directory) => string;
}

/** Outcomes that deciding lazily shows, after a comparison with those of every disk. */
async function outcomesOf(program: Program, personality: Personality, nested: number): Promise<string[]> {
  const seen = new Set<string>();
  const { trace } = await crashMatrix({
    ...program,
    check: (text, { acks }) => void seen.add(`${acks.length} ${text}`),
    personalities: [personality],
    nested,
    strategy: { kind: "lazy", recheckEvery: 1_000_000 },
    minImages: 1,
  });
  const every = everyDisk(trace, personality, nested, program.recover, { subsets: 1 << 12, recoveries: 100_000 });
  expect(every.complete).toBe(true);
  const outcomes = [...seen].sort();
  expect(outcomes).toEqual([...every.outcomes].sort());
  return outcomes.map((outcome) => outcome.slice("0 ".length));
}

const fill = (length: number, byte: number): Uint8Array => new Uint8Array(length).fill(byte);

function size(directory: Directory, name: string): string {
  return directory.exists(name) ? String(directory.stat(name).size) : "none";
}

test("a recovery writes to the file that it met, whichever that is", async () => {
  const program: Program = {
    setup(directory) {
      directory.writeFile("a", fill(3, 1));
      directory.writeFile("b", fill(3, 1));
    },
    workload: (directory) => directory.rename("b", "a"),
    recover(directory) {
      if (directory.exists("mark")) return `${size(directory, "a")} ${size(directory, "b")}`;
      {
        using handle = directory.open("a", { mode: "append" });
        handle.append(fill(2, 2)); // the old or the new one: nothing tells
        handle.syncBlocking("full");
      }
      directory.makeDirectory("mark");
      return "unmarked";
    },
  };
  expect(await outcomesOf(program, posix, 1)).toEqual(["5 3", "5 none", "unmarked"]);
});

test("a recovery makes a file that an earlier recovery has not made", async () => {
  // Replaces "y" by a fresh file each time it is run; the second one finds the file of the first one under that name.
  const program: Program = {
    setup: (directory) => directory.writeFile("y", fill(1, 1)),
    workload: (directory) => directory.makeDirectory("d"),
    recover(directory) {
      if (directory.exists("x")) return `left ${size(directory, "x")} ${size(directory, "y")}`;
      directory.open("x", { mode: "write", create: "exclusive" }).close();
      directory.syncNamesBlocking();
      directory.writeFile("x", fill(4, 2));
      directory.rename("x", "y");
      directory.syncNamesBlocking();
      return "replaced";
    },
  };
  const outcomes = await outcomesOf(program, posix, 2);
  expect(outcomes).toContain("left 0 4"); // of a crash in the second recovery
  expect(outcomes).toContain("left 4 1");
});

test("of two lengths, the later one may survive alone", async () => {
  const program: Program = {
    setup: (directory) => directory.writeFile("a", fill(30, 1)),
    workload(directory) {
      using handle = directory.open("a", { mode: "write" });
      handle.writeAt(fill(70, 2), 30);
      handle.truncate(200); // on btrfs without the length before it
    },
    recover(directory) {
      using handle = directory.open("a", { mode: "read" });
      const head = new Uint8Array(50);
      return `${handle.readAt(head, 0)} ${head[40]}`;
    },
  };
  expect(await outcomesOf(program, btrfs, 0)).toEqual(["30 0", "50 0", "50 2"]);
});

test("a directory that came to two names keeps the one nearest to the root, if all above it is there", async () => {
  const program: Program = {
    setup: (directory) => void directory.makeDirectories("p/x/d"),
    workload(directory) {
      directory.makeDirectory("y");
      directory.rename("p/x/d", "y/d");
    },
    recover: (directory) => ["p/x/d", "y", "y/d"].map((name) => directory.exists(name)).join(),
  };
  const outcomes = ["false,false,false", "false,true,false", "false,true,true", "true,false,false", "true,true,false"];
  expect(await outcomesOf(program, strict, 0)).toEqual(outcomes);
});

test("a name counts only where its directory is there", async () => {
  const program: Program = {
    setup: (directory) => directory.writeFile("a", fill(1, 1)),
    workload(directory) {
      directory.makeDirectory("c");
      directory.makeDirectory("d");
      directory.link("a", "d/b");
    },
    // Not at once: the first thing that is seen is looked at on another disk as well.
    recover: (directory) => (directory.exists("c") ? String(directory.stat("a").links) : "not yet"),
  };
  expect(await outcomesOf(program, posix, 0)).toEqual(["1", "2", "not yet"]);
});

test("a file that grows within a page that is stored has its length in the journal of ext4 at once", async () => {
  const program: Program = {
    setup(directory) {
      using handle = directory.open("a", { mode: "write", create: "exclusive" });
      handle.truncate(100);
    },
    workload(directory) {
      using handle = directory.open("a", { mode: "write" });
      handle.writeAt(fill(1, 1), 0); // stores the page, or is lost
    },
    recover(directory) {
      using handle = directory.open("a", { mode: "append" });
      const head = new Uint8Array(1);
      if (directory.exists("mark")) return `${handle.readAt(head, 0)} ${head[0]} ${size(directory, "a")}`;
      handle.append(fill(1, 2));
      directory.makeDirectory("mark");
      return "unmarked";
    },
  };
  // Never the mark without the new length, where the byte is there.
  expect(await outcomesOf(program, ext4Ordered, 1)).toEqual(["1 0 100", "1 0 101", "1 1 101", "unmarked"]);
});

test("disks of the same bytes may still differ in what is stored", async () => {
  const program: Program = {
    setup: (directory) => directory.writeFile("a", fill(4096, 0)),
    workload(directory) {
      using handle = directory.open("a", { mode: "write" });
      handle.punch(0, 4096);
    },
    recover(directory) {
      if (directory.exists("mark")) return String(directory.stat("a").allocatedBytes);
      directory.list();
      directory.readFile("a");
      directory.makeDirectory("mark");
      return "unmarked";
    },
  };
  expect(await outcomesOf(program, xfs, 1)).toEqual(["0", "4096", "unmarked"]);
});
