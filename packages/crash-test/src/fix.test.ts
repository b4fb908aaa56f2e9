import { fileURLToPath } from "node:url";
import { Directory } from "@holdfast/fs-seam";
import { CrashFs, type Trace } from "@holdfast/fs-seam/crash";
import { expect, test } from "vitest";
import { fixFor, fixText } from "./fix.js";

/** A file of the layer that offers node:fs. */
const facade = fileURLToPath(new URL("node/volume.ts", import.meta.url));

/** A naive save. Records: 0 name of doc.tmp, 1 bytes, 2 length, 3 and 4 the steps of the rename, 5 a mark. */
function naiveSave(caller: string): Trace {
  const fs = new CrashFs({ callSites: true });
  const directory = new Directory(fs);
  directory.writeFile("doc.tmp", Uint8Array.of(1));
  directory.rename("doc.tmp", "doc");
  fs.mark("saved");
  const trace = fs.trace();
  for (const record of trace.records) {
    const site = "call" in record ? record.call?.site : undefined;
    if (site !== undefined) site.stack = `Error\n    at EffectLog.begin (/lib/fs-seam/dist/a.js:1:1)\n${caller}`;
  }
  return trace;
}

const textOf = (trace: Trace, lost: number, trigger: number): string => {
  const fix = fixFor(trace, { kind: "order", lost, trigger });
  return fix === undefined ? "" : fixText(trace, fix);
};

test("a program on the seam is told the barriers of the seam", () => {
  const trace = naiveSave("    at save (/app/src/save.ts:12:3)");
  expect(textOf(trace, 1, 4)).toBe(
    `await handle.sync("data") on /doc.tmp, before rename(/doc.tmp -> /doc) at src/save.ts:12`,
  );
  expect(textOf(trace, 4, 5)).toBe(`await directory.syncNames() on /, before "saved" is acknowledged`);
});

test("a program on node:fs is told those of node:fs", () => {
  const trace = naiveSave(`    at Object.renameSync (${facade}:1:1)\n    at save (/app/src/save.ts:12:3)`);
  expect(textOf(trace, 1, 4)).toBe(`fs.fsyncSync(fd) on /doc.tmp, before rename(/doc.tmp -> /doc) at src/save.ts:12`);
  expect(textOf(trace, 4, 5)).toBe(
    `fs.fsyncSync(fd) on the directory /, opened with "r", before "saved" is acknowledged`,
  );
});
