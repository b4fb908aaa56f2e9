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
    ["plain-append-and-fsync", "per second"],
    ["log-append-durable", "per second"],
    ["log-append-durable-by-100", "per second"],
    ["log-append-buffered", "per second"],
    ["memoryfs-append-and-sync", "per second"],
    ["crashfs-append-and-sync", "per second"],
    ["crash-states", "per second"],
  ]);
  expect(context.story.join("\n")).toMatch(/appendDurable by 100 at once: \d+\.\dx the plain loop/);
  for (const { value } of context.figures) expect(value).toBeGreaterThan(0);
  expect(context.story.length).toBeGreaterThanOrEqual(context.figures.length);
});
