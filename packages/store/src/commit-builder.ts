import type { EventAppendOptions, StreamAddress } from "./append-outcome.js";
import type { EventDefinition, EventInput } from "./event-definition.js";
import { formatEventId, type EventId, type IdempotencyKey } from "./event-id.js";
import type { EventStager } from "./event-staging.js";
import type { StagedEvent } from "./event-writer.js";
import { checkOptions } from "./option-checks.js";
import { StoreError } from "./store-error.js";

const eventKeys = ["expectedRevision", "correlation", "causation", "metadata"];

/** Gathers the events of one commit, while `build` of `commit` runs. */
export class CommitBuilder<Definition extends EventDefinition> {
  readonly #stager: EventStager;
  readonly #key: IdempotencyKey | undefined;
  readonly #staged: StagedEvent[] = [];
  #isDone = false;

  /** @internal Use `commit` of a store. */
  constructor(stager: EventStager, key: IdempotencyKey | undefined) {
    this.#stager = stager;
    this.#key = key;
  }

  /**
   * Adds an event and returns its id, which a later one may name as its cause. An expectation counts the events of the commit
   * before this one.
   *
   * @throws {@link StoreError} for a name, an id, an option or data that is refused; `STORE_CLOSED` behind `build`.
   */
  append<One extends Definition>(
    at: StreamAddress,
    definition: One,
    input: EventInput<One>,
    options: EventAppendOptions = {},
  ): EventId {
    if (this.#isDone) throw new StoreError("STORE_CLOSED", "the commit is over");
    checkOptions(options, eventKeys, "an event of a commit");
    const place = { key: this.#key, index: this.#staged.length };
    const staged = this.#stager.stage(at, definition, input, options, place);
    this.#staged.push(staged);
    return formatEventId(staged.id);
  }

  /** @internal What was gathered; nothing more is taken. */
  finish(): readonly StagedEvent[] {
    this.#isDone = true;
    return this.#staged;
  }
}
