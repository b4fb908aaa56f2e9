import type { Directory } from "@holdfast/fs-seam";
import type { CrashMatrixOptions } from "@holdfast/crash-test";
import { openWal, type RecoveryReport, type WalOptions } from "../src/index.js";

/** The law of a log, as options of a crash matrix: a prefix of what was appended, with all that was acknowledged. */

export interface Recovered {
  readonly firstLsn: number;
  readonly records: readonly string[];
  readonly again: readonly string[];
  readonly report: RecoveryReport;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Opens, reads everything, appends one record that is synced, closes, and opens and reads once more. */
export async function recoverAndAppend(
  directory: Directory,
  options: Partial<WalOptions> = {},
  extra = "after",
): Promise<Recovered> {
  const log = await openWal({ directory, ...options });
  const records = [...log.read()].map(({ payload }) => decoder.decode(payload));
  const { firstLsn, report } = log;
  await log.appendDurable(bytesOf(extra));
  await log.close();
  const second = await openWal({ directory, ...options });
  const again = [...second.read()].map(({ payload }) => decoder.decode(payload));
  await second.close();
  return { firstLsn, records, again, report };
}

/**
 * Throws unless the records are those from `firstLsn` on of `history` (LSN 1 first), up to some point not before the last one
 * acknowledged. Records that recoveries appended may follow.
 */
export function demandLaw(
  recovered: Recovered,
  history: readonly string[],
  { acks }: Parameters<CrashMatrixOptions<Recovered>["check"]>[1],
  extra = "after",
): void {
  const { firstLsn, records, again } = recovered;
  const own = records.filter((record) => record !== extra);
  if (records.slice(0, own.length).includes(extra)) {
    throw new Error(`a record of before follows one of after: ${records.join()}`);
  }
  own.forEach((record, index) => {
    const wanted = history[firstLsn - 1 + index];
    if (record !== wanted) throw new Error(`LSN ${firstLsn + index} is ${record}, not ${wanted}`);
  });
  const acked = Math.max(0, ...acks.map(({ data }) => Number(data)));
  const lastLsn = firstLsn - 1 + own.length;
  if (lastLsn < acked) throw new Error(`LSN ${acked} was acknowledged, ${lastLsn} is the last`);
  if (JSON.stringify(again) !== JSON.stringify([...records, extra])) {
    throw new Error(`the second open reads ${again.join()}, the first read ${records.join()}`);
  }
}
