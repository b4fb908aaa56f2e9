// A program written for `level`, and the same program on `LsmLevel`: one import and one line differ. Then what level has not.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LsmLevel } from "@holdfast/lsm-tree";
import { Level } from "level";

/** @import { AbstractLevel } from "abstract-level" */

/** The program: a list of addresses with an index by city. @param {AbstractLevel<any, string, any>} db */
async function program(db) {
  const people = db.sublevel("people", { valueEncoding: "json" });
  const byCity = db.sublevel("city");
  /** @param {string} id @param {{ name: string, city: string }} person */
  const save = (id, person) =>
    db.batch([
      { type: "put", sublevel: people, key: id, value: person },
      { type: "put", sublevel: byCity, key: `${person.city}!${id}`, value: id },
    ]);
  await save("1", { name: "Ada", city: "London" });
  await save("2", { name: "Emmy", city: "Erlangen" });
  await save("3", { name: "Grace", city: "London" });

  const inLondon = [];
  for await (const id of byCity.values({ gt: "London!", lt: "London!~" })) inLondon.push(await people.get(id));
  await people.del("2");
  await byCity.clear({ gte: "Erlangen!", lt: "Erlangen!~" });
  return { inLondon, left: await people.keys().all(), newest: await people.values({ reverse: true, limit: 1 }).all() };
}

const place = mkdtempSync(join(tmpdir(), "level-"));
const level = new Level(join(place, "level"));
const lsm = new LsmLevel(join(place, "lsm"));
const expected = await program(level);
assert.deepEqual(await program(lsm), expected);
assert.deepEqual(expected.left, ["1", "3"]);
await level.close();

// A rung of durability for each write, and a second handle that reads beside the writer.
await lsm.put("invoice", "paid", { rung: "full" });
const reader = new LsmLevel(join(place, "lsm"), { readOnly: true });
assert.equal(await reader.get("invoice"), "paid");
await reader.close();
await lsm.close();
rmSync(place, { recursive: true });
console.log("the same answers from level and from LsmLevel");
