import { readExactly } from "@holdfast/segment-codec";
import { inspectRow, sha256, type RowInspection } from "@holdfast/store/format";
import type { FileFormat } from "./file-format.js";
import { damage, type Line } from "./line.js";
import { hexOf } from "./line-json.js";
import { StoredJson } from "./stored-json.js";

/** Rows of projections, as `directoryCache` keeps them: docs/formats/store.md. */

const magic = Buffer.from("HFPR", "latin1");
const namePattern = /^[0-9a-f]{64}\.row$/;
/** What a cache holds by default, all rows together. */
const maxRowBytes = 2 ** 28;

export const projectionRowFormat: FileFormat = {
  recognise: (head, name) => namePattern.test(name) || magic.equals(head.subarray(0, magic.length)),

  isHeader: () => false,

  *lines({ name, source }) {
    const all = { offset: 0, endOffset: source.sizeBytes };
    if (source.sizeBytes > maxRowBytes) {
      yield damage("unreadable", all, "INSPECT_TOO_LARGE", "a row above 256 MiB is not looked at");
      return;
    }
    const bytes = new Uint8Array(source.sizeBytes);
    readExactly(source, bytes, 0);
    const found = inspectRow(bytes);
    if (found.kind === "row") {
      const expected = nameOf(found);
      if (namePattern.test(name) && name !== expected) {
        yield damage("corrupt", all, "INSPECT_MISNAMED", `the row of another key, which is called ${expected}`);
      }
      yield rowLine(found, source.sizeBytes);
    } else if (found.kind === "unsupported") {
      yield damage(
        "unreadable",
        all,
        "STORE_UNSUPPORTED",
        `a sound digest over what is not known here, at ${found.offset}`,
      );
    } else {
      // It is written without a barrier, so that a power loss leaves any part of it.
      const reason = `at ${found.offset}, it ${found.why}: no row of a projection`;
      yield damage(found.isSealed ? "corrupt" : "torn", all, "STORE_CORRUPT", reason);
    }
  },
};

type Row = Extract<RowInspection, { readonly kind: "row" }>;

function rowLine({ version, logId, identity, facts, state }: Row, length: number): Line {
  const fields = {
    ...{ format: "HFPR", version, logId, identity: new TextDecoder().decode(identity) },
    ...{ sequence: BigInt(facts.sequence), eventHash: facts.hash, revision: BigInt(facts.revision) },
    ...{ lookedMs: BigInt(facts.lookedMs), complete: facts.isComplete, data: new StoredJson(state), state },
  };
  return { kind: "projection-row", offset: 0, length, fields };
}

/** Of the file, by the key of its row. */
function nameOf({ logId, identity }: Row): string {
  const key = Buffer.concat([Buffer.from(`${hexOf(logId)}/`, "latin1"), identity]);
  return `${hexOf(sha256.hash(key))}.row`;
}
