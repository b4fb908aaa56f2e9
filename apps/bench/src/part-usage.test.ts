import { expect, test } from "vitest";
import { PartUsage } from "./part-usage.js";

test("work that holds the event loop to its end counts as its delay, and as time of the processor", async () => {
  const usage = await PartUsage.begin("busy");
  const end = process.hrtime.bigint() + 60_000_000n;
  while (process.hrtime.bigint() < end);
  const { part, wallNs, cpuNs, eventLoopDelay, memory } = await usage.stop();
  expect(part).toBe("busy");
  expect(wallNs).toBeGreaterThanOrEqual(60e6);
  expect(cpuNs).toBeGreaterThan(0);
  expect(eventLoopDelay.maxNs).toBeGreaterThanOrEqual(40e6);
  expect(memory.rssPeakBytes).toBeGreaterThan(memory.heapPeakBytes);
  expect(memory.heapPeakBytes).toBeGreaterThan(1_000_000);
});
