import { ACCELERATOR_FILE, commonCount, walkAccelerator, type AcceleratorPart } from "@holdfast/store/format";
import type { FileFormat, Folder } from "./file-format.js";
import { damage, type Line } from "./line.js";
import { WalDirectory } from "./wal-directory.js";

/** The index of a store in one file, which an open counts on as far as it is of the log beside it: docs/formats/store.md. */

const magic = Buffer.from("HFINDEX", "latin1");

export const acceleratorFormat: FileFormat = {
  recognise: (head, name) => name === ACCELERATOR_FILE || magic.equals(head.subarray(0, magic.length)),

  isHeader: () => false,

  *lines({ source, folder }) {
    const use = new AcceleratorUse();
    for (const part of walkAccelerator(source)) use.take(part);
    const damaged = use.end;
    for (const part of walkAccelerator(source)) {
      switch (part.kind) {
        case "header":
          yield headerLine(part, damaged === undefined ? use.of(folder) : { usedSegments: 0, reason: damaged.why });
          break;
        case "block":
          yield* blockLines(part);
          break;
        default: {
          const verdict = part.kind === "damaged" ? "corrupt" : "unreadable";
          const range = { offset: part.offset, endOffset: source.sizeBytes };
          const code = part.kind === "damaged" ? "STORE_CORRUPT" : "STORE_UNSUPPORTED";
          yield damage(verdict, range, code, `the accelerator counts for nothing: ${part.why}`);
        }
      }
    }
  },
};

type Header = Extract<AcceleratorPart, { readonly kind: "header" }>;
type Block = Extract<AcceleratorPart, { readonly kind: "block" }>;

/** For how many of its segments an open counts on it, and why for no more. */
interface Use {
  /** Null where no log lies beside it. */
  readonly usedSegments: number | null;
  readonly reason: string | null;
}

class AcceleratorUse {
  /** Where the file ceases to be one. */
  end: { readonly why: string } | undefined = undefined;
  #header: Header | undefined = undefined;
  readonly #segments: Block["segments"][number][] = [];

  take(part: AcceleratorPart): void {
    if (part.kind === "header") this.#header = part;
    else if (part.kind === "block") this.#segments.push(...part.segments);
    else this.end = part;
  }

  of(folder: Folder): Use {
    const log = WalDirectory.of(folder);
    if (log.logId === undefined) return { usedSegments: null, reason: "no segment of a store lies beside it" };
    const { logId } = this.#header as Header; // a walk that does not end in damage has one
    if (Buffer.compare(log.logId, logId) !== 0) return { usedSegments: 0, reason: "it is of another store" };
    const usedSegments = commonCount(log.knownSegments(), this.#segments);
    const isWhole = usedSegments === this.#segments.length;
    return { usedSegments, reason: isWhole ? null : "the segments of the log behind these are others" };
  }
}

function headerLine({ offset, length, logId, counts }: Header, use: Use): Line {
  const { events, segments, streams, entities, scopes } = counts;
  const fields = { format: "HFINDEX1", logId, events: BigInt(events), segments, streams, entities, scopes };
  return { kind: "accelerator", offset, length, fields: { ...fields, ...use } };
}

function* blockLines({ offset, length, holds, first, count, segments }: Block): Generator<Line, void, undefined> {
  yield { kind: "accelerator-block", offset, length, fields: { holds, first: BigInt(first), count } };
  for (const { segmentId, lastLsn, sizeBytes, headerCrc, endChain } of segments) {
    const fields = { segment: BigInt(segmentId), lastSequence: BigInt(lastLsn), fileBytes: BigInt(sizeBytes) };
    yield { kind: "accelerated-segment", offset, length, fields: { ...fields, headerCrc, chain: endChain } };
  }
}
