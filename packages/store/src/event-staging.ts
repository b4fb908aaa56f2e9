import type { ContentHash } from "@holdfast/segment-codec";
import type { EventAppendOptions, StreamAddress } from "./append-outcome.js";
import type { EventDefinition, EventInput } from "./event-definition.js";
import type { EventIdSource } from "./event-id-source.js";
import { keyedEventId, parseEventId, type IdempotencyKey } from "./event-id.js";
import { ID_BYTES, MAX_METADATA_BYTES } from "./event-layout.js";
import { checkLane, lendName } from "./event-name.js";
import type { EventRegistry } from "./event-registry.js";
import type { ExpectedRevision, StagedEvent } from "./event-writer.js";
import { checkOptions, need, refused } from "./option-checks.js";
import { encodeMetadata } from "./stored-event.js";

/** A stream as bytes and a number. The bytes are lent. */
export interface ResolvedAddress {
  readonly entity: Uint8Array;
  readonly scope: Uint8Array;
  readonly lane: number;
}

const noScope: Uint8Array = new Uint8Array();

/** @throws {@link StoreError} `STORE_INVALID_NAME`, `STORE_INVALID_OPTION` for an address with a field that is none. */
export function resolveAddress(at: StreamAddress): ResolvedAddress {
  if (typeof at === "string") return { entity: lendName(at, "entity"), scope: noScope, lane: 0 };
  checkOptions(at, ["entity", "scope", "lane"], "a stream");
  const { entity, scope = "", lane = 0 } = at;
  checkLane(lane);
  return { entity: lendName(entity, "entity"), scope: scope === "" ? noScope : lendName(scope, "scope"), lane };
}

export interface EventStagerOptions {
  readonly registry: EventRegistry;
  readonly ids: EventIdSource;
  readonly hash: ContentHash;
  /** Milliseconds since 1970. */
  readonly clock: () => number;
  /** Whether an event of the store has this id. Borrowed. */
  readonly isTaken: (id: Uint8Array) => boolean;
}

/** Checks what a program wants to append, and makes bytes of it. Of the store it asks only which ids are taken. */
export class EventStager {
  readonly #options: EventStagerOptions;

  constructor(options: EventStagerOptions) {
    this.#options = options;
  }

  /**
   * The event in place `index` of a commit.
   *
   * @throws {@link StoreError} for a name, an id, an option or data that is refused.
   */
  stage<Definition extends EventDefinition>(
    at: StreamAddress,
    definition: Definition,
    input: EventInput<Definition>,
    options: EventAppendOptions,
    { key, index }: { readonly key: IdempotencyKey | undefined; readonly index: number },
  ): StagedEvent {
    const { registry } = this.#options;
    const { correlation, causation, expectedRevision = "any" } = options;
    const { entity, scope, lane } = resolveAddress(at);
    checkExpectation(expectedRevision);
    const payload = registry.encode(definition, input); // refuses what is no definition
    return {
      entity,
      scope,
      lane,
      kind: definition.kind,
      payloadVersion: definition.version,
      payload,
      metadata: this.#metadata(options),
      id: this.#id(key, index),
      isKeyed: key !== undefined,
      correlation: correlation === undefined ? undefined : parseEventId(correlation),
      causation: causation === undefined ? undefined : parseEventId(causation),
      expectedRevision,
    };
  }

  #id(key: IdempotencyKey | undefined, index: number): Uint8Array {
    const { ids, hash, clock, isTaken } = this.#options;
    if (key !== undefined) return keyedEventId(hash, key, index);
    const id = new Uint8Array(ID_BYTES);
    // Two runs with the same random bytes and the same clock draw the same ids; the source counts on until one is free.
    do ids.next(clock(), id);
    while (isTaken(id));
    return id;
  }

  #metadata({ metadata }: EventAppendOptions): Uint8Array {
    const isObject = typeof metadata === "object" && metadata !== null && !Array.isArray(metadata);
    need(metadata === undefined || isObject, "metadata", "must be an object");
    const bytes = encodeMetadata(metadata);
    if (bytes.length <= MAX_METADATA_BYTES) return bytes;
    throw refused("metadata", `must have at most ${MAX_METADATA_BYTES} bytes, not ${bytes.length}`);
  }
}

function checkExpectation(expected: ExpectedRevision): void {
  if (expected === "any" || expected === "empty") return;
  if (typeof expected === "number" && Number.isSafeInteger(expected) && expected >= 0) return;
  throw refused("expectedRevision", `must be "any", "empty" or a whole number from 0 on, not ${String(expected)}`);
}
