// Goal: a law that could not have failed does not pass in silence. A misspelled label, a law without laws, an
// acknowledgement without a label and a recovery that looks at no disk each end in a coded error.
import type { Directory, StoreFs } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { describe, expect, test } from "vitest";
import {
  allOf,
  crashMatrix,
  CrashTestError,
  durable,
  where,
  type CrashContext,
  type CrashMatrixOptions,
  type WorkloadRun,
} from "../src/index.js";
import { patchNodeFs } from "../src/node/index.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Replaces a document, correctly, and acknowledges that twice. */
const program: CrashMatrixOptions<string> = {
  name: "replace",
  setup: (directory) => directory.writeFile("doc", bytes("old")),
  workload(directory, run) {
    directory.writeFile("next", bytes("new"));
    using handle = directory.open("next", { mode: "write" });
    handle.syncBlocking("full");
    directory.rename("next", "doc");
    directory.syncNamesBlocking();
    run.ack("saved", 1);
    run.ack("closed");
  },
  recover: (directory) => new TextDecoder().decode(directory.readFile("doc")),
  check: () => true,
};

async function refusalOf(change: Partial<CrashMatrixOptions<string>>): Promise<CrashTestError> {
  const thrown: unknown = await crashMatrix({ ...program, ...change }).catch((error: unknown) => error);
  if (!(thrown instanceof CrashTestError)) throw new Error("the matrix passed, or fell over", { cause: thrown });
  return thrown;
}

const misspelled = durable<string>("Saved", (doc) => doc === "new");
const complaint =
  'replace: the laws ask for the acknowledgement of "Saved", and the workload acknowledges "saved", "closed"';

describe("a label that the workload never acknowledges", () => {
  test.each<[string, Partial<CrashMatrixOptions<string>>]>([
    ["by default", {}],
    ["lazily", { strategy: { kind: "lazy" } }],
    ["by chance", { strategy: { kind: "sampled", seed: 1 } }],
    ["at one level", { strategy: { kind: "levels", level: 2 }, nested: 0 }],
    ["with a memory of reads", { rememberReads: true }],
  ])("is named, with those it does, when disks are explored %s", async (_, how) => {
    const right = durable<string>("saved", (doc) => doc === "new");
    const error = await refusalOf({ check: where((doc) => doc, allOf(misspelled, right)), ...how });
    expect(error.code).toBe("CRASH_TEST_VACUOUS");
    expect(error.message).toBe(complaint);
    expect(error.report?.failures).toEqual([]);
    expect((await crashMatrix({ ...program, check: right, ...how })).failures).toEqual([]);
  });

  test("is a mistake in recovery, too", async () => {
    const recover = (directory: Parameters<typeof program.recover>[0], { acked }: CrashContext): string =>
      acked("Saved") ? "gone" : new TextDecoder().decode(directory.readFile("doc"));
    expect(await refusalOf({ recover })).toMatchObject({ code: "CRASH_TEST_VACUOUS", message: complaint });
  });

  test("is a mistake where nothing is acknowledged, and where much is", async () => {
    const workload = (directory: Parameters<typeof program.workload>[0], run: WorkloadRun, acks: number): void => {
      directory.writeFile("next", bytes("new"));
      for (let at = 0; at < acks; at += 1) run.ack(`step ${at}`);
    };
    const none = await refusalOf({ check: misspelled, workload: (directory, run) => workload(directory, run, 0) });
    expect(none.message).toMatch(/"Saved", and the workload acknowledges nothing$/);
    const many = await refusalOf({ check: misspelled, workload: (directory, run) => workload(directory, run, 12) });
    expect(many.message).toMatch(/acknowledges "step 0", .*"step 9" and 2 more$/);
  });

  test("does not hide a promise that is broken", async () => {
    const check = allOf(misspelled, () => {
      throw new Error("the document is a mess");
    });
    expect(await refusalOf({ check })).toMatchObject({ code: "CRASH_TEST_FAILED" });
  });

  test("may be looked for among all that was acknowledged", async () => {
    const check = (doc: string, { acks }: CrashContext): boolean =>
      doc === "new" || !acks.some(({ label }) => label === "Saved");
    expect((await crashMatrix({ ...program, check })).failures).toEqual([]);
  });
});

describe("a recovery that answers from memory", () => {
  const untouched = /^replace: no recovery made a call on its disk: what it returns is remembered/;

  test.each<[string, Partial<CrashMatrixOptions<string>>]>([
    ["by default", {}],
    ["lazily", { strategy: { kind: "lazy" } }],
    ["by chance", { strategy: { kind: "sampled", seed: 1 } }],
    ["at one level", { strategy: { kind: "levels", level: 2 }, nested: 0 }],
    ["with a memory of reads", { rememberReads: true }],
    ["and awaits it", { recover: () => Promise.resolve("new") }],
  ])("proves nothing when disks are explored %s", async (_, how) => {
    const error = await refusalOf({ recover: () => "new", check: (doc) => doc === "new", ...how });
    expect(error.code).toBe("CRASH_TEST_VACUOUS");
    expect(error.message).toMatch(untouched);
    expect(error.report?.failures).toEqual([]);
  });

  test("is told also behind node:fs, where the module under test has a cache", async () => {
    using patch = patchNodeFs(new MemoryFs());
    const cache = new Map<string, string>();
    const save = (path: string, text: string): void => {
      patch.fs.writeFileSync(path, text);
      cache.set(path, text);
    };
    const error = await refusalOf({
      setup: (_, fs) => (patch.mount(fs), save("/crash/doc", "old")),
      workload: (_, run) => (patch.mount(run.fs), save("/crash/doc", "new")),
      recover: ({ fs }) => (patch.mount(fs), cache.get("/crash/doc") ?? patch.fs.readFileSync("/crash/doc", "utf8")),
      check: (doc) => doc === "old" || doc === "new",
    });
    expect(error.message).toMatch(untouched);
  });

  test("is what was wanted where less than two images are asked for", async () => {
    expect((await crashMatrix({ ...program, recover: () => "new", minImages: 1 })).failures).toEqual([]);
  });

  test("may leave the reading to the check, and may look at some disks alone", async () => {
    const recover = ({ fs }: Directory): StoreFs => fs;
    const check = (fs: StoreFs): boolean => fs.stat("/doc") !== undefined;
    const { name: _, recover: __, check: ___, ...same } = program;
    expect((await crashMatrix({ ...same, recover, check })).failures).toEqual([]);
    let recoveries = 0;
    const once = (directory: Directory): string => {
      recoveries += 1;
      return recoveries === 2 ? new TextDecoder().decode(directory.readFile("doc")) : "new";
    };
    expect((await crashMatrix({ ...program, recover: once })).failures).toEqual([]);
  });

  test("does not hide a promise that is broken", async () => {
    expect(await refusalOf({ recover: () => "", check: () => false })).toMatchObject({ code: "CRASH_TEST_FAILED" });
  });
});

test("allOf is refused without a law", () => {
  expect(() => allOf()).toThrow(expect.objectContaining({ name: "CrashTestError", code: "CRASH_TEST_INVALID_OPTION" }));
});

test.each([
  [undefined, "a value of type undefined"],
  [7, "a value of type number"],
  ["", "an empty one"],
])("ack(%j) is refused", async (label, got) => {
  const error = await refusalOf({ workload: (_, run) => run.ack(label as string) });
  expect(error.code).toBe("CRASH_TEST_INVALID_OPTION");
  expect(error.message).toBe(`ack needs a label, a text that is not empty, and got ${got}`);
});
