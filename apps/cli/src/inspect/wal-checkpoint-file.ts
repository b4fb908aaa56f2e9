import { SEGMENT_HEADER_BYTES, inspectSegmentHeader } from "@holdfast/segment-codec";
import { decodeCheckpoint, parseCheckpointFileName } from "@holdfast/wal/files";
import type { FileFormat } from "./file-format.js";
import { damage } from "./line.js";
import { headerLine, segmentFormat } from "./segment-file.js";
import { WalDirectory } from "./wal-directory.js";

const maxPayloadBytes = 2 ** 28;

/** Checkpoint files of a log of ours, known by their names: docs/formats/wal.md. */
export const walCheckpointFormat: FileFormat = {
  recognise: (_, name) => parseCheckpointFileName(name) !== undefined,

  isHeader: () => false,

  *lines(file) {
    const { name, head, source, folder } = file;
    const outcome = inspectSegmentHeader(head);
    if (outcome.kind !== "segment") {
      // One is renamed into place, so no crash leaves a part of it.
      if (outcome.kind === "unsupported" || outcome.kind === "malformed") yield* segmentFormat.lines(file);
      else {
        const all = { offset: 0, endOffset: source.sizeBytes };
        yield damage("corrupt", all, "CODEC_CHECKSUM_MISMATCH", `the header of the checkpoint is ${outcome.kind}`);
      }
      return;
    }
    const { header } = outcome;
    const lsn = parseCheckpointFileName(name);
    const log = WalDirectory.of(folder);
    const range = { offset: 0, endOffset: SEGMENT_HEADER_BYTES };
    if (header.durableLsn !== lsn) {
      const reason = `the header is that of a checkpoint of LSN ${header.durableLsn}: the file was copied or renamed`;
      yield damage("corrupt", range, "INSPECT_MISNAMED", reason);
    } else if (log.logId === undefined) {
      yield damage("corrupt", range, "INSPECT_LOG_MISSING", "no segment of its log lies beside it");
    } else if (Buffer.compare(log.logId, header.logId) !== 0) {
      yield damage("corrupt", range, "INSPECT_OTHER_LOG", "of another log than the segments beside it");
    }
    yield headerLine(header);
    const place = { offset: SEGMENT_HEADER_BYTES, length: source.sizeBytes - SEGMENT_HEADER_BYTES };
    const decoded = decodeCheckpoint(source, header.logId, maxPayloadBytes);
    const sound = decoded.kind === "checkpoint";
    if (!sound) {
      const rest = { offset: SEGMENT_HEADER_BYTES, endOffset: source.sizeBytes };
      yield damage("corrupt", rest, "INSPECT_CHECKPOINT_DAMAGED", decoded.why);
    }
    const payload = sound ? { payload: decoded.payload } : {};
    yield {
      kind: "checkpoint",
      ...place,
      fields: { format: "HFSG", lastAppliedId: BigInt(header.baseLsn - 1), ...payload, sound },
    };
  },
};
