/** Names of table files, formatted and parsed here alone: the table's number in decimal digits, and `.sst`. */

const pattern = /^([1-9]\d{0,15})\.sst$/;

/** Name of a table's file in `tables/`. */
export function formatTableFileName(tableNumber: number): string {
  return `${tableNumber}.sst`;
}

/** The number in a table file's name; undefined for every other name. One number has one spelling. */
export function parseTableFileName(name: string): number | undefined {
  const tableNumber = Number(pattern.exec(name)?.[1]);
  return Number.isSafeInteger(tableNumber) ? tableNumber : undefined;
}
