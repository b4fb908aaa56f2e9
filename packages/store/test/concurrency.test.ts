// Tasks that take turns on one handle, a reader that looks on, and two writers of which one comes too late.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openStoreReader, region, type Store, type StoredEvent } from "../src/index.js";
import { events, openSample, Paid, Placed, type Sample } from "./sample-store.js";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Counts up what the stream says, and tries again when somebody was faster. Returns how often somebody was. */
async function count(store: Store<Sample>, times: number): Promise<number> {
  let conflicts = 0;
  for (let done = 0; done < times;) {
    const revision = store.revisionOf("counter");
    const last = revision === "empty" ? undefined : [...store.stream("counter", { backward: true, limit: 1 })][0];
    const amount = last?.status === "known" && last.name === "order.placed" ? last.data.amount : 0;
    await turn(); // somebody else may come between the look and the write
    const outcome = store.append("counter", Placed, { amount: amount + 1 }, { expectedRevision: revision });
    if (outcome.kind === "conflict") {
      expect(outcome.actual).not.toBe(revision);
      conflicts += 1;
      continue;
    }
    done += 1;
    if (done % 3 === 0) await store.durable(outcome);
  }
  return conflicts;
}

test("four tasks on one handle lose no update, and every promise of durability holds", async () => {
  const directory = new Directory(new MemoryFs());
  const store = await openSample(directory, { turn });
  const committing = async (name: string): Promise<void> => {
    for (let index = 0; index < 25; index += 1) {
      const outcome = store.commit(
        (commit) => {
          commit.append(name, Paid, { by: String(index) });
          commit.append("shared", Paid, { by: name });
        },
        { key: `${name} ${index}` },
      );
      if (outcome.kind === "conflict") throw new Error("nothing was expected");
      await store.durable(outcome);
      expect(store.watermarks.durable).toBeGreaterThanOrEqual(outcome.receipts[1]?.sequence ?? 0);
      await turn();
    }
  };
  const done = new AbortController();
  const looking = async (): Promise<number> => {
    const reader = openStoreReader({ directory, events, turn });
    let seen: StoredEvent<Sample>[] = [];
    let verified = 0;
    while (!done.signal.aborted) {
      reader.refresh();
      const found = [...reader.events(region())];
      expect(found.slice(0, seen.length)).toEqual(seen);
      seen = found;
      expect(await store.verify()).toMatchObject({ kind: "intact" });
      verified += 1;
      await turn();
    }
    reader.close();
    return verified;
  };
  const reading = looking();
  const [one, two] = await Promise.all([count(store, 30), count(store, 30), committing("x"), committing("y")]);
  done.abort();
  expect(await reading).toBeGreaterThan(1);
  expect(one + two).toBeGreaterThan(0);
  const counted = [...store.stream("counter")].map((event) => event.status === "known" && event.data);
  expect(counted).toEqual(Array.from({ length: 60 }, (_, index) => ({ amount: index + 1 })));
  const shared = [...store.stream("shared")].flatMap((event) =>
    event.status === "known" && event.name === "order.paid" ? event.data.by : [],
  );
  expect(shared.filter((by) => by === "x")).toHaveLength(25);
  expect(shared.filter((by) => by === "y")).toHaveLength(25);
  expect([...store.stream("x")].map((event) => event.status === "known" && event.data)).toEqual(
    Array.from({ length: 25 }, (_, index) => ({ by: String(index) })),
  );
  expect(await store.verify()).toMatchObject({ kind: "intact", events: 160 });
  await store.close();
});

test("who waits for a barrier when the store is closed hears that it holds", async () => {
  const store = await openSample();
  const waiting = Array.from({ length: 4 }, (_, amount) => store.durable(store.append("a", Placed, { amount })));
  const closing = store.close();
  expect(await Promise.allSettled(waiting)).toEqual(
    Array.from({ length: 4 }, () => ({ status: "fulfilled", value: undefined })),
  );
  await closing;
});
