import { PayloadCodec } from "@holdfast/segment-codec/payload";
import type { EventDefinition, EventOutput } from "./event-definition.js";
import { formatEventId, type EventId, type Revision, type Sequence } from "./event-id.js";
import { eventFlags, FIXED_BYTES, ID_BYTES, layoutAt } from "./event-layout.js";
import type { EventRecord } from "./event-record.js";
import type { EventRegistry, PayloadFault } from "./event-registry.js";
import { StoreError } from "./store-error.js";

/** What a program may keep beside the data of an event: who, why, from where. Anything that MessagePack holds. */
export type EventMetadata = Readonly<Record<string, unknown>>;

/** What is known of every event, whoever wrote it. Plain data, owned by the caller. */
export interface EventFacts {
  /** The same wherever the event is read. */
  readonly id: EventId;
  /** Place in the store, from 1. */
  readonly sequence: Sequence;
  /** What the event is about. */
  readonly entity: string;
  /** Empty without one. */
  readonly scope: string;
  /** Which of the streams of the entity. */
  readonly lane: number;
  /** Place in the stream of the entity and the lane, from 0. */
  readonly revision: Revision;
  /** What the event is, as its definition says. */
  readonly kind: number;
  /** Version of the definition that wrote it. */
  readonly version: number;
  /** Milliseconds since 1970, with three decimals. */
  readonly timeMs: number;
  /** The event itself where it begins something. */
  readonly correlation: EventId;
  /** The event that this one follows from. */
  readonly causation: EventId | undefined;
  /** Plain data that was stored beside the payload; empty without any. */
  readonly metadata: EventMetadata;
}

/** An event whose definition the program knows, and whose data is what the definition says. */
export type KnownEvent<Definition extends EventDefinition> = Definition extends EventDefinition
  ? EventFacts & {
      readonly status: "known";
      readonly name: Definition["name"];
      readonly data: EventOutput<Definition>;
    }
  : never;

/** An event that this program cannot read, with its payload as it was stored. */
export type RawEvent = EventFacts &
  (
    | {
        /** `unknown`: of a kind without definition. `newer`: of a later version of one. */
        readonly status: "unknown" | "newer";
        readonly payload: Uint8Array;
      }
    | {
        /** The payload does not pass what its definition says by now. */
        readonly status: "invalid";
        readonly payload: Uint8Array;
        readonly fault: PayloadFault;
      }
    /** Retention has taken the payload. */
    | { readonly status: "dropped" }
  );

/** An event as it is read; `status` says which. */
export type StoredEvent<Definition extends EventDefinition = EventDefinition> = KnownEvent<Definition> | RawEvent;

const metadataCodec = new PayloadCodec();
const nothing: Uint8Array = new Uint8Array();
const noMetadata: EventMetadata = Object.freeze({});

/** The bytes of metadata, none when it is empty. */
export function encodeMetadata(metadata: EventMetadata | undefined): Uint8Array {
  if (metadata === undefined || Object.keys(metadata).length === 0) return nothing;
  return metadataCodec.encode(metadata);
}

/** Decodes a record; nothing of the result refers to it. */
export function decodeEvent(record: EventRecord, sequence: number, registry: EventRegistry): StoredEvent {
  const facts = factsOf(record, sequence);
  const payload = record.viewPayload();
  if (payload === undefined) return { ...facts, status: "dropped" };
  const reading = registry.decode(record.kind, record.payloadVersion, payload);
  switch (reading.kind) {
    case "known":
      return knownEvent(facts, reading.definition.name, reading.data);
    case "invalid": {
      const { stage, issues, cause } = reading;
      return { ...facts, status: "invalid", payload: payload.slice(), fault: { stage, issues, cause } };
    }
    default:
      return { ...facts, status: reading.kind, payload: payload.slice() };
  }
}

/** Field by field, because a spread costs as much as decoding the payload does. */
function knownEvent(facts: EventFacts, name: string, data: unknown): KnownEvent<EventDefinition> {
  return {
    id: facts.id,
    sequence: facts.sequence,
    entity: facts.entity,
    scope: facts.scope,
    lane: facts.lane,
    revision: facts.revision,
    kind: facts.kind,
    version: facts.version,
    timeMs: facts.timeMs,
    correlation: facts.correlation,
    causation: facts.causation,
    metadata: facts.metadata,
    status: "known",
    name,
    data, // the definition's own, by its schema
  };
}

function factsOf(record: EventRecord, sequence: number): EventFacts {
  const { bytes, start, flags } = record;
  const id = formatEventId(bytes, start + layoutAt.id);
  const hasCorrelation = (flags & eventFlags.correlation) !== 0;
  const hasCausation = (flags & eventFlags.causation) !== 0;
  return {
    id,
    sequence: sequence as Sequence, // as the log has it
    entity: record.readEntity(),
    scope: record.readScope(),
    lane: record.lane,
    revision: record.revision as Revision, // as the record has it
    kind: record.kind,
    version: record.payloadVersion,
    timeMs: record.timeUs / 1000,
    correlation: hasCorrelation ? formatEventId(bytes, start + FIXED_BYTES) : id,
    causation: hasCausation ? formatEventId(bytes, record.namesStart - ID_BYTES) : undefined,
    metadata: record.metadataBytes === 0 ? noMetadata : readMetadata(record, sequence),
  };
}

function readMetadata(record: EventRecord, sequence: number): EventMetadata {
  try {
    return metadataCodec.decode(record.viewMetadata()) as EventMetadata; // the record begins as a map does
  } catch (cause) {
    const message = `the metadata of event ${sequence} is no MessagePack`;
    throw new StoreError("STORE_CORRUPT", message, { sequence, field: "metadata" }, { cause });
  }
}
