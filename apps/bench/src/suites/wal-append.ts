import { FrameEncoder, encodeSegmentHeader } from "@holdfast/segment-codec";
import { atLeast, compare, type Row } from "../row.js";
import type { Part } from "../suite.js";
import { interleaveAsync, type AsyncContestant } from "../workload.js";
import { BareFile, bufferBytes, framedBytes, inDirectory, newLog, newRecord, recordBytes } from "./wal-workloads.js";

/** What an append costs that nobody waits for: bytes into the buffer, the full buffer to the system. */
export const appendPart: Part = {
  name: "append",
  measure: ({ quick }) =>
    inDirectory(async (path) => {
      const count = quick ? 50_000 : 500_000; // 64 MB, so that the price of fresh pages of the cache is in it
      const [ours, copying, encoding] = await interleaveAsync(
        [logAppend(path, count), bareAppend(path, count), encoder(count)],
        { rounds: quick ? 2 : 5 },
      );
      if (ours === undefined || copying === undefined || encoding === undefined) return [];
      return appendRows(ours, copying, encoding);
    }),
};

type Timings = Parameters<typeof compare>[1];

function appendRows(ours: Timings, copying: Timings, encoding: Timings): Row[] {
  const workload = "128 B append, buffered, a write each 64 KiB";
  return [
    compare({ id: "append/buffered", workload }, ours, copying, { of: "speed", bar: atLeast(0.35) }),
    compare({ id: "append/encoding", workload: "the same, against its frames alone" }, ours, encoding, {
      of: "speed",
      bar: atLeast(0.5),
    }),
  ];
}

function logAppend(path: string, operations: number): AsyncContestant {
  const record = newRecord();
  return {
    name: "wal",
    operations,
    async prepare() {
      const { log, dispose } = await newLog(path);
      return {
        run() {
          for (let count = 0; count < operations; count += 1) log.append(record);
          log.write();
        },
        dispose,
      };
    },
  };
}

/** Copies the bytes of each record into a buffer and writes it when it is full. */
function bareAppend(path: string, operations: number): AsyncContestant {
  const record = newRecord();
  const buffer = new Uint8Array(bufferBytes);
  return {
    name: "copy and write",
    operations,
    async prepare() {
      const file = new BareFile(path, 0);
      return {
        run() {
          let filled = 0;
          for (let count = 0; count < operations; count += 1) {
            if (filled + recordBytes > buffer.length) {
              file.write(buffer, filled);
              filled = 0;
            }
            buffer.set(record, filled);
            filled += recordBytes;
          }
          file.write(buffer, filled);
        },
        dispose: () => file.dispose(),
      };
    },
  };
}

/** The frames of the same records into the same buffer, over and over, and no file. */
function encoder(operations: number): AsyncContestant {
  const record = newRecord();
  const buffer = new Uint8Array(bufferBytes);
  const meta = { kind: 1, flags: 0, span: 1 };
  const identity = { logId: newRecord(16), segmentId: 1, nonce: 7, epoch: 1, content: 1, hash: "none" } as const;
  return {
    name: "FrameEncoder",
    operations,
    async prepare() {
      const header = encodeSegmentHeader({ ...identity, baseLsn: 1, durableLsn: 0, previousChain: 0 }, buffer);
      const frames = new FrameEncoder(header);
      return {
        run() {
          let at = 0;
          for (let count = 0; count < operations; count += 1) {
            if (at + framedBytes > buffer.length) at = 0;
            at = frames.append(buffer, at, record, meta);
          }
        },
      };
    },
  };
}
