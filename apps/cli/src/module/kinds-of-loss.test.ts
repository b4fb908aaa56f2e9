import { expect, test } from "vitest";
import type { ModuleVerdict } from "./judge-module.js";
import { kindsOfLoss } from "./kinds-of-loss.js";

function verdict(personality: string, kind: ModuleVerdict["verdict"], fault: string): ModuleVerdict {
  const text = `save: a promise was broken\n  ${fault}\n  Replay: ${personality}`;
  return { personality, verdict: kind, recoveries: 3, complete: false, explored: "", text };
}

test("file systems that lose in the same way share one text, and each way has one", () => {
  const found = kindsOfLoss([
    verdict("posix", "loses", "rename before write"),
    verdict("ext4", "loses", "rename before length"),
    verdict("xfs", "loses", "rename before write"),
    verdict("btrfs", "survives", ""),
    verdict("other", "forgets", "rename before write"),
  ]);
  expect(found.map(({ verdict: kind, personalities }) => [kind, personalities])).toEqual([
    ["loses", ["posix", "xfs"]],
    ["loses", ["ext4"]],
    ["forgets", ["other"]],
  ]);
  expect(found[0]?.text).toContain("Replay: posix");
});

test("three kinds are told, and not more", () => {
  const found = kindsOfLoss(["a", "b", "c", "d"].map((name) => verdict(name, "loses", name)));
  expect(found.map(({ personalities }) => personalities)).toEqual([["a"], ["b"], ["c"]]);
});
