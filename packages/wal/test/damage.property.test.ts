// Directories made of a sound log by whoever has no idea: flipped, cut, doubled and spliced files, files gone and swapped. Whatever
// is read is records of that log under their own LSNs, in every mode; everything else is an error with a code.
//
// FC_NUM_RUNS=20000 FC_SEED=1 tries so many.
import { Directory, isFsError } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { CodecError } from "@holdfast/segment-codec";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openWal, openWalReader, WalError } from "../src/index.js";
import { bytesOf, copyOf, listed, small, textsOf } from "./log-law.js";

const history = Array.from({ length: 8 }, (_, index) => `record ${index} `.padEnd(30 + index, "."));

async function soundLog(): Promise<ReturnType<MemoryFs["snapshot"]>> {
  const fs = new MemoryFs();
  const options = { directory: new Directory(fs), ...small, segmentBytes: 320, preallocateBytes: 128 };
  const log = await openWal(options);
  for (const record of history.slice(0, 5)) await log.appendDurable(bytesOf(record));
  await log.checkpoint(bytesOf("state"), { lsn: 3 });
  await log.close();
  const again = await openWal(options);
  again.appendBatch(history.slice(5, 7).map(bytesOf));
  await again.sync();
  again.append(bytesOf(history[7] as string));
  again.write();
  return fs.snapshot();
}

type Damage = (directory: Directory, files: readonly string[]) => void;

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function edit(
  files: readonly string[],
  which: number,
  directory: Directory,
  change: (bytes: Uint8Array) => Uint8Array,
): void {
  const file = files[Math.floor(which * files.length)] as string; // which is below 1
  if (!directory.exists(file)) return;
  const bytes = change(directory.readFile(file));
  directory.remove(file);
  directory.writeFile(file, bytes);
}

const at = (share: number, bytes: Uint8Array): number => Math.floor(share * bytes.length);

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(place, place, fc.nat(7)).map(
    ([which, where, bit]): Damage =>
      (directory, files) =>
        edit(files, which, directory, (bytes) => {
          const index = at(where, bytes);
          if (index < bytes.length) bytes[index] = (bytes[index] as number) ^ (1 << bit);
          return bytes;
        }),
  ),
  fc.tuple(place, place).map(
    ([which, where]): Damage =>
      (directory, files) =>
        edit(files, which, directory, (bytes) => bytes.slice(0, at(where, bytes))),
  ),
  fc.tuple(place, place, fc.uint8Array({ maxLength: 200 })).map(
    ([which, where, more]): Damage =>
      (directory, files) =>
        edit(files, which, directory, (bytes) => {
          const cut = at(where, bytes) & ~7;
          return Uint8Array.from([...bytes.slice(0, cut), ...more, ...bytes.slice(cut)]);
        }),
  ),
  fc.tuple(place, place, place, place).map(([from, to, start, end]): Damage => (directory, files) => {
    const source = files[Math.floor(from * files.length)] as string; // from is below 1
    if (!directory.exists(source)) return;
    const taken = directory.readFile(source);
    const part = taken.slice(at(start, taken) & ~7);
    edit(files, to, directory, (bytes) => {
      const cut = at(end, bytes) & ~7;
      return Uint8Array.from([...bytes.slice(0, cut), ...part, ...bytes.slice(cut + part.length)]);
    });
  }),
  place.map(
    (which): Damage =>
      (directory, files) =>
        void directory.removeIfPresent(files[Math.floor(which * files.length)] as string), // which is below 1
  ),
  fc.uint8Array({ maxLength: 300 }).map(
    (bytes): Damage =>
      (directory) =>
        directory.writeFile("00000000000000000007-00000001.seg", bytes),
  ),
);

const isCoded = (error: unknown): boolean =>
  error instanceof WalError || error instanceof CodecError || isFsError(error);

/** What `action` returns, or `otherwise` when it is refused with a code; every other error is thrown. */
async function orRefused<T>(action: () => T | Promise<T>, otherwise: T): Promise<T>;
async function orRefused<T>(action: () => T | Promise<T>, otherwise: undefined): Promise<T | undefined>;
async function orRefused<T>(action: () => T | Promise<T>, otherwise: T | undefined): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (!isCoded(error)) throw error;
    return otherwise;
  }
}

async function demandNoLies(tree: Awaited<ReturnType<typeof soundLog>>, damages: readonly Damage[]): Promise<void> {
  const all = listed(history);
  const demandRecords = (records: readonly string[]): void => {
    // In salvage, what was appended behind a cut may have other LSNs only if somebody appends; nobody does here.
    const first = all.indexOf(records[0] ?? "");
    expect(records).toEqual(records.length === 0 ? [] : all.slice(first, first + records.length));
  };
  const damaged = copyOf(tree);
  const files = damaged
    .list()
    .map(({ name }) => name)
    .filter((name) => /seg|ckpt/.test(name));
  for (const each of damages) each(damaged, files);
  const image = (damaged.fs as MemoryFs).snapshot();
  for (const mode of ["reader", "strict", "recover", "salvage"] as const) {
    const directory = copyOf(image);
    if (mode === "reader") {
      demandRecords(await orRefused(() => textsOf(openWalReader({ directory })), []));
      continue;
    }
    const log = await orRefused(() => openWal({ directory, ...small, mode }), undefined);
    if (log === undefined) continue;
    const records = await orRefused(() => textsOf(log), undefined); // damage in a sealed segment shows when it is read
    demandRecords(records ?? []);
    await orRefused(() => log.latestCheckpoint(), undefined);
    // What was opened once opens again, with the same records and one more.
    await log.appendDurable(bytesOf("more"));
    await log.close();
    const again = await openWal({ directory, ...small });
    const later = await orRefused(() => textsOf(again), undefined);
    expect(later).toEqual(records === undefined ? undefined : [...records, `${again.lastLsn}:more`]);
    await again.close();
  }
}

test("no damage makes records, and every refusal has a code", async () => {
  const tree = await soundLog();
  await demandNoLies(tree, []);
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 4 }), (damages) => demandNoLies(tree, damages)),
    { numRuns: Number(process.env["FC_NUM_RUNS"] ?? 400), seed: Number(process.env["FC_SEED"] ?? 20) },
  );
});
