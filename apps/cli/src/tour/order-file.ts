import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "csv-parse/sync";

/** Orders as a shop exports them: a CSV file with a line of names in front. The one file that knows csv-parse. */

/** One row of the file. */
export interface Order {
  /** Of its column, where every row has one of its own; else the number of the row. */
  readonly id: string;
  readonly customer: string;
  readonly status: string;
  readonly amountCents: number;
  /** Everything that is in the row, by the names of the columns. */
  readonly fields: Readonly<Record<string, string>>;
}

/** Of a longer file the tour takes so many rows: it shows something, and is no import. */
const mostOrders = 20_000;

/**
 * The orders in a file, in UTF-8 with or without a mark in front: quotes, commas and line breaks in fields as RFC 4180 has them.
 *
 * @throws where a row has more or fewer fields than the first line, or quotes stand where they cannot.
 */
export function parseOrders(bytes: Uint8Array): Order[] {
  const rows: Record<string, string>[] = parse(Buffer.from(bytes), {
    bom: true,
    columns: true,
    skip_empty_lines: true,
    to: mostOrders,
  });
  const names = Object.keys(rows[0] ?? {});
  const column = (pattern: RegExp): string => names.find((name) => pattern.test(name.trim())) ?? "";
  const customer = column(/^(customer|client|buyer)([ _-]?name)?$/i);
  const status = column(/^(order[ _-]?)?(status|state)$/i);
  const amount = column(/^(order[ _-]?)?(amount|total|price|sum)$/i);
  const ids = idsOf(rows, column(/^(order[ _-]?)?(id|no|number)$/i));
  return rows.map((fields, index) => ({
    id: ids[index] ?? "",
    customer: fields[customer] ?? "",
    status: fields[status] ?? "",
    amountCents: centsOf(fields[amount]),
    fields,
  }));
}

function idsOf(rows: readonly Record<string, string>[], column: string): string[] {
  const ids = rows.map((fields) => fields[column] ?? "");
  const isFit = new Set(ids).size === ids.length && ids.every((id) => /^[\p{L}\p{N}\p{P}\p{S} ]{1,200}$/u.test(id));
  return isFit ? ids : rows.map((_, index) => `row ${index + 1}`);
}

/** Whole cents, so that sums are exact; what is no number counts for nothing. */
function centsOf(text = ""): number {
  const cents = Math.round(Number(text) * 100);
  return Number.isSafeInteger(cents) ? cents : 0;
}

/** The tour's own file: 1,500 orders of a shop that does not exist. */
export function bundledOrders(): Uint8Array {
  const places = ["../data/orders.csv", "../../data/orders.csv"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return readFileSync(places.find((path) => existsSync(path)) ?? (places[0] as string)); // a list of two
}
