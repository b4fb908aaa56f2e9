import { fbatKinds, type FbatEvent } from "@holdfast/segment-codec/fbat";
import type { Line } from "./line.js";

/** The line about a sound frame of a batpak segment. */
export function frameLine(offset: number, length: number, event: FbatEvent, committed: boolean): Line {
  if (event.kind === fbatKinds.batchBegin) {
    const { eventId, payloadSize: itemCount, wallMs, timestampUs } = event;
    return { kind: "batch-begin", offset, length, fields: { eventId, itemCount, wallMs, timestampUs, committed } };
  }
  if (event.kind === fbatKinds.batchCommit) {
    const { eventId, wallMs, timestampUs } = event;
    return { kind: "batch-commit", offset, length, fields: { eventId, wallMs, timestampUs, committed } };
  }
  const { eventId, kind: eventKind, entity, scope, lane, depth, clock, wallMs, timestampUs, flags } = event;
  const { payloadVersion, correlationId, causationId, chain, extensions, content, encryption } = event;
  return {
    kind: "event",
    offset,
    length,
    fields: {
      ...{ eventId, eventKind, entity, scope, lane, depth, clock, wallMs, timestampUs, flags },
      payloadVersion: payloadVersion ?? null,
      correlation: correlationId,
      causation: causationId ?? null,
      previousHash: chain?.previousHash ?? null,
      hash: chain?.eventHash ?? null,
      extensions,
      ...{ payloadSize: event.payloadSize, counter: event.counter, contentHash: event.contentHash },
      encryption: encryption === undefined ? null : { keyscopeId: encryption.keyscopeId, nonce: encryption.nonce },
      payload: content,
      committed,
    },
  };
}
