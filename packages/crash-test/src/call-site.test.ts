import { fileURLToPath } from "node:url";
import type { Call } from "@holdfast/fs-seam/crash";
import { describe, expect, test } from "vitest";
import { callText, describeCall, isNodeFs, siteOf } from "./call-site.js";

/** A file of the layer that offers node:fs. */
const facade = fileURLToPath(new URL("node/volume.ts", import.meta.url));

function callFrom(frames: readonly string[]): Call {
  const site = new Error("call site");
  site.stack = ["Error: call site", ...frames.map((frame) => `    at ${frame}`)].join("\n");
  return { operation: "rename", path: "/a", destination: "/b", site };
}

describe("the program frame", () => {
  test.each([
    [
      "is the first one outside the package that recorded the call",
      [
        "EffectLog.begin (/app/node_modules/@holdfast/fs-seam/dist/chunk-2.js:10:5)",
        "CrashFs.rename (/app/node_modules/@holdfast/fs-seam/dist/chunk-2.js:99:5)",
        "/app/node_modules/@holdfast/fs-seam/dist/index.js:7:1",
        "StagedFile.publish (/app/node_modules/@holdfast/fs-seam/dist/index.js:70:1)",
        "async save (/app/src/save.ts:12:3)",
        "async main (/app/src/main.ts:3:3)",
      ],
      "src/save.ts:12",
    ],
    [
      "may be anonymous, asynchronous, a URL",
      ["EffectLog.begin (file:///lib/dist/a.js:1:1)", "async file:///app/test/a.test.ts:5:9"],
      "test/a.test.ts:5",
    ],
    [
      "is the same file however often its module was loaded",
      ["EffectLog.begin (file:///lib/dist/a.js:1:1)", "save (file:///app/test/a.test.ts?start=2:5:9)"],
      "test/a.test.ts:5",
    ],
    [
      "may have a question mark in its name",
      ["EffectLog.begin (/lib/dist/a.js:1:1)", "save (/app/why?/a.cjs:5:9)"],
      "why?/a.cjs:5",
    ],
    [
      "may lie in a directory with spaces and brackets",
      ["EffectLog.begin (/lib/dist/a.js:1:1)", "Object.workload (/my app (2)/test/a.ts:5:9)"],
      "test/a.ts:5",
    ],
    [
      "may be on Windows",
      ["EffectLog.begin (C:\\lib\\dist\\a.js:1:1)", "save (C:\\app\\src\\save.ts:4:1)"],
      "src/save.ts:4",
    ],
    [
      "is found by name in a bundle of one file",
      [
        "_EffectLog.begin (/app/bundle.js:1:1)",
        "_CrashFs2.open (/app/bundle.js:2:1)",
        "Directory.open (/app/bundle.js:3:1)",
        "save (/app/bundle.js:400:1)",
      ],
      "app/bundle.js:400",
    ],
    [
      "is nobody when a microtask made the call",
      [
        "EffectLog.begin (/lib/dist/a.js:1:1)",
        "complete (/lib/dist/b.js:1:1)",
        "process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
      ],
      "",
    ],
    [
      "is the one that called a function of node:fs",
      [
        "EffectLog.begin (/repository/packages/fs-seam/src/effect-log.ts:1:1)",
        `Object.writeFileSync (${facade}:9:1)`,
        "save (/app/node_modules/steno/index.js:21:1)",
      ],
      "steno/index.js:21",
    ],
    ["is nobody without frames", [], ""],
  ])("%s", (_, frames, site) => expect(siteOf(callFrom(frames))).toBe(site));
});

test("a call in words", () => {
  expect(callText(undefined)).toBe("a call");
  expect(callText({ operation: "sync", path: "/a", destination: undefined, site: undefined })).toBe("sync(/a)");
  expect(describeCall(callFrom([]))).toBe("rename(/a -> /b)");
  expect(describeCall(callFrom(["EffectLog.begin (/lib/a.js:1:1)", "save (/app/b.ts:2:1)"]))).toBe(
    "rename(/a -> /b) at app/b.ts:2",
  );
});

test("a call through node:fs is told from one of the seam, although the explorer is below both", () => {
  const recorder = "EffectLog.begin (/app/node_modules/@holdfast/fs-seam/dist/chunk-2.js:10:5)";
  const call = `Object.fsyncSync (${facade}:9:1)`;
  const program = "save (/app/src/save.ts:12:3)";
  expect(isNodeFs(callFrom([recorder, call, program]))).toBe(true);
  expect(isNodeFs(callFrom([call, program]))).toBe(true); // the layer says itself where its call came from
  expect(isNodeFs(callFrom([recorder, program, call]))).toBe(false);
  expect(isNodeFs(callFrom([recorder, call]))).toBe(false);
  expect(isNodeFs(undefined)).toBe(false);
});
