// Headers and frames whose checksums are right and whose values are not: of a later version, or such as no encoder writes. Never
// taken for the torn tail of a crash.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { crc32, SEGMENT_HEADER_BYTES } from "@holdfast/segment-codec";
import { expect, test } from "vitest";
import { openWal, openWalReader } from "../src/index.js";
import { bytesOf, copyOf, small } from "./log-law.js";

const FRAME_HEADER_BYTES = 32;

/** Two segments of one record each, the second not synced, and the last of them edited. */
async function edited(edit: (bytes: Uint8Array, view: DataView) => void): Promise<Directory> {
  const memory = new MemoryFs();
  const log = await openWal({ directory: new Directory(memory), ...small, segmentBytes: 128 });
  await log.appendDurable(bytesOf("one".padEnd(60, ".")));
  log.append(bytesOf("two".padEnd(60, ".")));
  log.write();
  const directory = copyOf(memory.snapshot());
  const file = directory
    .list()
    .map(({ name }) => name)
    .filter((name) => name.endsWith(".seg"))
    .at(-1) as string; // there are two
  const bytes = directory.readFile(file);
  edit(bytes, new DataView(bytes.buffer));
  directory.writeFile(file, bytes);
  return directory;
}

/** Puts the checksum of a segment header right. */
function seal(bytes: Uint8Array, view: DataView): void {
  view.setUint32(60, crc32(bytes.subarray(0, 60)), true);
}

test.each([
  ["a header of a later version", "WAL_UNSUPPORTED", (bytes: Uint8Array): void => void (bytes[4] = 9)],
  ["a header with an unknown hash", "WAL_UNSUPPORTED", (bytes: Uint8Array): void => void (bytes[6] = 9)],
  ["a header without content", "WAL_CORRUPT", (bytes: Uint8Array): void => void (bytes[7] = 0)],
] as const)("%s is refused in every mode, and by a reader", async (_, code, change) => {
  const directory = await edited((bytes, view) => {
    change(bytes);
    seal(bytes, view);
  });
  const before = (directory.fs as MemoryFs).snapshot();
  for (const mode of ["strict", "recover", "salvage"] as const) {
    await expect(openWal({ directory: copyOf(before), ...small, mode })).rejects.toMatchObject({ code });
  }
  expect(() => openWalReader({ directory })).toThrowError(expect.objectContaining({ code }));
});

test("a frame with bytes in its padding, under a sound checksum, is damage and not a tear", async () => {
  const directory = await edited((bytes, view) => {
    const end = bytes.length;
    bytes[end - 1] = 1;
    // The first frame's chain continues the checksum of its segment's header.
    const chain = crc32(bytes, SEGMENT_HEADER_BYTES + 28, end, view.getUint32(60, true));
    view.setUint32(SEGMENT_HEADER_BYTES, chain, true);
    expect(end).toBe(SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES + 64);
  });
  await expect(openWal({ directory, ...small })).rejects.toMatchObject({ code: "WAL_CORRUPT" });
  expect(() => openWalReader({ directory })).toThrowError(expect.objectContaining({ code: "WAL_CORRUPT" }));
});
