import { expect, test } from "vitest";
import { loneContext } from "../../test/captured-io.js";
import { scratch } from "../../test/scratch.js";
import { figuresStep } from "./figures-step.js";

test("figures are measured and claim nothing", async () => {
  const context = loneContext(scratch());
  expect(await figuresStep(5).run(context)).toEqual([]);
  expect(context.figures.map(({ name, unit }) => [name, unit])).toEqual([
    ["real-append-and-sync-median", "µs"],
    ["real-append-and-sync-p99", "µs"],
    ["memoryfs-append-and-sync", "per second"],
    ["crashfs-append-and-sync", "per second"],
    ["crash-states", "per second"],
  ]);
  for (const { value } of context.figures) expect(value).toBeGreaterThan(0);
  expect(context.story.length).toBeGreaterThanOrEqual(context.figures.length);
});
