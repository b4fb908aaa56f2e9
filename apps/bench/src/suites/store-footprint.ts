import { mkdtempSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { defineEvent, openStore, uncheckedSchema, type EventDefinition } from "@holdfast/store";
import { bound, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { entityOf, inDirectory, newStore, orderOf, Placed } from "./store-workloads.js";

/** What does not depend on the machine: bytes on the disk, and barriers. */
export const storeFootprintPart: Part = {
  name: "footprint",
  measure: ({ quick }) =>
    inDirectory(async (path) => [await diskRow(path, quick ? 10_000 : 200_000), ...(await barrierRows(path))]),
};

const Noted: EventDefinition<"noted", Uint8Array, Uint8Array> = defineEvent({
  name: "noted",
  kind: 0x1002,
  schema: uncheckedSchema<Uint8Array>(),
  codec: { encode: (bytes: Uint8Array) => bytes, decode: (bytes: Uint8Array) => bytes.slice() },
});

/** A payload of 128 bytes an event, each in a frame of its own, with everything that a closed store leaves on the disk. */
async function diskRow(path: string, count: number): Promise<Row> {
  const own = mkdtempSync(join(path, "store-"));
  const store = await openStore({ directory: openDirectory(own), events: [Noted] });
  const payload = new Uint8Array(128);
  for (let index = 0; index < count; index += 1) store.append(entityOf(index), Noted, payload, { rung: "memory" });
  await store.close();
  const bytes = readdirSync(own).reduce((sum, name) => sum + statSync(join(own, name)).size, 0);
  return {
    id: "footprint/disk",
    workload: "disk, a 128 B event in a frame of its own, index included",
    ours: { name: "store", unit: "bytes", value: bytes / count },
    bar: bound("most", 380),
  };
}

async function barrierRows(path: string): Promise<Row[]> {
  const { subject: store, dispose } = await newStore(path);
  await store.sync(); // what is due from the opening
  const barriers = (): number => store.stats().log.barriers.barriers;
  const count = (id: string, workload: string, value: number): Row => ({
    id,
    workload,
    ours: { name: "store", unit: "count", value },
    bar: bound("most", 1),
  });
  let before = barriers();
  const hundred = Array.from({ length: 100 }, (_, each) => store.append(entityOf(each), Placed, orderOf(each)));
  await Promise.all(hundred.map((receipt) => store.durable(receipt)));
  const grouped = barriers() - before;
  before = barriers();
  const one = store.append(entityOf(0), Placed, orderOf(0));
  await store.durable(one);
  await store.durable(one);
  const single = barriers() - before;
  await dispose();
  return [
    count("footprint/barriers-100", "barriers of 100 events that are awaited at once", grouped),
    count("footprint/barriers-1", "barriers of one event that is awaited twice", single),
  ];
}
