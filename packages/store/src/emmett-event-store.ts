import {
  assertExpectedVersionMatchesCurrent,
  ExpectedVersionConflictError,
  tryPublishMessagesAfterCommit,
  upcastRecordedMessages,
  type AggregateStreamOptions,
  type AggregateStreamResult,
  type AppendToStreamOptions,
  type AppendToStreamResultWithGlobalPosition,
  type DefaultEventStoreOptions,
  type Event,
  type EventStore,
  type ExpectedStreamVersion,
  type ReadEvent,
  type ReadEventMetadataWithGlobalPosition,
  type ReadStreamOptions,
  type ReadStreamResult,
} from "@event-driven-io/emmett";
import type { EventDefinition } from "./event-definition.js";
import type { ExpectedRevision } from "./event-writer.js";
import type { Store } from "./store.js";
import { StoreError } from "./store-error.js";
import { checkOptions, refused } from "./option-checks.js";
import type { EventMetadata, StoredEvent } from "./stored-event.js";

/** The one file that knows Emmett, which is a peer that only this entry needs. */

export interface EmmettEventStoreOptions extends DefaultEventStoreOptions<EmmettEventStore> {
  /** Stays open when the Emmett store is done with; who opened it closes it. */
  readonly store: Store;
  /** The definitions of what is appended: an event of Emmett whose `type` is the name of one. Those that the store was opened with. */
  readonly events: readonly EventDefinition[];
  /** What has to be true before an append resolves: `durable`, it survives a power loss; `os`, the end of the process. Default `durable`. */
  readonly durability?: "durable" | "os";
}

/** What Emmett's command handlers, deciders and workflows ask of a store. Versions count the events of a stream: 0 without one. */
export interface EmmettEventStore extends EventStore<ReadEventMetadataWithGlobalPosition> {
  /**
   * Appends events and resolves once they are as durable as `durability` says. Rejects with Emmett's error for a
   * version that is not as expected.
   */
  appendToStream<EventType extends Event, StoredType extends Event = EventType>(
    streamName: string,
    events: EventType[],
    options?: AppendToStreamOptions<bigint, EventType, StoredType>,
  ): Promise<AppendToStreamResultWithGlobalPosition>;
}

const NO_STREAM = 0n;

/**
 * Emmett's `EventStore` over a store. A stream name is an entity, in lane 0; events that are appended together are one commit. The store stays
 * the caller's: whatever else it does goes on beside this, and closing it is up to the caller.
 *
 * @throws {@link StoreError} `STORE_INVALID_OPTION`. Its methods reject with Emmett's `ExpectedVersionConflictError`; with `StoreError`:
 * `STORE_UNKNOWN_EVENT` for a type that has no definition, `STORE_INVALID_DATA` for data that a schema refuses or that retention has taken, and whatever
 * else the store throws.
 */
export function emmettEventStore(options: EmmettEventStoreOptions): EmmettEventStore {
  checkOptions(options, ["store", "events", "durability", "hooks"], "an event store of Emmett");
  const { store, events, durability = "durable", hooks } = options;
  if (typeof store?.commit !== "function") throw refused("store", "must be a store that is open for writing");
  if (!Array.isArray(events)) throw refused("events", "must be an array of definitions");
  if (durability !== "durable" && durability !== "os") throw refused("durability", 'must be "durable" or "os"');
  return new Adapter(store, events, { isDurable: durability === "durable", hooks });
}

class Adapter implements EmmettEventStore {
  readonly #store: Store;
  readonly #definitions: ReadonlyMap<string, EventDefinition>;
  readonly #isDurable: boolean;
  readonly #hooks: EmmettEventStoreOptions["hooks"];

  constructor(
    store: Store,
    events: readonly EventDefinition[],
    { isDurable, hooks }: { readonly isDurable: boolean; readonly hooks: EmmettEventStoreOptions["hooks"] },
  ) {
    this.#store = store;
    this.#definitions = new Map(events.map((definition) => [definition.name, definition]));
    this.#isDurable = isDurable;
    this.#hooks = hooks;
  }

  async appendToStream<EventType extends Event, StoredType extends Event = EventType>(
    streamName: string,
    events: EventType[],
    options?: AppendToStreamOptions<bigint, EventType, StoredType>,
  ): Promise<AppendToStreamResultWithGlobalPosition> {
    const expected = options?.expectedStreamVersion;
    // Nothing comes between this look and the commit: both happen in one turn.
    const before = this.#versionOf(streamName);
    assertExpectedVersionMatchesCurrent(before, expected, NO_STREAM);
    const downcast = options?.schema?.versioning?.downcast;
    const stored: readonly Event[] = downcast === undefined ? events : events.map(downcast);
    const staged = stored.map((event) => ({ event, definition: this.#definitionOf(event) }));
    const outcome = this.#store.commit((commit) => {
      for (const [index, { event, definition }] of staged.entries()) {
        const expectedRevision = index === 0 ? revisionOf(expected) : "any";
        const metadata = "metadata" in event ? (event.metadata as EventMetadata | undefined) : undefined;
        commit.append(streamName, definition, event.data, { expectedRevision, ...(metadata && { metadata }) });
      }
    });
    if (outcome.kind === "conflict") throw new ExpectedVersionConflictError(before, expected ?? before);
    if (this.#isDurable) await this.#store.durable(outcome);
    const { receipts } = outcome;
    const last = receipts.at(-1);
    if (this.#hooks !== undefined) {
      const appended = receipts.map(({ sequence }) => this.#messageOf(this.#store.at(sequence), streamName));
      await tryPublishMessagesAfterCommit<EmmettEventStore>(appended, this.#hooks);
    }
    return {
      nextExpectedStreamVersion: last === undefined ? before : BigInt(last.revision + 1),
      createdNewStream: before === NO_STREAM && last !== undefined,
      lastEventGlobalPosition: BigInt(last?.sequence ?? this.#store.lastSequence),
    };
  }

  async readStream<EventType extends Event, StoredType extends Event = EventType>(
    streamName: string,
    options?: ReadStreamOptions<bigint, EventType, StoredType>,
  ): Promise<ReadStreamResult<EventType, ReadEventMetadataWithGlobalPosition>> {
    const current = this.#versionOf(streamName);
    assertExpectedVersionMatchesCurrent(current, options?.expectedStreamVersion, NO_STREAM);
    const from = options?.from ?? 0n;
    const end = options?.to ?? (options?.maxCount === undefined ? current : from + options.maxCount);
    const read: ReadEvent<StoredType, ReadEventMetadataWithGlobalPosition>[] = [];
    const limit = Number(end > from ? end - from : 0n);
    for await (const batch of this.#store.streamBatches(streamName, { from: Number(from), limit })) {
      for (const event of batch) read.push(this.#messageOf(event, streamName));
    }
    const events = upcastRecordedMessages<EventType, StoredType, ReadEventMetadataWithGlobalPosition>(
      read,
      options?.schema?.versioning,
    );
    return { currentStreamVersion: current, events, streamExists: current > NO_STREAM };
  }

  async aggregateStream<State, EventType extends Event, StoredType extends Event = EventType>(
    streamName: string,
    options: AggregateStreamOptions<State, EventType, ReadEventMetadataWithGlobalPosition, StoredType>,
  ): Promise<AggregateStreamResult<State>> {
    const { initialState, read } = options;
    const evolve = options.evolve as (
      state: State,
      event: ReadEvent<EventType, ReadEventMetadataWithGlobalPosition>,
    ) => State; // what it is given has all that any of the forms asks for
    const { events, currentStreamVersion, streamExists } = await this.readStream<EventType, StoredType>(
      streamName,
      read,
    );
    let state = initialState();
    for (const event of events) state = evolve(state, event);
    return { currentStreamVersion, state, streamExists };
  }

  async streamExists(streamName: string): Promise<boolean> {
    return this.#versionOf(streamName) > NO_STREAM;
  }

  #versionOf(streamName: string): bigint {
    const revision = this.#store.revisionOf(streamName);
    return revision === "empty" ? NO_STREAM : BigInt(revision + 1);
  }

  #definitionOf({ type }: Event): EventDefinition {
    const definition = this.#definitions.get(type);
    if (definition !== undefined) return definition;
    const message = `${JSON.stringify(type)} is the name of no definition that the event store of Emmett was given`;
    throw new StoreError("STORE_UNKNOWN_EVENT", message, { field: "type", actual: type });
  }

  /** What Emmett reads. Nothing is skipped: an event that cannot be read ends the call. */
  #messageOf<EventType extends Event>(
    event: StoredEvent | undefined,
    streamName: string,
  ): ReadEvent<EventType, ReadEventMetadataWithGlobalPosition> {
    if (event?.status !== "known") throw unreadable(event);
    const message = {
      kind: "Event",
      type: event.name,
      data: event.data,
      metadata: {
        ...event.metadata,
        streamName,
        messageId: event.id,
        streamPosition: BigInt(event.revision + 1),
        globalPosition: BigInt(event.sequence),
      },
    };
    // The type that the caller reads events as is the caller's word, with every store of Emmett.
    return message as unknown as ReadEvent<EventType, ReadEventMetadataWithGlobalPosition>;
  }
}

function unreadable(event: StoredEvent | undefined): StoreError {
  const sequence = event?.sequence;
  if (event?.status === "invalid") {
    const { issues, cause } = event.fault;
    const message = `event ${sequence} does not pass its definition any more`;
    return new StoreError("STORE_INVALID_DATA", message, { sequence, issues }, { cause });
  }
  if (event?.status === "dropped") {
    const message = `retention has taken the payload of event ${sequence}`;
    return new StoreError("STORE_INVALID_DATA", message, { sequence, field: "payload" });
  }
  const message = `event ${sequence} is of kind ${event?.kind}, which has no definition here, or of a later version`;
  return new StoreError("STORE_UNKNOWN_EVENT", message, { sequence, actual: event?.kind });
}

/** What a version says of the first event that is appended. Whether there is a stream has been looked at. */
function revisionOf(expected: ExpectedStreamVersion | undefined): ExpectedRevision {
  if (expected === "STREAM_DOES_NOT_EXIST" || expected === NO_STREAM) return "empty";
  return typeof expected === "bigint" ? Number(expected) - 1 : "any";
}
