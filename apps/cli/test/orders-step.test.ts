// Orders recorded by a real process, really killed.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDirectory } from "@holdfast/fs-seam";
import { openOrders } from "../src/tour/order-store.js";
import { ordersStep } from "../src/tour/orders-step.js";
import { makeDocument } from "../src/tour/tour-document.js";
import type { Claim } from "../src/tour/tour-step.js";
import { loneContext } from "./captured-io.js";
import { built, scratch } from "./scratch.js";

const program = built("orders-child");
const limit = { timeout: 300_000 };
const byName = (claims: readonly Claim[], name: string): Claim | undefined => claims.find((each) => each.name === name);
const detailsOf = (claims: readonly Claim[], name: string): Readonly<Record<string, unknown>> =>
  byName(claims, name)?.details ?? {};

test("what was acknowledged is there after the kill, and recording again completes it", limit, async () => {
  const context = loneContext(scratch());
  const claims = await ordersStep({ program }).run(context);
  expect(claims.map(({ name, ok }) => [name, ok])).toEqual([
    ["acknowledged-orders-survive-kill-9", true],
    ["recording-again-writes-nothing-twice", true],
    ["projection-matches-the-orders", true],
    ["order-history-verifies", true],
    ["backup-taken-while-writing-verifies", true],
  ]);
  const { acknowledged, recovered, writer } = detailsOf(claims, "acknowledged-orders-survive-kill-9");
  expect(writer).toBe("killed");
  expect(acknowledged).toBeGreaterThan(200);
  expect(recovered).toBeGreaterThanOrEqual(acknowledged as number);
  expect(recovered).toBeLessThanOrEqual(1128); // it holds at three quarters, in whole batches of four
  const again = byName(claims, "recording-again-writes-nothing-twice")?.details;
  expect(again).toMatchObject({ events: 1500, replayed: recovered, appended: 1500 - (recovered as number) });
  expect(context.story.join("\n")).toMatch(
    /status +after the kill +sum +at the end +sum\n +delivered +\d+ .* 725 +48,315\.05\n/,
  );
  expect(detailsOf(claims, "backup-taken-while-writing-verifies")["orders"]).toBeGreaterThanOrEqual(
    recovered as number,
  );
  await using store = await openOrders(openDirectory(join(context.directory, "orders")));
  expect(store.stats()).toMatchObject({ events: 1500, streams: 1500 });
});

test("the user's own file is recorded, when it is a CSV", limit, async () => {
  const bytes = new TextEncoder().encode('id,status\n1,"open, late"\n2,done\n3,done\n');
  const context = loneContext(scratch(), makeDocument(bytes, "mine.CSV"));
  const claims = await ordersStep({ program }).run(context);
  expect(claims.every(({ ok }) => ok)).toBe(true);
  expect(byName(claims, "recording-again-writes-nothing-twice")?.details).toMatchObject({ orders: 3, events: 3 });
  expect(context.story[0]).toContain("3 rows of your file");
  expect(context.story.join("\n")).toContain("open, late");
});

test.each([
  ["a file of another kind", "notes.txt", "x", "1,500 orders of a shop"],
  ["a CSV that is none", "mine.csv", "a,b\n1\n", "(your file is no CSV: Invalid Record Length"],
  ["a CSV without rows", "mine.csv", "a,b\n", "(your file has no row)"],
])("%s: the tour's own is, and why is said", limit, async (_, path, text, says) => {
  const context = loneContext(scratch(), makeDocument(new TextEncoder().encode(text), path));
  const claims = await ordersStep({ program }).run(context);
  expect(claims.every(({ ok }) => ok)).toBe(true);
  expect(context.story[0]).toContain(says);
});

test.each([
  [
    "lies about what is recorded",
    "process.stdout.write('ack 1400 1.0\\n'); setTimeout(() => {}, 20_000);",
    /1,400 acknowledged orders of 1,400 not recovered/,
  ],
  ["says nothing", "", /the writer acknowledged nothing/],
  [
    "gives up half-way",
    "process.stdout.write('ack 0 1.0\\n'); throw new Error('no space');",
    /the writer ended before it was killed \(Error: no space\)/,
  ],
])("a writer that %s is found out", limit, async (_, source, says) => {
  const directory = scratch();
  const liar = join(directory, "liar.mjs");
  writeFileSync(liar, source);
  const claims = await ordersStep({ program: liar }).run(loneContext(directory));
  const claim = byName(claims, "acknowledged-orders-survive-kill-9");
  expect(claim?.ok).toBe(false);
  expect(claim?.details.says).toMatch(says);
});
