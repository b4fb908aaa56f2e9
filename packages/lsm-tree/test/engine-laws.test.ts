// Laws of the engine that no other file has: what is seen before it is in the log, the order of levels, damage of the log, equal bytes.
import { Directory } from "@holdfast/fs-seam";
import { FaultFs } from "@holdfast/fs-seam/fault";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { SimFs } from "@holdfast/fs-seam/sim";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openEngine, type Engine } from "../src/engine.js";
import { LsmError } from "../src/lsm-error.js";
import type { TableMeta } from "../src/version-edit.js";
import { Version } from "../src/version.js";
import { bytes, contentOf, small } from "./engine-law.js";

test.each([
  ["EIO", "LSM_POISONED"],
  ["ENOSPC", "LSM_NO_SPACE"],
])(
  "law 14: what the log refuses with %s nobody sees, and what comes behind it neither, or all of it",
  async (errno, code) => {
    const fs = new FaultFs(new MemoryFs());
    const directory = new Directory(fs);
    const engine = await openEngine({ ...small, writeBufferBytes: 100_000, directory });
    await engine.put(bytes("a"), bytes("1"));
    const before = engine.snapshot().seqno;
    fs.plan.arm(`write,append:/wal/*.seg n1 torn 20 ${errno}`);
    const refused = [engine.put(bytes("a"), bytes("2")), engine.delete(bytes("a"))];
    expect(contentOf(engine)).toEqual(["a=1"]);
    for (const write of refused) await expect(write).rejects.toMatchObject({ code });
    expect(contentOf(engine)).toEqual(["a=1"]);
    expect(engine.snapshot().seqno).toBe(before);
    if (errno === "ENOSPC") await engine.put(bytes("b"), bytes("1"));
    else await expect(engine.put(bytes("b"), bytes("1"))).rejects.toMatchObject({ code });
    const expected = errno === "ENOSPC" ? ["a=1", "b=1"] : ["a=1"];
    expect(contentOf(engine)).toEqual(expected);
    if (errno === "ENOSPC") await engine.close();
    else await expect(engine.close()).rejects.toMatchObject({ code }); // "a" has not been made durable
    const again = await openEngine({ ...small, directory });
    expect(contentOf(again)).toEqual(expected);
    await again.close();
  },
);

function table(tableNumber: number, level: number, [from, to]: readonly [number, number], seqno: number): TableMeta {
  const counts = { bytes: 1000, chain: 1, entryCount: 1, deleteCount: 0, createdMs: 0 };
  const key = (at: number): Uint8Array => Uint8Array.of(at);
  return { ...counts, level, tableNumber, minSeqno: seqno, maxSeqno: seqno, smallest: key(from), largest: key(to) };
}

test("law 34: a version has no level of which a key lies in two tables, and no two flushes with the same seqnos", () => {
  const range = fc.tuple(fc.nat(40), fc.nat(6)).map(([from, length]): [number, number] => [from, from + length]);
  fc.assert(
    fc.property(fc.array(range, { minLength: 2, maxLength: 6 }), fc.constantFrom(1, 3), (ranges, level) => {
      const changes = ranges.map(
        (each, at) => ({ kind: "addTable", table: table(at + 1, level, each, at + 1) }) as const,
      );
      const doOverlap = ranges.some(([from, to], at) =>
        ranges.some(([a, b], other) => other !== at && a <= to && from <= b),
      );
      const build = (): Version => Version.empty(4).apply(changes);
      if (doOverlap) expect(build).toThrow(expect.objectContaining({ code: "LSM_CORRUPT" }));
      else {
        const firsts = build().levels[level]!.map(({ smallest }) => smallest[0]!); // the level is there
        expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
      }
      // In level 0 keys may lie in several, and seqnos tell which is newer.
      const flushed = ranges.map((each, at) => ({ kind: "addTable", table: table(at + 1, 0, each, at + 1) }) as const);
      expect(
        Version.empty(4)
          .apply(flushed)
          .levels[0]!.map(({ maxSeqno }) => maxSeqno)[0],
      ).toBe(ranges.length);
      const twice = [...flushed, { kind: "addTable", table: table(99, 0, [0, 1], 1) } as const];
      expect(() => Version.empty(4).apply(twice)).toThrow(expect.objectContaining({ code: "LSM_CORRUPT" }));
    }),
    { numRuns: 200 },
  );
});

test("law 45: a log that is damaged where it was durable is refused as it is; only a torn end is cut off, and reported", async () => {
  const fs = new MemoryFs();
  const directory = new Directory(fs);
  const engine = await openEngine({ ...small, writeBufferBytes: 100_000, directory });
  for (let at = 0; at < 6; at++) await engine.put(bytes(`key ${at}`), bytes(`${at}`), { rung: "data" });
  const [{ name } = { name: "" }] = directory.list("wal").filter((each) => each.name.endsWith(".seg"));
  await engine.close();
  const whole = directory.readFile(`wal/${name}`);
  const image = fs.snapshot();
  const outcomes = new Set<string>();
  for (let at = 0; at < whole.length; at += 2) {
    const copy = new Directory(new MemoryFs({ image }));
    const damaged = Uint8Array.from(whole);
    damaged[at]! ^= 0x20;
    copy.writeFile(`wal/${name}`, damaged);
    const opened = await openEngine({ ...small, directory: copy }).catch((error: unknown) => error);
    if (opened instanceof LsmError) {
      expect(opened).toMatchObject({ code: expect.stringMatching(/^LSM_(CORRUPT|UNSUPPORTED)$/) });
      expect(opened.context.file).toMatch(/^wal/);
      expect(Buffer.compare(copy.readFile(`wal/${name}`), damaged)).toBe(0);
      outcomes.add("refused");
      continue;
    }
    // Damage behind the last durable record takes none of them.
    expect(contentOf(opened as Engine)).toEqual([0, 1, 2, 3, 4, 5].map((each) => `key ${each}=${each}`));
    await (opened as Engine).close();
    outcomes.add("opened");
  }
  expect(outcomes).toContain("refused");
  directory.writeFile(`wal/${name}`, Buffer.concat([whole, Buffer.alloc(33, 0xee)]));
  const torn = await openEngine({ ...small, directory });
  expect(torn.openReport.log.dropped).not.toEqual([]);
  expect(contentOf(torn)).toHaveLength(6);
  await torn.close();
});

test("law 66: on a simulated machine one seed makes one disk, and another seed the same content", async () => {
  const run = async (seed: number): Promise<{ files: string[]; content: string[] }> => {
    const fs = new SimFs({ seed });
    let found: { files: string[]; content: string[] } | undefined;
    fs.scheduler.spawn("program", async () => {
      const directory = new Directory(fs);
      const schedule = (action: () => void): (() => void) => {
        queueMicrotask(action);
        return () => {};
      };
      const engine = await openEngine({ ...small, tableBytes: 300, now: () => 0, schedule, directory });
      for (let at = 0; at < 40; at++) {
        const writes = [
          engine.put(bytes(`key ${at % 11}`), bytes(`${at}`.repeat(20)), { rung: at % 3 === 0 ? "data" : "os" }),
        ];
        if (at % 7 === 0) writes.push(engine.delete(bytes(`key ${at % 5}`)));
        await Promise.all(writes);
      }
      await engine.flush();
      await engine.compactRange();
      await engine.idle();
      const content = contentOf(engine);
      await engine.close();
      const files = ["wal", "manifest", "tables"].flatMap((name) =>
        directory
          .list(name)
          .filter(({ kind }) => kind === "file")
          .map(
            (each) => `${name}/${each.name} ${Buffer.from(directory.readFile(`${name}/${each.name}`)).toString("hex")}`,
          ),
      );
      found = { files, content };
    });
    await fs.scheduler.run();
    if (found === undefined) throw new Error("the program has not ended");
    return found;
  };
  const first = await run(1);
  expect(first.files.length).toBeGreaterThan(3);
  expect(await run(1)).toEqual(first);
  for (const seed of [2, 3]) expect((await run(seed)).content).toEqual(first.content);
});
