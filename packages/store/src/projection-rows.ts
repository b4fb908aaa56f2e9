import type { ProjectionCache } from "./projection-cache.js";
import type { Projection } from "./projection-definition.js";
import type { FoldPoint } from "./projection-fold.js";
import { decodeRow, encodeRow, type RowFacts } from "./projection-row.js";
import type { ResolvedTarget } from "./projection-target.js";
import type { StoreAnchor } from "./readable-store.js";
import { isSame, HASH_BYTES } from "./event-layout.js";
import { issueText, validate } from "./standard-schema.js";

/**
 * Why a row was not gone on from. `absent`: there is none. `damaged`: not as it was written. `foreign`: of another store, projection,
 * version, stream or region. `history`: its event is not in this history. `ahead`: it stands behind what is asked for. `state`: its state
 * cannot be decoded, or its schema refuses it. `failed`: the cache has thrown.
 */
export type RowMiss = "absent" | "damaged" | "foreign" | "history" | "ahead" | "state" | "failed";

/** What became of the row of a cache, before events were folded. */
export type RowReading =
  /** No cache, or folded on from a state that was there. */
  | { readonly kind: "none" }
  /** Folded on from the row's event. */
  | { readonly kind: "hit"; readonly sequence: number }
  /** The row's state, as `maxStaleMs` allows. */
  | { readonly kind: "served"; readonly sequence: number; readonly ageMs: number }
  /** Folded from the beginning. */
  | { readonly kind: "miss"; readonly why: RowMiss; readonly error: unknown };

/** What became of a row that was to be written. Nothing of it fails a read. */
export type RowWriting =
  /** None was due, or there is nothing durable to write yet. */
  | { readonly kind: "none" }
  | { readonly kind: "written"; readonly sequence: number }
  /** It is too large for the cache. */
  | { readonly kind: "too-large" }
  /** The codec or the cache has thrown. */
  | { readonly kind: "failed"; readonly error: unknown };

/** How often what happened. Plain data. */
export interface ProjectionStats {
  /** Events that were folded. */
  readonly events: number;
  /** Readings that began with a row. */
  readonly hits: number;
  /** Of the hits, those that were served without looking. */
  readonly served: number;
  /** Readings that did not, by why. */
  readonly misses: Readonly<Record<RowMiss, number>>;
  /** Rows that were written. */
  readonly written: number;
  /** Rows that the codec or the cache has failed to write, or that were too large. */
  readonly unwritten: number;
}

/** What rows are held against. */
export interface RowHistory {
  /** 32 hexadecimal digits. */
  readonly id: string;
  hashAt(sequence: number): Uint8Array | undefined;
}

/** A row that this history bears out. */
export interface FoundRow<State> {
  readonly kind: "row";
  readonly point: FoldPoint<State>;
  readonly anchor: StoreAnchor;
  readonly facts: RowFacts;
}

/** Beyond these a row is of no use. */
export interface RowLimits {
  readonly sequence: number;
  readonly revision: number;
}

type Miss = Extract<RowReading, { readonly kind: "miss" }>;

/** The rows of one store in a cache: what is read is held against the history, and what is written is bound to it. */
export class ProjectionRows {
  readonly #cache: ProjectionCache;
  readonly #history: RowHistory;

  constructor(cache: ProjectionCache, history: RowHistory) {
    this.#cache = cache;
    this.#history = history;
  }

  get isVolatile(): boolean {
    return this.#cache.isVolatile;
  }

  /**
   * The row of a target, or why there is none to go on from. Whatever the cache gives or throws, it is one of these.
   *
   * @throws what reading the row's event throws: `STORE_CLOSED`, and damage.
   */
  read<State>(projection: Projection<State>, target: ResolvedTarget, limits: RowLimits): FoundRow<State> | Miss {
    let bytes: Uint8Array | undefined;
    try {
      bytes = this.#cache.get(this.#keyOf(target));
    } catch (error) {
      return miss("failed", error);
    }
    if (bytes === undefined) return miss("absent");
    const row = decodeRow(bytes, this.#bindingOf(target));
    if (row.kind !== "row") return miss(row.kind);
    const { facts } = row;
    if (facts.sequence > limits.sequence || facts.revision > limits.revision) return miss("ahead");
    const hash = this.#history.hashAt(facts.sequence);
    if (hash === undefined || !isSame(hash, 0, facts.hash, 0, HASH_BYTES)) return miss("history");
    const { sequence, revision } = facts;
    try {
      const state = decodeState(projection, row.state);
      const anchor = { id: this.#history.id, sequence, hash };
      return { kind: "row", point: { state, sequence, revision }, anchor, facts };
    } catch (error) {
      return miss("state", error);
    }
  }

  /** Writes a row of a state that has taken in an event at least. */
  write<State>(
    projection: Projection<State>,
    target: ResolvedTarget,
    { state, sequence, revision }: FoldPoint<State>,
    { hash }: Pick<StoreAnchor, "hash">,
    looked: Pick<RowFacts, "lookedMs" | "isComplete">,
  ): RowWriting {
    try {
      const facts = { sequence, hash, revision: Number(revision), ...looked };
      const row = encodeRow(this.#bindingOf(target), facts, projection.codec.encode(state));
      const isKept = this.#cache.put(this.#keyOf(target), row);
      return isKept ? { kind: "written", sequence } : { kind: "too-large" };
    } catch (error) {
      return { kind: "failed", error };
    }
  }

  /** @throws what the cache throws. */
  forget(target: ResolvedTarget): boolean {
    return this.#cache.delete(this.#keyOf(target));
  }

  /** One text for one target of one projection in one store. */
  #keyOf({ identity }: ResolvedTarget): string {
    return `${this.#history.id}/${identity}`;
  }

  #bindingOf({ identity }: ResolvedTarget): { readonly logId: Uint8Array; readonly identity: string } {
    return { logId: Buffer.from(this.#history.id, "hex"), identity };
  }
}

function miss(why: RowMiss, error?: unknown): Miss {
  return { kind: "miss", why, error };
}

/** The codec and the schema are the program's, and the state is what they say it is. */
function decodeState<State>({ codec, schema }: Projection<State>, bytes: Uint8Array): State {
  const decoded = codec.decode(bytes);
  if (schema === undefined) return decoded as State;
  const result = validate(schema, decoded);
  if (result.kind === "valid") return result.value as State;
  throw new TypeError(result.kind === "async" ? "the schema wants to be waited for" : issueText(result.issues));
}
