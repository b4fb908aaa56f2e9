import type { EventRecord } from "@holdfast/store/format";
import type { Line } from "./line.js";
import { StoredJson } from "./stored-json.js";

/** The line about one event of a store. Its bytes are lent as those of the record are. */
export function storeEventLine(
  record: EventRecord,
  sequence: number,
  hash: Uint8Array,
  place: { readonly offset: number; readonly length: number },
): Line {
  const payload = record.viewPayload();
  return {
    kind: "store-event",
    ...place,
    fields: {
      sequence: BigInt(sequence),
      eventId: record.viewId(),
      eventKind: record.kind,
      payloadVersion: record.payloadVersion,
      entity: record.readEntity(),
      scope: record.readScope(),
      lane: record.lane,
      revision: BigInt(record.revision),
      timestampUs: BigInt(record.timeUs),
      keyed: record.isKeyed,
      correlation: record.viewCorrelation(),
      causation: record.viewCausation() ?? null,
      previousHash: record.viewPreviousHash(),
      previousInStream: record.viewPreviousInStream(),
      hash,
      metadata: record.metadataBytes === 0 ? null : new StoredJson(record.viewMetadata()),
      payloadSize: record.payloadBytes,
      data: payload === undefined ? null : new StoredJson(payload),
      payload: payload ?? null,
    },
  };
}
