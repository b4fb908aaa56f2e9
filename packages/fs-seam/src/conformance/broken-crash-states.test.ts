import { describe, expect, test } from "vitest";
import { runConformance } from "./index.js";
import type { ConformanceBackend } from "./index.js";
import { CrashFs } from "../crash-fs.js";
import type { StoreFs } from "../store-fs.js";

/** Crash states that no sound backend has. */
const crashing = (name: string, crashStates: (fs: CrashFs) => Iterable<StoreFs>): ConformanceBackend => ({
  name,
  make: () => new CrashFs(),
  crashStates: (fs) => (fs instanceof CrashFs ? crashStates(fs) : []),
});

const durable = (fs: CrashFs): CrashFs => new CrashFs({ image: fs.durableImage() });
const complete = (fs: CrashFs): CrashFs => new CrashFs({ image: fs.snapshot() });

/** The best state, and then the best or the worst with one file changed where it is there. */
function* tampered(fs: CrashFs, path: string, text: string, of: (fs: CrashFs) => CrashFs): Generator<StoreFs> {
  yield complete(fs);
  const state = of(fs);
  if (state.list("/").some(({ name }) => `/${name}` === path)) write(state, path, text);
  yield state;
}

function write(state: StoreFs, path: string, text: string): void {
  using handle = state.open(path, { mode: "write", create: "if-missing", truncate: true });
  handle.writeAt(new TextEncoder().encode(text), 0);
}

describe("broken crash states are caught", () => {
  const cases: readonly (readonly [ConformanceBackend, readonly string[]])[] = [
    [crashing("there are none", () => []), ["crash-preserves-synced-bytes-and-durable-name"]],
    [
      crashing("nothing is ever lost", (fs) => [complete(fs)]),
      [
        "crash-states-include-worst-and-best",
        "crash-drops-unsynced-tail",
        "truncate-unsynced-may-revert",
        "unsynced-name-vanishes-in-some-state",
        "mkdir-needs-parent-sync",
        "nested-mkdir-each-level",
        "file-in-unsynced-dir-vanishes-with-dir",
        "dropped-sync-loses",
        "dropped-names-barrier-loses",
        "punch-unsynced-may-revert",
        "failed-sync-then-success-does-not-prove-old-data",
        "lost-write-stays-lost",
        "write-after-failed-sync-not-resurrected",
      ],
    ],
    [crashing("only the worst is shown", (fs) => [durable(fs)]), ["crash-states-include-worst-and-best"]],
    [
      crashing("everything is lost", () => [new CrashFs()]),
      [
        "crash-preserves-synced-bytes-and-durable-name",
        "crash-preserves-what-promise-barriers-acknowledged",
        "sync-data-persists-length",
        "sync-via-second-handle-covers-first",
        "sync-covers-only-its-file",
        "hard-link-shares-bytes-and-durability",
        "atomic-replace-survives",
        "cross-dir-rename-never-zero-names",
        "rename-without-parent-sync-crash-old-or-new",
        "persist-without-parent-sync-crash-old-or-new",
        "rename-over-without-sync-keeps-a-name",
        "directory-rename-crash-old-or-new",
        "allocated-and-synced-survives",
        "grown-and-synced-reads-zero-after-crash",
        "overwrite-in-place-either-version-per-sector",
        "append-after-truncate-no-stale-bytes",
        "bit-rot-shows-after-a-crash",
      ],
    ],
    [
      crashing("a file is cut to half", (fs) => tampered(fs, "/f", "comp", complete)),
      ["unsynced-name-may-vanish-never-torn"],
    ],
    [
      crashing("a removed file comes back by half", (fs) => tampered(fs, "/f", "comp", durable)),
      ["remove-without-parent-sync-crash-may-resurrect"],
    ],
    [
      crashing("bytes appear that nobody wrote", (fs) => tampered(fs, "/f", "synced???", durable)),
      ["crash-drops-unsynced-tail", "crash-during-recovery-legal"],
    ],
    [
      crashing("removed files come back", function* (fs) {
        const state = new CrashFs({ image: fs.snapshot() });
        write(state, "/f", "old");
        yield state;
      }),
      ["durable-remove-never-resurrects", "unlinked-open-file-never-returns", "remove-dir-all-crash-consistent-tree"],
    ],
    [
      crashing("a renamed file has both names", function* (fs) {
        const state = complete(fs);
        write(state, "/old", "complete");
        yield state;
      }),
      ["rename-without-parent-sync-crash-old-or-new"],
    ],
  ];

  test.each(cases.map(([backend, ids]) => [backend.name, backend, ids] as const))("%s", async (_name, backend, ids) => {
    const { verdicts } = await runConformance(backend, ids);
    const missed = verdicts.filter(({ kind }) => kind !== "violation");
    expect(missed).toEqual([]);
    expect(verdicts).toHaveLength(ids.length);
  });

  test("handles and locks that survive a crash are caught", async () => {
    const backend: ConformanceBackend = {
      name: "immortal",
      make: () => new CrashFs(),
      crash: () => undefined,
      processCrash: () => undefined,
    };
    const { verdicts } = await runConformance(backend, [
      "handle-dead-after-crash",
      "process-crash-keeps-written-bytes",
      "lock-cleared-by-crash",
      "lock-cleared-by-process-crash",
      "stale-guard-does-not-release-new-owner",
    ]);
    expect(verdicts.map(({ kind }) => kind)).toEqual(Array.from({ length: 5 }, () => "violation"));
  });

  test("a crash whose result is lost by a second crash is caught", async () => {
    const backend: ConformanceBackend = {
      ...crashing("not durable", (fs) => [durable(fs)]),
      crash: () => undefined,
    };
    const { verdicts } = await runConformance(backend, ["crash-idempotent"]);
    expect(verdicts).toMatchObject([{ kind: "violation" }]);
  });
});
