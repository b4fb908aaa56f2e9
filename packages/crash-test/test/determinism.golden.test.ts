// The hash of a report is one number for all that an exploration did, and the same on every version of Node: npm run test:matrix.
import type { Directory } from "@holdfast/fs-seam";
import { expect, test } from "vitest";
import { crashMatrix, type CrashMatrixOptions, type ExplorationStrategy } from "../src/index.js";
import { failureOf, names, write } from "./small-program.js";

const program: CrashMatrixOptions<string> = {
  workload(directory, run) {
    for (const name of ["a", "b", "c", "d"]) {
      write(directory, name, 1);
      run.ack(name);
    }
  },
  recover(directory: Directory) {
    directory.removeIfPresent("b");
    return names(directory).join();
  },
  check: () => true,
  personalities: ["posix", "strict"],
};

const strategies: readonly (readonly [hash: string, strategy: ExplorationStrategy])[] = [
  ["c80b6f00ef103deb", { kind: "levels", level: 3 }],
  ["5bcf2de00f8f1730", { kind: "exhaustive", limit: 5000 }],
  ["0f6082f0ce7f3563", { kind: "random", seed: 5, count: 20 }],
  ["d42c10e1fa8f2706", { kind: "lazy" }],
  ["afcd81db711aa3a5", { kind: "sampled", seed: 5, patience: 20 }],
  ["c59091fa225a660e", { kind: "ladder", limit: 64, seed: 5, patience: 20 }],
];

test.each(strategies)("%s: %o", async (hash, strategy) => {
  expect((await crashMatrix({ ...program, strategy })).hash).toBe(hash);
});

test("a failure has a hash, too, and one that is its own", async () => {
  const failing = (name: string): CrashMatrixOptions<string> => ({
    ...program,
    check: (found) => !found.includes(name),
  });
  const [first, again, other] = [
    await failureOf(failing("c")),
    await failureOf(failing("c")),
    await failureOf(failing("d")),
  ];
  expect(again.report?.hash).toBe(first.report?.hash);
  expect(other.report?.hash).not.toBe(first.report?.hash);
  expect(first.report?.hash).toMatch(/^[0-9a-f]{16}$/);
});
