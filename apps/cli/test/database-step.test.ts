// Batches written by a real process, really killed.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openDirectory } from "@holdfast/fs-seam";
import { databaseStep } from "../src/tour/database-step.js";
import { contentAfter, differenceFrom, numberedBatch } from "../src/tour/numbered-batch.js";
import { openDatabase } from "../src/tour/tour-database.js";
import { loneContext } from "./captured-io.js";
import { built, scratch } from "./scratch.js";

const limit = { timeout: 300_000 };

test("what was acknowledged is there after the kill, and a snapshot sees all of it", limit, async () => {
  const context = loneContext(scratch());
  const claims = await databaseStep({ program: built("database-child") }).run(context);
  expect(claims.map(({ name, ok }) => [name, ok])).toEqual([
    ["acknowledged-batches-survive-kill-9", true],
    ["snapshot-sees-what-it-saw", true],
  ]);
  const { acknowledged, recovered, writer } = claims[0]!.details; // there are two
  expect(writer).toBe("killed");
  expect(acknowledged).toBeGreaterThanOrEqual(150);
  expect(recovered).toBeGreaterThanOrEqual(acknowledged as number);
  // 64 KiB of batches of some 1,700 bytes: the kill finds tables behind the log.
  expect(context.story.join("\n")).toMatch(/Opened again in .*: [1-9]\d* tables? with [\d,]+ bytes, /);
  await using db = openDatabase(openDirectory(join(context.directory, "database")));
  expect(await db.keys().all()).toEqual(["last batch"]);
});

test.each([
  ["says nothing", "", /the writer acknowledged nothing/],
  [
    "gives up",
    "process.stdout.write('ack 1 1.0\\n'); throw new Error('no space');",
    /ended before .* \(Error: no space\)/,
  ],
  [
    "opens nothing",
    "console.log('ack 400 1.0'); setTimeout(() => {}, 20_000);",
    /the database does not open: .*does not exist/,
  ],
])("a writer that %s is found out", limit, async (_, source, says) => {
  const liar = join(scratch(), "liar.mjs");
  writeFileSync(liar, source);
  const [claim] = await databaseStep({ program: liar }).run(loneContext(scratch()));
  expect(claim).toMatchObject({ name: "acknowledged-batches-survive-kill-9", ok: false });
  expect(claim?.details.says).toMatch(says);
});

/** Writes batches 1 to 3 as they are in `written`, and then says that there were so many. */
async function claimOf(written: readonly number[], acknowledged: number): Promise<string> {
  const directory = scratch();
  const context = loneContext(directory);
  const db = openDatabase(openDirectory(join(directory, "database"), { create: true }));
  for (const number of written) await db.batch(numberedBatch(number, context.seed));
  await db.close();
  const liar = join(directory, "liar.mjs");
  writeFileSync(liar, `console.log("ack ${acknowledged} 1.0"); setTimeout(() => {}, 20_000);`);
  const [claim] = await databaseStep({ program: liar }).run(context);
  return claim?.ok === true ? "held" : String(claim?.details.says);
}

test.each([
  ["every batch", [1, 2, 3], 300, /^297 of 300 acknowledged batches not recovered$/],
  ["no second batch", [1, 3], 300, /^article:\d{3} (is missing|is there and was deleted|has another value)/],
] as const)("%s in the database: it is not what was acknowledged", limit, async (_, written, acknowledged, says) => {
  expect(await claimOf(written, acknowledged)).toMatch(says);
});

test("the content of batches is told from every other one", () => {
  const content = contentAfter(3, 7);
  const entries = [...content];
  expect(content.get("last batch")).toBe("3");
  expect(content).not.toEqual(contentAfter(3, 8));
  expect(differenceFrom(content, entries)).toBeUndefined();
  expect(differenceFrom(content, entries.slice(1))).toBe(`${entries[0]?.[0]} is missing`);
  expect(differenceFrom(content, [...entries, ["article:999", ""]])).toMatch(/^article:999 is there/);
  expect(
    differenceFrom(
      content,
      entries.map(([key, value]) => [key, key === "last batch" ? "2" : value]),
    ),
  ).toBe("last batch has another value");
  expect(differenceFrom(content, [...entries, ...entries.slice(-1)])).toBe("a key is there twice");
  const deleted = Array.from({ length: 40 }, (_, at) => numberedBatch(at + 1, 7))
    .flat()
    .filter(({ type }) => type === "del");
  expect(deleted.length).toBeGreaterThan(80); // a fourth of 640
});
