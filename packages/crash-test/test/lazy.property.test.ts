// Over generated programs and recoveries: deciding lazily shows every outcome that making every disk shows, and no other.
import { isFsError, type Directory } from "@holdfast/fs-seam";
import fc from "fast-check";
import { expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions } from "../src/index.js";

const names = ["a", "b", "d", "d/a"] as const;
type Name = (typeof names)[number];

type Step =
  | { readonly do: "write"; readonly name: Name; readonly at: number; readonly length: number }
  | { readonly do: "append"; readonly name: Name; readonly length: number }
  | { readonly do: "cut"; readonly name: Name; readonly size: number }
  | { readonly do: "rename" | "link"; readonly name: Name; readonly to: Name }
  | { readonly do: "remove" | "make" | "sync" | "drop"; readonly name: Name }
  | { readonly do: "syncNames"; readonly name: "" | "d" }
  | { readonly do: "ack" };

/** What recovery does: looks, and changes something when it saw what it waits for. */
type Look =
  | { readonly look: "exists" | "list" | "stat" | "links"; readonly name: Name; readonly reaction: Step | undefined }
  | {
      readonly look: "read";
      readonly name: Name;
      readonly at: number;
      readonly length: number;
      readonly reaction: Step | undefined;
    };

const name = fc.constantFrom(...names);
const at = fc.constantFrom(0, 1, 500, 512, 4000, 4096);
const length = fc.constantFrom(1, 20, 600);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), name, at, length }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("append" as const), name, length }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("cut" as const), name, size: fc.constantFrom(0, 10, 600) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("rename" as const, "link" as const), name, to: name }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom("remove" as const, "make" as const, "sync" as const, "drop" as const),
      name,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("syncNames" as const), name: fc.constantFrom("" as const, "d" as const) }),
  },
  { weight: 1, arbitrary: fc.constant({ do: "ack" as const }) },
);
const reaction = fc.option(step, { nil: undefined });
const look: fc.Arbitrary<Look> = fc.oneof(
  fc.record({
    look: fc.constantFrom("exists" as const, "list" as const, "stat" as const, "links" as const),
    name,
    reaction,
  }),
  fc.record({ look: fc.constant("read" as const), name, at, length, reaction }),
);

let counter = 0;

function perform(directory: Directory, step: Step, ack: () => void): void {
  switch (step.do) {
    case "write": {
      using handle = directory.open(step.name, { mode: "write", create: "if-missing" });
      counter += 1;
      handle.writeAt(new Uint8Array(step.length).fill((counter % 250) + 1), step.at);
      return;
    }
    case "append": {
      using handle = directory.open(step.name, { mode: "append" });
      counter += 1;
      handle.append(new Uint8Array(step.length).fill((counter % 250) + 1));
      return;
    }
    case "cut": {
      using handle = directory.open(step.name, { mode: "write" });
      handle.truncate(step.size);
      return;
    }
    case "sync": {
      using handle = directory.open(step.name, { mode: "write" });
      handle.syncBlocking("data");
      return;
    }
    case "rename":
    case "link":
      directory[step.do](step.name, step.to);
      return;
    case "remove":
      directory.remove(step.name);
      return;
    case "make":
      directory.makeDirectory(step.name);
      return;
    case "drop":
      directory.removeDirectory(step.name);
      return;
    case "syncNames":
      directory.syncNamesBlocking(step.name);
      return;
    case "ack":
      ack();
  }
}

/** A step that the tree does not allow is left out, and says why. */
function attempt(run: () => void): string {
  try {
    run();
    return "";
  } catch (error) {
    if (isFsError(error)) return error.code;
    throw error;
  }
}

function seen(directory: Directory, look: Look): string {
  switch (look.look) {
    case "exists":
      return String(directory.exists(look.name));
    case "list":
      return directory
        .list(look.name === "d" ? "d" : "")
        .map((entry) => `${entry.name}/${entry.kind}`)
        .join();
    case "stat":
      return `${directory.stat(look.name).kind} ${directory.stat(look.name).size}`;
    case "links":
      return String(directory.stat(look.name).links);
    case "read": {
      using handle = directory.open(look.name, { mode: "read" });
      const target = new Uint8Array(look.length);
      return [...target.subarray(0, handle.readAt(target, look.at))].join("");
    }
  }
}

function recover(directory: Directory, looks: readonly Look[]): string {
  counter = 0;
  return looks
    .map((look) => {
      let saw = "";
      const failed = attempt(() => (saw = seen(directory, look)));
      const { reaction: change } = look;
      const did =
        change !== undefined && saw.length % 2 === 1 ? attempt(() => perform(directory, change, () => {})) : "";
      return `${saw}${failed}${did}`;
    })
    .join(";");
}

async function outcomes(
  steps: readonly Step[],
  looks: readonly Look[],
  how: Partial<CrashMatrixOptions<string>>,
): Promise<{ readonly outcomes: string[]; readonly complete: boolean }> {
  const found = new Set<string>();
  const { complete } = await crashMatrix({
    setup: (directory) => {
      counter = 100;
      directory.writeFile("a", new Uint8Array(700).fill(251));
      directory.makeDirectory("d");
    },
    workload: (directory, run) => {
      counter = 0;
      for (const step of steps) attempt(() => perform(directory, step, () => run.ack("acknowledged")));
    },
    recover: (directory) => recover(directory, looks),
    check: (text, { acks }) => void found.add(`${acks.length} ${text}`),
    minImages: 1,
    allowIncomplete: true,
    ...how,
  });
  return { outcomes: [...found].sort(), complete };
}

const everything = { kind: "exhaustive", limit: 1 << 12 } as const;

test.each([
  ["posix", 0],
  ["posix", 1],
  ["strict", 0],
  ["strict", 1],
  ["posix", 2],
])(
  "lazy shows the outcomes of every disk, under %s and %i crashes inside recovery",
  { timeout: 120_000 },
  async (personality, nested) => {
    let compared = 0;
    const steps = fc.array(step, { minLength: 1, maxLength: nested === 0 ? 8 : 5 });
    const looks = fc.array(look, { minLength: 1, maxLength: nested === 2 ? 2 : 4 });
    await fc.assert(
      fc.asyncProperty(steps, looks, async (program, recovery) => {
        const how = { personalities: [personality], nested, maxRecoveries: 4000 };
        const all = await outcomes(program, recovery, { ...how, strategy: everything, nestedStrategy: everything });
        if (!all.complete) return;
        const lazy = await outcomes(program, recovery, { ...how, strategy: { kind: "lazy", recheckEvery: 2 } });
        expect(lazy).toEqual(all);
        compared += 1;
      }),
      { numRuns: Number(process.env["LAZY_RUNS"] ?? 60) },
    );
    expect(compared).toBeGreaterThan(10);
  },
);
