// The store and the read model under the crash explorer, together: every disk that a power loss may leave of a short session, on every file
// system; crashes inside the recoveries; and three services that are wrong by one thing, each of which must be found out.
import { defaultPersonalities } from "@holdfast/crash-test";
import { followEvents } from "@holdfast/store/consumers";
import { expect, test } from "vitest";
import { exploreCrashes, insideRecoveries, type CrashSession } from "./crash-session.js";
import { OrderView, type ViewOperation, type ViewRung } from "./order-view.js";

/** Against what hangs: an exploration is work for the processor alone, however busy that is. */
const timeout = 600_000;

test(
  "behind any crash acknowledged commands are there, and the read model is a prefix that catches up",
  { timeout },
  async () => {
    const report = await exploreCrashes({ orders: 1, seed: 1 });
    expect(report.personalities.map(({ personality }) => personality)).toEqual(defaultPersonalities);
    for (const { images } of report.personalities) expect(images).toBeGreaterThan(40);
    expect(report.recoveries).toBeGreaterThan(150);
  },
);

test("the same behind crashes inside a recovery", { timeout }, async () => {
  let insideRecovery = 0;
  const report = await exploreCrashes({
    ...{ orders: 1, seed: 2, commands: 1 },
    matrix: insideRecoveries,
    onCheck: ({ depth }) => (insideRecovery += depth > 0 ? 1 : 0),
  });
  expect(report.personalities.map(({ personality }) => personality)).toEqual(defaultPersonalities);
  expect(report.recoveries).toBeGreaterThan(insideRecovery);
  expect(insideRecovery).toBeGreaterThan(400);
});

/** Rows and position are two writes. */
class TornView extends OrderView {
  protected override async write(
    rows: readonly ViewOperation[],
    position: ViewOperation,
    rung: ViewRung,
  ): Promise<void> {
    await this.batch(rows, "os");
    await this.batch([position], rung);
  }
}

/** Says that it is saved, and never waits for a barrier. */
class HastyView extends OrderView {
  protected override batch(operations: readonly ViewOperation[]): Promise<void> {
    return super.batch(operations, "os");
  }
}

const eagerly: typeof followEvents = (store, of, options) => followEvents(store, of, { ...options, until: "visible" });

const broken: Readonly<Record<string, { readonly parts: CrashSession["parts"]; readonly found: RegExp }>> = {
  "a read model of events that are not durable yet": {
    parts: { follow: eagerly },
    found: /the read model is built anew: history/,
  },
  "a position that is written beside the rows": { parts: { view: TornView }, found: /the read model at \d+ of \d+: / },
  "a checkpoint without its barrier": { parts: { view: HastyView }, found: /is at \d+, and was saved at \d+/ },
};

test.for(Object.entries(broken))("the law is broken by %s", { timeout }, async ([, { parts, found }]) => {
  const exploring = exploreCrashes({
    orders: 1,
    seed: 1,
    ...(parts && { parts }),
    matrix: { personalities: ["posix"] },
  });
  await expect(exploring).rejects.toThrow(found);
});
