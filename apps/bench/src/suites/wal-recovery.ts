import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { openDirectory } from "@holdfast/fs-seam";
import { FrameEncoder, SEGMENT_HEADER_BYTES, encodeSegmentHeader, type SegmentHeader } from "@holdfast/segment-codec";
import { openWal } from "@holdfast/wal";
import { atMost, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleaveAsync, type AsyncContestant } from "../workload.js";
import { framedBytes, inDirectory, newRecord } from "./wal-workloads.js";

/** How long an open takes after a crash, with much and with little log before the tail. */
export const recoveryPart: Part = {
  name: "recovery",
  measure: ({ quick }) =>
    inDirectory(async (path) => [
      ...(await recovered(path, { id: "recovery/length", tailBytes: 16 * mebibyte }, quick ? 1 : 7, atMost(1.5))),
      ...(await recovered(path, { id: "recovery/short-tail", tailBytes: 64 * 1024 }, quick ? 1 : 7)),
    ]),
};

const mebibyte = 1024 * 1024;
const segmentBytes = 64 * mebibyte;

async function recovered(
  path: string,
  { id, tailBytes }: { readonly id: string; readonly tailBytes: number },
  rounds: number,
  bar?: ReturnType<typeof atMost>,
): Promise<Row[]> {
  const [long, short] = await interleaveAsync(
    [crashedLog("behind 8 GiB", path, 127, tailBytes), crashedLog("behind 64 MiB", path, 1, tailBytes)],
    { rounds, warmUps: 1 },
  );
  if (long === undefined || short === undefined) return [];
  const tail = tailBytes >= mebibyte ? `${tailBytes / mebibyte} MiB` : `${tailBytes / 1024} KiB`;
  const workload = `open after a crash, ${tail} in the last segment, behind 8 GiB of log and behind 64 MiB`;
  const note = "the sealed segments are a header and a hole: an open reads no more of them.";
  const judge = { of: "time", unit: "time", ...(bar === undefined ? {} : { bar }) } as const;
  return [compare({ id, workload, note }, long, short, judge)];
}

function crashedLog(name: string, path: string, sealed: number, tailBytes: number): AsyncContestant {
  const tail = new Tail(sealed, tailBytes);
  return {
    name,
    operations: 1,
    async prepare() {
      const own = mkdtempSync(join(path, "log-"));
      for (let segmentId = 1; segmentId <= sealed; segmentId += 1) writeSealed(own, segmentId);
      writeFile(own, tail.header, tail.bytes, tail.bytes.length);
      const directory = openDirectory(own);
      let log: Awaited<ReturnType<typeof openWal>> | undefined;
      return {
        async run() {
          log = await openWal({ directory });
          if (log.lastLsn !== tail.lastLsn) throw new Error(`recovered up to ${log.lastLsn}, not ${tail.lastLsn}`);
        },
        async dispose() {
          await log?.close();
          rmSync(own, { recursive: true });
        },
      };
    },
  };
}

const recordsPerSegment = Math.floor((segmentBytes - SEGMENT_HEADER_BYTES) / framedBytes);

function headerOf(segmentId: number, target: Uint8Array): SegmentHeader {
  const baseLsn = 1 + (segmentId - 1) * recordsPerSegment;
  const identity = { logId: newRecord(16), segmentId, nonce: segmentId * 7919, epoch: 1, content: 1 };
  const chain = segmentId === 1 ? 0 : segmentId * 104_729;
  return encodeSegmentHeader(
    { ...identity, baseLsn, durableLsn: baseLsn - 1, previousChain: chain, hash: "none" },
    target,
  );
}

function writeSealed(directory: string, segmentId: number): void {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  writeFile(directory, headerOf(segmentId, bytes), bytes, segmentBytes);
}

function writeFile(directory: string, { segmentId, nonce }: SegmentHeader, bytes: Uint8Array, size: number): void {
  const name = `${String(segmentId).padStart(20, "0")}-${nonce.toString(16).padStart(8, "0")}.seg`;
  const fd = openSync(join(directory, name), "wx");
  writeSync(fd, bytes, 0, bytes.length, 0);
  ftruncateSync(fd, size);
  closeSync(fd);
}

/** Records that were synced by the hundred, the last one torn, and zeros that were never written. */
class Tail {
  readonly header: SegmentHeader;
  readonly bytes: Uint8Array;
  readonly lastLsn: number;

  constructor(sealed: number, tailBytes: number) {
    this.bytes = new Uint8Array(tailBytes + mebibyte);
    this.header = headerOf(sealed + 1, this.bytes);
    const frames = new FrameEncoder(this.header);
    const meta = { kind: 1, flags: 0, span: 1 };
    let at = SEGMENT_HEADER_BYTES;
    while (at + framedBytes <= tailBytes) {
      if (frames.nextLsn % 100 === 0) frames.durableLsn = frames.nextLsn - 1;
      at = frames.append(this.bytes, at, newRecord(), meta);
    }
    this.bytes.fill(0, at - 64, at);
    this.lastLsn = frames.nextLsn - 2; // without the torn one
  }
}
