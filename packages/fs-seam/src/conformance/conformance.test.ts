import { describe, expect, test } from "vitest";
import { assertConformance, conformanceCaseIds, conformanceCases, conformanceVersion } from "./index.js";
import { ConformanceViolation, fsConformance, runConformance } from "./index.js";
import type { ConformanceBackend } from "./index.js";
import { MemoryFs } from "../memory-fs.js";

/** The 34 cases of version 1, by their ids. */
const firstCorpus = [
  "create-new-exclusive",
  "handle-length-reflects-synced-bytes",
  "positioned-read-exact",
  "positioned-short-read-typed",
  "whole-file-read-routes-through-seam",
  "metadata-owned-types",
  "read-dir-owned-kinds",
  "unpersisted-stage-leaves-no-final-name",
  "staged-publish-atomic-fresh-path",
  "staged-publish-onto-directory-fails-closed",
  "staged-publish-missing-parent-fails-closed",
  "copy-reports-strategy-honestly",
  "same-path-copy-non-destructive",
  "same-path-rename-non-destructive",
  "rename-onto-directory-fails-closed-source-intact",
  "rename-missing-parent-fails-closed-source-intact",
  "copy-onto-directory-fails-closed",
  "copy-missing-parent-fails-closed",
  "remove-file-if-present-honest",
  "remove-file-on-directory-errors",
  "read-dir-on-file-fails-closed-not-not-found",
  "read-on-directory-fails-closed-not-not-found",
  "remove-dir-all-clears-through-seam",
  "lock-excludes-second-owner",
  "lock-releases-on-drop",
  "delete-then-recreate-starts-empty",
  "crash-preserves-synced-bytes-and-durable-name",
  "crash-drops-unsynced-tail",
  "unsynced-name-may-vanish-never-torn",
  "rename-without-parent-sync-crash-old-or-new",
  "remove-without-parent-sync-crash-may-resurrect",
  "durable-remove-never-resurrects",
  "persist-without-parent-sync-crash-old-or-new",
  "planted-fault-actually-fires",
];

const memory: ConformanceBackend = { name: "memory", make: () => new MemoryFs() };

describe("the corpus", () => {
  test("count, version and form are pinned: a change of any obligation changes the version", () => {
    expect([conformanceVersion, conformanceCaseIds.length]).toEqual([2, 156]);
    expect(new Set(conformanceCaseIds).size).toBe(conformanceCaseIds.length);
    for (const { id, obligation } of conformanceCases) {
      expect(id).toMatch(/^[a-z0-9]+(?:-[a-z0-9]+)*$/);
      expect(obligation).toMatch(/^[A-Z].*\.$/);
    }
  });

  test("all cases of version 1 are kept", () => {
    expect(firstCorpus).toHaveLength(34);
    expect(firstCorpus.filter((id) => !conformanceCaseIds.includes(id))).toEqual([]);
  });
});

describe("runConformance", () => {
  test("reports plain data, and counts every case once", async () => {
    const ids = ["create-new-exclusive", "handle-dead-after-crash", "nlink-counts"];
    const report = await runConformance(memory, ids);
    expect(JSON.parse(JSON.stringify(report))).toEqual({
      version: 2,
      backend: "memory",
      passed: 2,
      qualified: 1,
      violations: 0,
      verdicts: [
        { id: "create-new-exclusive", kind: "pass" },
        { id: "nlink-counts", kind: "pass" },
        {
          id: "handle-dead-after-crash",
          kind: "qualified",
          need: "crash",
          reason: "the backend cannot crash in place",
        },
      ],
    });
  });

  test("refuses an id that no case has", async () => {
    await expect(runConformance(memory, ["create-new-exclusiv"])).rejects.toThrow(RangeError);
  });

  test("disposes of everything it made, also of what a failing case made", async () => {
    let made = 0;
    let disposed = 0;
    const backend: ConformanceBackend = {
      name: "counted",
      make: () => {
        made += 1;
        const fs = new MemoryFs();
        fs.makeDirectory("/not-empty"); // which only a case about lists minds
        return fs;
      },
      dispose: async () => void (disposed += 1),
    };
    const report = await runConformance(backend, ["list-sorted-utf8", "identity-is-stable", "handle-dead-after-crash"]);
    expect([report.passed, report.qualified, report.violations]).toEqual([1, 1, 1]);
    expect([made, disposed]).toEqual([4, 4]);
  });

  test("a make or dispose that fails is a violation", async () => {
    const fail = (): never => {
      throw new RangeError("out of file systems");
    };
    const ids = ["create-new-exclusive"];
    for (const backend of [
      { ...memory, make: fail },
      { ...memory, dispose: fail },
    ]) {
      const { violations, verdicts } = await runConformance(backend, ids);
      expect(violations).toBe(1);
      expect(verdicts[0]).toMatchObject({ kind: "violation", message: "RangeError: out of file systems" });
    }
  });
});

describe("fsConformance", () => {
  type Body = (...context: readonly unknown[]) => Promise<void>;

  function register(backend: ConformanceBackend): {
    readonly bodies: Map<string, Body>;
    readonly report: ReturnType<typeof fsConformance>;
  } {
    const bodies = new Map<string, Body>();
    const report = fsConformance(
      {
        describe: (_name, body) => body(),
        test: (name, body) => bodies.set(name.slice(0, name.indexOf(":")), body),
      },
      backend,
    );
    return { bodies, report };
  }

  test("registers one test per case, none of which asks for a callback", async () => {
    const { bodies, report } = register(memory);
    expect([...bodies.keys()]).toEqual(conformanceCaseIds);
    for (const body of bodies.values()) expect(body).toHaveLength(0);
    await bodies.get("create-new-exclusive")?.();
    expect(report().verdicts).toEqual([{ id: "create-new-exclusive", kind: "pass" }]);
  });

  test("a qualified case is skipped by the runner's own context, and reported where there is none", async () => {
    const { bodies, report } = register(memory);
    const reasons: string[] = [];
    const body = bodies.get("crash-idempotent");
    await body?.({ skip: (reason: string) => reasons.push(reason) });
    await body?.();
    await body?.({ skip: true });
    expect(reasons).toEqual(["crash: the backend cannot crash in place"]);
    expect(report().qualified).toBe(3);
    expect(() => assertConformance(report())).toThrow("crash-idempotent: qualified");
    expect(() => assertConformance(report(), ["crash"])).not.toThrow();
  });

  test("a violation fails its test", async () => {
    class NeverMissing extends MemoryFs {
      override list(path: string): ReturnType<MemoryFs["list"]> {
        return super.list(path).toReversed();
      }
    }
    const { bodies, report } = register({ name: "reversed", make: () => new NeverMissing() });
    await expect(bodies.get("list-sorted-utf8")?.()).rejects.toThrow(ConformanceViolation);
    expect(report().violations).toBe(1);
    expect(() => assertConformance(report())).toThrow("reversed does not conform: list-sorted-utf8");
  });

  test("a run of nothing conforms to nothing", () => {
    expect(() => assertConformance(register(memory).report())).toThrow("no case was run");
  });
});
