import { expect, test } from "vitest";
import { CleanupStack } from "../src/cleanup-stack.js";
import { paintFor } from "../src/terminal.js";
import { ownModuleStep } from "../src/tour/own-module-step.js";
import { sampleDocument } from "../src/tour/tour-document.js";
import type { TourContext } from "../src/tour/tour-step.js";
import { fileURLToPath } from "node:url";
import { scratch } from "./scratch.js";

/** A process cannot start from TypeScript on Node 20. */
const program = fileURLToPath(new URL("../dist/module-child.js", import.meta.url));

function context(story: string[]): TourContext {
  return {
    directory: scratch(),
    seed: 1,
    document: sampleDocument(),
    cleanup: new CleanupStack(),
    paint: paintFor({ isTTY: false } as never, {}),
    say: (line) => void story.push(line),
    progress: () => {},
    measured: () => {},
  };
}

const careful = `import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
export function save(path, bytes) {
  const file = openSync(path + ".tmp", "w");
  writeSync(file, bytes);
  fsyncSync(file);
  closeSync(file);
  renameSync(path + ".tmp", path);
  const names = openSync(dirname(path), "r");
  fsyncSync(names);
  closeSync(names);
}
export const load = (path) => readFileSync(path);
`;

test("the naive module loses the document under every file system, and the story says how to check one's own", async () => {
  const story: string[] = [];
  const [claim, ...more] = await ownModuleStep(undefined, program).run(context(story));
  expect(more).toEqual([]);
  expect(claim).toMatchObject({ name: "naive-module-loses-the-document", ok: true });
  expect(story.join("\n")).toContain("npm start -- --module PATH");
  expect(story.join("\n")).toMatch(/^ {2}xfs +loses$/m);
});

test("a module that syncs does not pass for one that loses", async () => {
  const [claim] = await ownModuleStep(careful, program).run(context([]));
  expect(claim).toMatchObject({ ok: false, details: { says: expect.stringContaining("was not found to lose") } });
});

test("a module without save is no proof", async () => {
  const [claim] = await ownModuleStep("export const load = () => undefined;", program).run(context([]));
  expect(claim).toMatchObject({ ok: false, details: { says: expect.stringContaining("could not be judged") } });
});
