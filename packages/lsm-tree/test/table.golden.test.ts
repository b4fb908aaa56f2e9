// Tables byte for byte, against what another program made of docs/formats/table.md.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { verifyTable } from "../src/format-entry.js";
import { backward, forward, type Entry } from "./support/entries.js";
import { buildTable, hashOf, openTable } from "./support/tables.js";

interface Golden {
  readonly vectors: readonly {
    readonly name: string;
    readonly options: object;
    readonly isCompressed: boolean;
    readonly entries: readonly { readonly key: string; readonly seqno: number; readonly value: string | null }[];
    readonly chain: number;
    readonly file: string;
  }[];
}

const golden = JSON.parse(readFileSync(new URL("golden/table.json", import.meta.url), "utf8")) as Golden; // recorded
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, "hex"));

test.each(golden.vectors)("$name", ({ options, isCompressed, entries, chain, file }) => {
  const listed = entries.map(({ key, seqno, value }): Entry => ({
    key: bytesOf(key),
    seqno,
    value: value === null ? undefined : bytesOf(value),
  }));
  const table = openTable(bytesOf(file), { chain });
  verifyTable(table);
  expect(forward(table.cursor())).toEqual(listed);
  expect(backward(table.cursor())).toEqual(listed.toReversed());
  for (const { key, seqno } of listed) expect(table.find(key, hashOf(key), seqno)?.seqno).toBe(seqno);
  if (isCompressed) return;
  const built = buildTable(listed, { ...options, codec: null });
  expect(Buffer.from(built.bytes).toString("hex")).toBe(file);
  expect(built.summary.chain).toBe(chain);
});
