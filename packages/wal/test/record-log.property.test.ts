// A record log against an array: whatever is appended, written, synced, cut, and however often it is opened again.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openRecordLog, openRecordLogReader, type RecordLog, type RecordLogOptions } from "../src/record-log-entry.js";

type Step =
  | { readonly do: "append"; readonly bytes: number }
  | { readonly do: "batch"; readonly sizes: readonly number[] }
  | { readonly do: "write" | "sync" | "sync-blocking" | "reopen" | "abandon" | "read" | "refresh" }
  | { readonly do: "read-from" | "last" | "cut"; readonly share: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("append" as const), bytes: fc.nat(300) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("batch" as const),
      sizes: fc.array(fc.nat(120), { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "write" as const,
        "sync" as const,
        "sync-blocking" as const,
        "reopen" as const,
        "abandon" as const,
        "read" as const,
        "refresh" as const,
      ),
    }),
  },
  fc.record({
    do: fc.constantFrom("read-from" as const, "last" as const, "cut" as const),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  }),
);

type Settings = Partial<RecordLogOptions>;

const settings: fc.Arbitrary<Settings> = fc.record({
  bufferBytes: fc.constantFrom(64, 256, 4096),
  preallocateBytes: fc.constantFrom(0, 64, 4096),
});

/** Record bytes that say which record they are. */
function payload(lsn: number, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (lsn * 31 + index) & 0xff);
}

const name = "events";

class Run {
  readonly directory = new Directory(new MemoryFs());
  readonly sizes: number[] = [];
  readonly options: Settings;
  log: RecordLog | undefined = undefined;

  constructor(options: Settings) {
    this.options = options;
  }

  async open(directory = this.directory): Promise<RecordLog> {
    return openRecordLog({ directory, name, ...this.options });
  }

  /** The records from `from` up to `to`, all of them and nothing else. */
  expect(records: Iterable<{ lsn: number; payload: Uint8Array }>, from = 1, to = this.sizes.length): void {
    let lsn = from;
    for (const record of records) {
      expect(record.lsn).toBe(lsn);
      expect(record.payload).toEqual(payload(lsn, this.sizes[lsn - 1] as number));
      lsn += 1;
    }
    expect(lsn).toBe(Math.max(from, to + 1));
  }

  /** What kill -9 or a power loss leaves: a lock of nobody, and the file up to `share` of what was written behind the last barrier. */
  async crashed(share: number): Promise<void> {
    const log = this.log as RecordLog; // it is open
    const copy = new Directory(new MemoryFs({ image: (this.directory.fs as MemoryFs).snapshot() }));
    copy.remove(`${name}.lock`);
    const bytes = copy.readFile(name);
    const at = Math.round(share * bytes.length);
    copy.writeFile(name, bytes.subarray(0, at));
    if (at < 64) {
      await expect(this.open(copy)).rejects.toMatchObject({ code: "WAL_CORRUPT" });
      return;
    }
    const before = openRecordLogReader({ directory: copy, name }).lastLsn;
    const other = await this.open(copy);
    expect(other.lastLsn).toBe(before);
    expect(other.lastLsn).toBeLessThanOrEqual(log.writtenLsn);
    this.expect(other.read(), 1, before);
    await other.appendDurable(payload(9, 9));
    await other.close();
    const again = await this.open(copy);
    expect(again.report).toMatchObject({ lastLsn: before + 1, provenLsn: before + 1, dropped: [] });
    this.expect(again.read({ to: before }), 1, before);
    await again.close();
  }
}

async function play(steps: readonly Step[], options: Settings): Promise<void> {
  const run = new Run(options);
  const { sizes, directory } = run;
  let log = (run.log = await run.open());
  const reader = openRecordLogReader({ directory, name });
  for (const each of steps) {
    switch (each.do) {
      case "append":
        expect(log.append(payload(sizes.length + 1, each.bytes))).toBe(sizes.length + 1);
        sizes.push(each.bytes);
        break;
      case "batch": {
        const first = sizes.length + 1;
        expect(log.appendBatch(each.sizes.map((bytes, index) => payload(first + index, bytes)))).toBe(first);
        sizes.push(...each.sizes);
        break;
      }
      case "write":
        log.write();
        expect(log.writtenLsn).toBe(sizes.length);
        break;
      case "sync":
        expect(await log.sync()).toBe(sizes.length);
        expect(log.durableLsn).toBe(sizes.length);
        break;
      case "sync-blocking":
        expect(log.syncBlocking()).toBe(sizes.length);
        break;
      case "reopen": {
        await log.close();
        log = run.log = await run.open();
        expect(log.report).toMatchObject({ created: false, lastLsn: sizes.length, provenLsn: sizes.length });
        expect(log.report).toMatchObject({ dropped: [], rewrittenRecords: 0 });
        break;
      }
      case "abandon":
        log.write();
        await run.crashed(1);
        break;
      case "cut":
        await run.crashed(each.share);
        break;
      case "read":
        run.expect(log.read());
        run.expect(openRecordLogReader({ directory, name }).read());
        break;
      case "refresh":
        log.write();
        expect(reader.refresh()).toBe(sizes.length);
        run.expect(reader.read());
        break;
      case "read-from": {
        const from = 1 + Math.floor(each.share * sizes.length);
        run.expect(log.read({ from }), from);
        break;
      }
      case "last": {
        const count = 1 + Math.floor(each.share * sizes.length);
        run.expect(log.readLast(count), Math.max(1, sizes.length - count + 1));
        break;
      }
    }
    expect(log.lastLsn).toBe(sizes.length);
  }
  await log.close();
  const last = await run.open();
  run.expect(last.read());
  expect(last.report.dropped).toEqual([]);
  expect(last.report.provenLsn).toBe(sizes.length);
  await last.close();
}

test("a record log is an array", async () => {
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 40 }), settings, play), {
    numRuns: Number(process.env["WAL_RUNS"] ?? 150),
    ...(process.env["FC_SEED"] === undefined ? {} : { seed: Number(process.env["FC_SEED"]) }),
  });
});
