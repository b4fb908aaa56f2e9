import { Directory, isFsError, type FileHandle } from "@holdfast/fs-seam";
import { CrashFs, type Trace } from "@holdfast/fs-seam/crash";
import fc from "fast-check";

/** Random programs over a small tree: what a workload does, and what a recovery looks at and changes, in any order. */

const names = ["a", "b", "c", "d", "d/a", "d/e", "e"] as const;
export type Name = (typeof names)[number];

/** Changes something. Those on `held` go through the handle that `hold` opened, whatever its file is called meanwhile. */
export type Step =
  | {
      readonly do: "write";
      readonly on: Name | "held";
      readonly at: number;
      readonly length: number;
      readonly fill: number;
    }
  | { readonly do: "append" | "replace"; readonly on: Name; readonly length: number; readonly fill: number }
  | { readonly do: "cut"; readonly on: Name | "held"; readonly size: number }
  | { readonly do: "allocate" | "punch"; readonly on: Name | "held"; readonly at: number; readonly length: number }
  | { readonly do: "rename" | "link" | "reflink"; readonly on: Name; readonly to: Name }
  | { readonly do: "hold" | "remove" | "make" | "drop"; readonly on: Name }
  | { readonly do: "sync"; readonly on: Name | "held"; readonly rung: "data" | "full" }
  | { readonly do: "syncNames"; readonly on: "" | "d" | "e" }
  | { readonly do: "ack" };

/** Learns something. */
export type Look =
  | { readonly look: "exists" | "kind" | "list"; readonly on: Name | "" }
  | { readonly look: "size" | "links" | "allocated"; readonly on: Name | "held" }
  | { readonly look: "read"; readonly on: Name | "held"; readonly at: number; readonly length: number };

/** One act of a recovery, left out where what it saw just before is not as wanted. */
export interface Act {
  readonly act: Step | Look;
  readonly when: "always" | "odd" | "even";
}

const name = fc.constantFrom(...names);
/** Names that are those of directories more often than not. */
const place = fc.constantFrom("d" as const, "e" as const, "d/e" as const);
const target = fc.oneof({ weight: 5, arbitrary: name }, { weight: 1, arbitrary: fc.constant("held" as const) });
const at = fc.constantFrom(0, 1, 150, 500, 512, 4000, 4096, 8192);
const length = fc.constantFrom(1, 20, 200, 600, 4096);
const fill = fc.constantFrom(1, 2);

export const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), on: target, at, length, fill }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constantFrom("append" as const, "replace" as const), on: name, length, fill }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("cut" as const),
      on: target,
      size: fc.constantFrom(0, 10, 600, 4096, 4200),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("allocate" as const, "punch" as const), on: target, at, length }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("rename" as const, "link" as const, "reflink" as const),
      on: name,
      to: name,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("rename" as const), on: place, to: place }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("make" as const, "drop" as const), on: place }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("hold" as const, "remove" as const), on: name }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("sync" as const),
      on: target,
      rung: fc.constantFrom("data" as const, "full" as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("syncNames" as const),
      on: fc.constantFrom("" as const, "d" as const, "e" as const),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "ack" as const }) },
);

const look: fc.Arbitrary<Look> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      look: fc.constantFrom("exists" as const, "kind" as const, "list" as const),
      on: fc.oneof(name, fc.constant("" as const)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      look: fc.constantFrom("size" as const, "links" as const, "allocated" as const),
      on: target,
    }),
  },
  { weight: 3, arbitrary: fc.record({ look: fc.constant("read" as const), on: target, at, length }) },
);

export const act: fc.Arbitrary<Act> = fc.record({
  act: fc.oneof<fc.Arbitrary<Step | Look>[]>(step, look),
  when: fc.constantFrom("always" as const, "always" as const, "odd" as const, "even" as const),
});

/** The tree before: a file with two names, one with a hole in its middle, and two directories. */
export function setUp(directory: Directory): void {
  directory.writeFile("a", new Uint8Array(700).fill(7));
  directory.makeDirectory("d");
  directory.makeDirectory("e");
  directory.link("a", "d/a");
  using sparse = directory.open("b", { mode: "write", create: "exclusive" });
  sparse.writeAt(new Uint8Array(100).fill(8), 0);
  sparse.writeAt(new Uint8Array(100).fill(9), 8192);
}

/** Carries out acts one after the other on one tree. */
export class Player {
  readonly #directory: Directory;
  readonly #ack: () => void;
  #held: FileHandle | undefined;

  constructor(directory: Directory, ack: () => void = () => {}) {
    this.#directory = directory;
    this.#ack = ack;
  }

  /** What came of it, errors included: a tree that does not allow an act is part of the game. */
  play(what: Step | Look): string {
    try {
      if ("look" in what) return this.#look(what);
      this.#step(what);
      return "";
    } catch (error) {
      if (isFsError(error)) return error.code;
      throw error;
    }
  }

  /** Everything that a recovery saw. */
  recover(acts: readonly Act[]): string {
    let last = "";
    const seen: string[] = [];
    for (const { act: what, when } of acts) {
      const wanted = when === "always" || (when === "odd") === (last.length % 2 === 1);
      last = wanted ? this.play(what) : last;
      seen.push(wanted ? last : "-");
    }
    return seen.join(";");
  }

  #with<Result>(on: Name | "held", mode: "read" | "write" | "append", use: (handle: FileHandle) => Result): Result {
    if (on === "held" && this.#held !== undefined) return use(this.#held);
    using handle = this.#directory.open(on === "held" ? "a" : on, { mode, ...(mode === "write" ? ifMissing : {}) });
    return use(handle);
  }

  #step(one: Step): void {
    const directory = this.#directory;
    switch (one.do) {
      case "write":
        return this.#with(one.on, "write", (handle) =>
          handle.writeAt(new Uint8Array(one.length).fill(one.fill), one.at),
        );
      case "append":
        return this.#with(one.on, "append", (handle) => handle.append(new Uint8Array(one.length).fill(one.fill)));
      case "replace":
        return directory.writeFile(one.on, new Uint8Array(one.length).fill(one.fill));
      case "cut":
        return this.#with(one.on, "write", (handle) => handle.truncate(one.size));
      case "allocate":
      case "punch":
        return this.#with(one.on, "write", (handle) => handle[one.do](one.at, one.length));
      case "sync":
        return this.#with(one.on, "write", (handle) => handle.syncBlocking(one.rung));
      case "hold":
        this.#held = directory.open(one.on, { mode: "write" });
        return;
      case "rename":
      case "link":
      case "reflink":
        return directory[one.do](one.on, one.to);
      case "remove":
        return directory.remove(one.on);
      case "make":
        return directory.makeDirectory(one.on);
      case "drop":
        return directory.removeDirectory(one.on);
      case "syncNames":
        return directory.syncNamesBlocking(one.on);
      case "ack":
        return this.#ack();
    }
  }

  #look(one: Look): string {
    const directory = this.#directory;
    switch (one.look) {
      case "exists":
        return String(one.on === "" || directory.exists(one.on));
      case "kind":
        return directory.stat(one.on).kind;
      case "list":
        return directory
          .list(one.on)
          .map((entry) => `${entry.name}/${entry.kind}`)
          .join();
      case "size":
        return String(this.#stat(one.on).size);
      case "links":
        return String(this.#stat(one.on).links);
      case "allocated":
        return String(this.#stat(one.on).allocatedBytes);
      case "read":
        return this.#with(one.on, "read", (handle) => {
          const bytes = new Uint8Array(one.length);
          return runsOf(bytes.subarray(0, handle.readAt(bytes, one.at)));
        });
    }
  }

  #stat(on: Name | "held"): ReturnType<FileHandle["stat"]> {
    if (on === "held" && this.#held !== undefined) return this.#held.stat();
    return this.#directory.stat(on === "held" ? "a" : on);
  }
}

/** The run of a workload on the tree before. */
export function traceOf(steps: readonly Step[]): Trace {
  const before = new CrashFs();
  setUp(new Directory(before));
  const fs = new CrashFs({ image: before.snapshot() });
  const player = new Player(new Directory(fs), () => fs.mark("acknowledged"));
  for (const each of steps) player.play(each);
  return fs.trace();
}

const ifMissing = { create: "if-missing" } as const;

/** Bytes as counts of equal ones. */
function runsOf(bytes: Uint8Array): string {
  const runs: string[] = [];
  for (let at = 0; at < bytes.length;) {
    let end = at;
    while (end < bytes.length && bytes[end] === bytes[at]) end += 1;
    runs.push(`${end - at}x${bytes[at]}`);
    at = end;
  }
  return runs.join(" ");
}
