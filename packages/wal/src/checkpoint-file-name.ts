/** Names of checkpoint files, formatted and parsed here alone: twenty decimal digits of the LSN that is covered, `.ckpt`. */

const pattern = /^(\d{20})\.ckpt$/;

/** Name of the file that holds the checkpoint up to `lsn`, in the log's directory. */
export function formatCheckpointFileName(lsn: number): string {
  return `${String(lsn).padStart(20, "0")}.ckpt`;
}

/** The LSN in a checkpoint's file name, or undefined for every other name. */
export function parseCheckpointFileName(name: string): number | undefined {
  const lsn = Number(pattern.exec(name)?.[1] ?? Number.NaN);
  return Number.isSafeInteger(lsn) ? lsn : undefined;
}
