import { crashMatrix, type CrashMatrixOptions } from "@holdfast/crash-test";
import { describe, expect, test } from "vitest";
import { openWal, type WalOptions } from "../src/index.js";
import { bytesOf, demandLaw, recoverAndAppend, type Recovered } from "./log-law.js";

const small: Partial<WalOptions> = { segmentBytes: 192, bufferBytes: 256, preallocateBytes: 0, mergeBytes: 0 };

type Workload = CrashMatrixOptions<Recovered>["workload"];

function matrix(
  name: string,
  history: readonly string[],
  workload: Workload,
  options: Partial<WalOptions> = small,
  more: Partial<CrashMatrixOptions<Recovered>> = {},
): ReturnType<typeof crashMatrix> {
  return crashMatrix({
    name,
    workload,
    recover: (directory) => recoverAndAppend(directory, options),
    check: (recovered, context) => demandLaw(recovered, history, context),
    maxRecoveries: 400_000,
    ...(process.env.PERS ? { personalities: process.env.PERS.split(",") } : {}),
    ...(process.env.NESTED ? { nested: Number(process.env.NESTED) } : {}),
    ...more,
  }).then((r) => {
    process.stderr.write(`${name} ${r.recoveries} ${r.distinct} level ${r.level} records ${r.trace.records.length}\n`);
    return r;
  });
}

describe("the law holds at every crash point", () => {
  test("append and sync", async () => {
    const report = await matrix("append", ["one", "two", "three"], async (directory, run) => {
      const log = await openWal({ directory, ...small });
      run.ack("one", await log.appendDurable(bytesOf("one")));
      log.append(bytesOf("two"));
      run.ack("two", await log.sync());
      log.append(bytesOf("three"));
      log.write();
    });
    expect(report.complete).toBe(true);
  });

  test("rotation: the old segment is synced before the new one counts", async () => {
    const history = ["a".repeat(40), "b".repeat(40), "c".repeat(40), "d".repeat(40)];
    const report = await matrix("rotate", history, async (directory, run) => {
      const log = await openWal({ directory, ...small });
      for (const record of history.slice(0, 3)) log.append(bytesOf(record));
      run.ack("three", await log.sync());
      log.append(bytesOf(history[3] as string));
      log.write();
    });
    expect(report.complete).toBe(true);
  });

  test("a batch is there as a whole or not at all", async () => {
    const history = ["one", "two", "three", "four"];
    const report = await matrix(
      "batch",
      history,
      async (directory, run) => {
        const log = await openWal({ directory, ...small });
        log.append(bytesOf("one"));
        log.appendBatch(["two", "three", "four"].map(bytesOf));
        log.write();
        run.ack("batch", await log.sync());
      },
      small,
      {
        check: (recovered, context) => {
          demandLaw(recovered, history, context);
          const own = recovered.records.filter((record) => record !== "after").length;
          if (own > 1 && own < 4) throw new Error(`${own} of 4 records: a part of a batch`);
        },
      },
    );
    expect(report.complete).toBe(true);
  });

  test("close, and two runs behind one another", async () => {
    const history = ["one", "two", "three"];
    const report = await matrix("two runs", history, async (directory, run) => {
      const first = await openWal({ directory, ...small });
      run.ack("one", await first.appendDurable(bytesOf("one")));
      await first.close();
      const second = await openWal({ directory, ...small });
      run.ack("two", await second.appendDurable(bytesOf("two")));
      second.append(bytesOf("three"));
      await second.close();
      run.ack("closed", 3);
    });
    expect(report.complete).toBe(true);
  });

  test("merged runs", async () => {
    const history = ["one", "two", "three"];
    const merging = { ...small, mergeBytes: 4096 };
    const report = await matrix(
      "merge",
      history,
      async (directory, run) => {
        for (const record of history) {
          const log = await openWal({ directory, ...merging });
          run.ack(record, await log.appendDurable(bytesOf(record)));
          await log.close();
        }
      },
      merging,
    );
    expect(report.complete).toBe(true);
  });

  test("prune", async () => {
    const history = ["a".repeat(40), "b".repeat(40), "c".repeat(40), "d".repeat(40), "e".repeat(40)];
    const report = await matrix("prune", history, async (directory, run) => {
      const log = await openWal({ directory, ...small });
      for (const record of history) log.append(bytesOf(record));
      run.ack("all", await log.sync());
      await log.prune(4);
    });
    expect(report.complete).toBe(true);
  });
});
