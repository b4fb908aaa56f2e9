import { Prng, streamSeed } from "@holdfast/fs-seam/fault";

/**
 * The records that the tour's child process appends: the number of the record, and text that follows from number and seed, so that
 * whoever reads a log knows every byte that should be there. `--keep` leaves something that a person can read.
 */

/** The bytes of record `number` under `seed`, some 25 to 250 of them. */
export function numberedRecord(number: number, seed: number): Uint8Array {
  const choices = new Prng(streamSeed(seed, `record ${number}`));
  const words = 3 + choices.below(28);
  const text = Array.from({ length: words }, () => choices.nextU32().toString(16).padStart(8, "0")).join("");
  return Buffer.from(`${number} ${text}`, "latin1");
}

/** What is wrong with a log that should hold records 1 to n of this seed, in order; and n. */
export interface RecordCheck {
  /** Records 1 to this number are there, byte for byte. */
  readonly count: number;
  /** Undefined when nothing else is there. */
  readonly fault: string | undefined;
}

/** Compares every record of a log with what was appended there. */
export function checkRecords(
  records: Iterable<{ readonly lsn: number; readonly payload: Uint8Array }>,
  seed: number,
): RecordCheck {
  let count = 0;
  for (const { lsn, payload } of records) {
    const due = count + 1;
    if (lsn !== due) return { count, fault: `LSN ${lsn} where ${due} is due` };
    if (Buffer.compare(payload, numberedRecord(due, seed)) !== 0) {
      return { count, fault: `the record of LSN ${due} is another than was appended` };
    }
    count = due;
  }
  return { count, fault: undefined };
}
