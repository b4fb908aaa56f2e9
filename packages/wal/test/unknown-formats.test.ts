// Headers and frames whose checksums are right and whose values are not: of a later version, or such as no encoder writes. Never
// taken for the torn tail of a crash.
import { Directory } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { crc32, encodeSegmentHeader, FrameEncoder, frameKinds, SEGMENT_HEADER_BYTES } from "@holdfast/segment-codec";
import { expect, test } from "vitest";
import { encodeCheckpoint, formatCheckpointFileName, formatSegmentFileName } from "../src/files-entry.js";
import { openWal, openWalReader } from "../src/index.js";
import { bytesOf, copyOf, readInEveryMode, small } from "./log-law.js";

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

test("a segment that begins with a statement, and a checkpoint inside the batch behind it: an open goes on from before both", async () => {
  const memory = new MemoryFs();
  const first = await openWal({ directory: new Directory(memory), ...small });
  await first.appendDurable(bytesOf("one"));
  const directory = copyOf(memory.snapshot());
  const [before] = openWalReader({ directory }).segments();
  if (before === undefined) throw new Error("a log has a segment");
  const { endChain: previousChain, header } = before;
  const { logId, epoch, content, hash } = header;
  const place = { segmentId: 2, nonce: 7, baseLsn: 2, durableLsn: 1, previousChain };
  const identity = { logId, epoch, content, hash, ...place };
  const bytes = new Uint8Array(1024);
  const encoder = new FrameEncoder(encodeSegmentHeader(identity, bytes));
  const statement = { kind: frameKinds.watermark, flags: 0, span: 0 };
  let end = encoder.append(bytes, SEGMENT_HEADER_BYTES, new Uint8Array(), statement);
  const batch = Uint8Array.of(3, 0, 0, 0, ...bytesOf("two"), 5, 0, 0, 0, ...bytesOf("three"));
  end = encoder.append(bytes, end, batch, { kind: frameKinds.batch, flags: 0, span: 2 });
  directory.writeFile(formatSegmentFileName(place), bytes.subarray(0, end));
  const checkpoint = encodeCheckpoint({ logId, lsn: 2, nonce: 8, content: 1 }, bytesOf("state"));
  directory.writeFile(formatCheckpointFileName(2), checkpoint);
  const records = ["1:one", "2:two", "3:three"];
  expect(await readInEveryMode((directory.fs as MemoryFs).snapshot(), small)).toEqual(records);
  const log = await openWal({ directory, ...small });
  expect(log.report).toMatchObject({ provenLsn: 2, rewrittenRecords: 2, segmentCount: 2 });
  await log.close();
  expect(await readInEveryMode((directory.fs as MemoryFs).snapshot(), small)).toEqual(records);
  await first.close();
});
