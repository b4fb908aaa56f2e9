import type { Trace } from "./crash-choice.js";
import type { BarrierRecord, DataEffect, LogRecord } from "./effects.js";
import { Digest } from "./sim-digest.js";

/**
 * Identity of a recorded run: 64 bits over every record in order, as 16 hexadecimal digits. Two runs of one program with
 * one seed have one hash, on every machine and every Node version; the tree a run started from and the places in the
 * source its calls came from do not count. What travels with a mark counts by its JSON form.
 */
export function traceHash(trace: Pick<Trace, "records">): string {
  const digest = new Digest();
  for (const record of trace.records) addRecord(digest, record);
  return digest.hex();
}

function addRecord(digest: Digest, record: LogRecord): void {
  digest.text(record.kind);
  switch (record.kind) {
    case "data":
      addData(digest, record);
      return;
    case "size":
      digest.count(record.ino).count(record.from).count(record.to);
      return;
    case "link":
    case "unlink":
      digest.count(record.directory).text(record.name).count(record.ino).text(record.inodeKind);
      digest.count(record.group).text(record.rename);
      return;
    case "barrier":
      addBarrier(digest, record);
      return;
    case "mark":
      digest.text(record.label).text(jsonOf(record.data));
      return;
    case "writeback":
      addCounts(digest, record.effects);
      return;
    case "media":
      digest.count(record.ino).count(record.offset).count(record.bit);
      return;
  }
}

function addData(digest: Digest, record: DataEffect): void {
  const { bytes, shift, start, end, strayTo } = record;
  digest.count(record.ino).count(record.page).count(start).count(end);
  digest
    .count(record.lost ? 1 : 0)
    .count(strayTo === undefined ? 0 : strayTo.ino)
    .count(strayTo?.page ?? 0);
  digest.count(bytes === undefined ? 0 : 1); // zeros without bytes, or bytes that follow
  if (bytes !== undefined) digest.bytes(bytes, shift, shift + end - start);
}

function addBarrier(digest: Digest, record: BarrierRecord): void {
  digest.text(record.scope).count(record.ino).text(record.rung).count(record.covers).text(record.outcome);
  addCounts(digest, record.lost);
  digest.text(record.aftermath ?? "");
}

function addCounts(digest: Digest, counts: readonly number[]): void {
  digest.count(counts.length);
  for (const count of counts) digest.count(count);
}

function jsonOf(value: unknown): string {
  const text: string | undefined = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "bigint" ? `${part}n` : part,
  );
  return text ?? "";
}
