// What an append answers, and what is read behind it.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openSample, Paid, Placed, START_MS } from "./sample-store.js";

test("an event is read as it was appended, by id, by sequence and in its stream", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory);
  const placed = store.append(
    { entity: "order:7", scope: "shop" },
    Placed,
    { amount: 12 },
    { metadata: { who: "ada" } },
  );
  expect(placed).toMatchObject({ kind: "appended", sequence: 1, revision: 0 });
  const paid = store.append("order:7", Paid, { by: "card" }, { correlation: placed.id, causation: placed.id });
  const facts = { entity: "order:7", lane: 0, version: 1 };
  const expected = [
    {
      ...facts,
      id: placed.id,
      sequence: 1,
      revision: 0,
      scope: "shop",
      kind: 0x1001,
      timeMs: placed.timeMs,
      correlation: placed.id,
      causation: undefined,
      metadata: { who: "ada" },
      status: "known",
      name: "order.placed",
      data: { amount: 12 },
    },
    {
      ...facts,
      id: paid.id,
      sequence: 2,
      revision: 1,
      scope: "",
      kind: 0x1002,
      timeMs: paid.timeMs,
      correlation: placed.id,
      causation: placed.id,
      metadata: {},
      status: "known",
      name: "order.paid",
      data: { by: "card" },
    },
  ];
  expect(placed.timeMs).toBeGreaterThan(START_MS);
  expect([...store.stream("order:7")]).toEqual(expected);
  expect([...store.stream("order:7", { backward: true })]).toEqual(expected.toReversed());
  expect(store.get(placed.id)).toEqual(expected[0]);
  expect(await store.getAsync(paid.id)).toEqual(expected[1]);
  expect([store.at(1), store.at(2), store.at(3)]).toEqual([...expected, undefined]);
  expect(store.revisionOf("order:7")).toBe(1);
  expect(store.revisionOf("order:8")).toBe("empty");
  await store.close();
  const again = await openSample(directory);
  expect([...again.stream("order:7")]).toEqual(expected);
  expect(again.append("order:7", Paid, { by: "x" })).toMatchObject({ sequence: 3, revision: 2 });
  await again.close();
});

test("lanes of one entity that begin in the same commit are streams of their own", async () => {
  const store = await openSample(new Directory(new MemoryFs()));
  const lanes = [0, 1, 2, 1];
  const outcome = store.commit((commit) => {
    for (const lane of lanes) {
      commit.append(
        { entity: "order:7", lane },
        Placed,
        { amount: lane },
        lane === 2 ? { expectedRevision: "empty" } : {},
      );
    }
  });
  expect(outcome).toMatchObject({
    kind: "appended",
    receipts: [{ revision: 0 }, { revision: 0 }, { revision: 0 }, { revision: 1 }],
  });
  const sequencesOf = (lane: number): number[] =>
    [...store.stream({ entity: "order:7", lane })].map(({ sequence }) => sequence);
  expect([0, 1, 2].map(sequencesOf)).toEqual([[1], [2, 4], [3]]);
  await store.close();
});
