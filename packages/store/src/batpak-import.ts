import type { Directory } from "@holdfast/fs-seam";
import { fbatKinds, type FbatEvent } from "@holdfast/segment-codec/fbat";
import { readHiddenRanges } from "./batpak-hidden.js";
import { BatpakReader, batpakFiles, type BatpakDamage, type BatpakEvent } from "./batpak-source.js";
import { idempotencyKey, keyedEventId } from "./event-id.js";
import { MAX_METADATA_BYTES } from "./event-layout.js";
import { encodeName } from "./event-name.js";
import type { StagedEvent } from "./event-writer.js";
import type { Store } from "./store.js";
import { checkDirectory, checkOptions, checkWriter, refused } from "./option-checks.js";
import { nextTurn } from "./store-options.js";
import { StoreError } from "./store-error.js";
import { encodeMetadata } from "./stored-event.js";
import { refuseAborted } from "./verification.js";

/** What is imported, whereto, and what becomes of what cannot be. */
export interface BatpakImportOptions {
  /** The directory of a batpak 0.9.0 store that nobody has open. Only read. */
  readonly source: Directory;
  /** Where its events are appended. Need not know their types. */
  readonly store: Store;
  /**
   * What the source is called, the same every time: with the id of an event it makes the key under which the event is imported once.
   * Two sources need two names.
   */
  readonly namespace: string;
  /** `refuse` writes nothing when anything is damaged; `skip` leaves out what lies behind damage, segment by segment. Default `refuse`. */
  readonly damage?: "refuse" | "skip";
  /** What becomes of payloads that batpak has encrypted; `raw` appends the ciphertext. Default `refuse`: nothing is written. */
  readonly encrypted?: "refuse" | "skip" | "raw";
  /** Ends it with `STORE_ABORTED`; what was appended stays, and the next import goes on. */
  readonly signal?: AbortSignal;
  /** Hears how far it has come: after each commit of the source. */
  readonly onProgress?: (progress: BatpakProgress) => void;
  /** A turn of the event loop, taken after every segment. */
  readonly turn?: () => Promise<void>;
}

/** How far an import is. */
export interface BatpakProgress {
  /** Events that were looked at, whatever became of them. */
  readonly events: number;
  /** How many there are to look at. */
  readonly totalEvents: number;
}

/** What an import did. Plain data. */
export interface BatpakImportReport {
  /** Segments of the source. */
  readonly segments: number;
  /** Events that were appended. */
  readonly imported: number;
  /** Events that an import before this one had appended. */
  readonly known: number;
  /** Of both, those whose payload is ciphertext. */
  readonly ciphertexts: number;
  /** Events that were left out, by why. */
  readonly skipped: {
    /** What batpak notes of its own opening and closing. */
    readonly lifecycle: number;
    /** What a compaction has left of an event. */
    readonly tombstones: number;
    /** Other events of kinds that are not the program's: below 0x1000, and 0xd000 to 0xdfff. */
    readonly reserved: number;
    /** Hidden by a fence that was cancelled. */
    readonly hidden: number;
    /** Items of batches that never committed. */
    readonly uncommitted: number;
    readonly encrypted: number;
  };
  /** A tail of the newest segment that a crash has left. Bytes. */
  readonly tornBytes: number;
  /** What was passed over with `damage: "skip"`; empty for a sound source. */
  readonly damage: readonly BatpakDamage[];
}

const keys = ["source", "store", "namespace", "damage", "encrypted", "signal", "onProgress", "turn"];

/**
 * Appends the events of a batpak 0.9.0 store: order, entity, scope, lane, kind, payload version and payload as they are, batches in one commit
 * each. An event has an id that follows from `namespace` and the id it had, so that an import that is repeated, or goes on after it was cut
 * short, appends nothing twice. Correlation and cause lead to the imported event where that is there, and are kept as they are where not. What the event
 * had besides, its id and time among it, is in its metadata, under `batpak`. Its time is that of the import.
 *
 * The source is read twice: nothing is written before all of it was looked at. Durable when it resolves. Memory: one segment of the source
 * and its events.
 *
 * @throws {@link StoreError} `STORE_INVALID_OPTION`; `STORE_CORRUPT` with file and offset for damage, `STORE_UNSUPPORTED` for what is encrypted, of a
 * later version or in the middle of a compaction: nothing was written; `STORE_KEY_REUSED` when another source was imported under the name;
 * `STORE_ABORTED`; what the store and the files throw.
 */
export async function importBatpak(options: BatpakImportOptions): Promise<BatpakImportReport> {
  checkOptions(options, keys, "an import");
  const { source, store, namespace, signal, onProgress, turn = nextTurn } = options;
  const { damage: onDamage = "refuse", encrypted = "refuse" } = options;
  checkDirectory("source", source);
  checkWriter(store);
  if (typeof namespace !== "string" || namespace === "") throw refused("namespace", "must be a text, and not empty");
  if (onDamage !== "refuse" && onDamage !== "skip") throw refused("damage", 'must be "refuse" or "skip"');
  if (encrypted !== "refuse" && encrypted !== "skip" && encrypted !== "raw") {
    throw refused("encrypted", 'must be "refuse", "skip" or "raw"');
  }
  const hidden = readHiddenRanges(source);
  const files = batpakFiles(source);
  const survey = new BatpakReader(source);
  let totalEvents = 0;
  for (const [index, file] of files.entries()) {
    refuseAborted(signal);
    const { commits, damage } = survey.read(file, index === files.length - 1);
    if (onDamage === "refuse" && damage[0] !== undefined) throw damaged(damage[0]);
    for (const commit of commits) {
      totalEvents += commit.length;
      if (encrypted === "refuse") refuseEncrypted(commit);
    }
    await turn();
  }
  const run = new ImportRun(options, encrypted);
  const reader = new BatpakReader(source);
  const damage: BatpakDamage[] = [];
  let tornBytes = 0;
  let events = 0;
  for (const [index, file] of files.entries()) {
    const segment = reader.read(file, index === files.length - 1);
    damage.push(...segment.damage);
    tornBytes += segment.tornBytes;
    run.skipped.uncommitted += segment.uncommitted;
    for (const commit of segment.commits) {
      refuseAborted(signal);
      run.take(commit.filter(({ event, sequence }) => run.isWanted(event, hidden.isHidden(sequence, event.lane))));
      events += commit.length;
      onProgress?.({ events, totalEvents });
    }
    await turn();
  }
  await store.sync();
  const { imported, known, ciphertexts, skipped } = run;
  return { segments: files.length, imported, known, ciphertexts, skipped, tornBytes, damage };
}

function damaged({ file, offset, code, message }: BatpakDamage): StoreError {
  return new StoreError("STORE_CORRUPT", `${file}, at ${offset}: ${message} (${code})`, { file, offset });
}

function refuseEncrypted(commit: readonly BatpakEvent[]): void {
  const found = commit.find(({ event }) => event.encryption !== undefined);
  if (found === undefined) return;
  const { file, offset } = found;
  const message = `${file}, at ${offset}: the payload is encrypted, and its key is batpak's`;
  throw new StoreError("STORE_UNSUPPORTED", message, { file, offset, field: "encrypted" });
}

/** One pass that writes. */
class ImportRun {
  imported = 0;
  known = 0;
  ciphertexts = 0;
  readonly skipped = { lifecycle: 0, tombstones: 0, reserved: 0, hidden: 0, uncommitted: 0, encrypted: 0 };
  readonly #store: Store;
  readonly #namespace: string;
  readonly #skipsEncrypted: boolean;

  constructor({ store, namespace }: BatpakImportOptions, encrypted: "refuse" | "skip" | "raw") {
    this.#store = store;
    this.#namespace = namespace;
    this.#skipsEncrypted = encrypted === "skip";
  }

  /** Whether an event is imported; counts it where it is not. */
  isWanted({ kind, encryption }: FbatEvent, isHidden: boolean): boolean {
    const { skipped } = this;
    if (isHidden) skipped.hidden += 1;
    else if (kind === fbatKinds.openCompleted || kind === fbatKinds.closeCompleted) skipped.lifecycle += 1;
    else if (kind === fbatKinds.tombstone) skipped.tombstones += 1;
    else if (kind < 0x1000 || kind >> 12 === 0xd) skipped.reserved += 1;
    else if (encryption !== undefined && this.#skipsEncrypted) skipped.encrypted += 1;
    else return true;
    return false;
  }

  /** Appends what was committed together, in one commit. */
  take(commit: readonly BatpakEvent[]): void {
    if (commit.length === 0) return;
    const ids = new Set<string>();
    const staged = commit.map((each) => {
      const one = this.#staged(each, ids);
      ids.add(Buffer.from(one.id).toString("hex"));
      return one;
    });
    const { kind } = this.#store.writeStaged(staged);
    if (kind === "replayed") this.known += commit.length;
    else this.imported += commit.length;
    this.ciphertexts += commit.filter(({ event }) => event.encryption !== undefined).length;
  }

  /** @param beside - ids of the events before it in the commit. */
  #staged({ event, file, offset }: BatpakEvent, beside: ReadonlySet<string>): StagedEvent {
    const id = this.#idOf(event.eventId);
    const follow = (original: Uint8Array | undefined): Uint8Array | undefined => {
      if (original === undefined) return undefined;
      const imported = this.#idOf(original);
      if (Buffer.compare(imported, id) === 0) return undefined;
      const isThere = beside.has(Buffer.from(imported).toString("hex")) || this.#store.holdsId(imported);
      return isThere ? imported : original;
    };
    const metadata = encodeMetadata({ batpak: factsOf(event) });
    if (metadata.length > MAX_METADATA_BYTES) {
      const message = `${file}, at ${offset}: what batpak keeps beside the payload has ${metadata.length} bytes, ${MAX_METADATA_BYTES} are the most`;
      throw new StoreError("STORE_UNSUPPORTED", message, { file, offset, actual: metadata.length });
    }
    return {
      entity: encodeName(event.entity, "entity"),
      scope: encodeName(event.scope, "scope"),
      lane: event.lane,
      kind: event.kind,
      payloadVersion: event.payloadVersion ?? 0,
      payload: event.content,
      metadata,
      id,
      isKeyed: true,
      correlation: follow(event.correlationId),
      causation: event.causationId?.some((byte) => byte !== 0) === true ? follow(event.causationId) : undefined,
      expectedRevision: "any",
    };
  }

  #idOf(original: Uint8Array): Uint8Array {
    const key = idempotencyKey("batpak", this.#namespace, Buffer.from(original).toString("hex"));
    return keyedEventId(this.#store.contentHash, key, 0);
  }
}

/** What has no place of its own in our events: `metadata.batpak` of an imported one. Ids in hexadecimal digits. */
function factsOf(event: FbatEvent): Record<string, unknown> {
  const { timestampUs, flags, depth, clock, extensions, encryption } = event;
  const id = hexOf(event.eventId);
  const correlation = hexOf(event.correlationId);
  return {
    id,
    timestampUs: plain(timestampUs),
    wallMs: plain(event.wallMs),
    clock,
    ...(correlation === id ? {} : { correlation }),
    ...(event.causationId === undefined ? {} : { causation: hexOf(event.causationId) }),
    ...(depth === 0 ? {} : { depth }),
    ...(flags === 0 ? {} : { flags }),
    ...(extensions.size === 0 ? {} : { extensions: Object.fromEntries(extensions) }),
    ...(encryption === undefined ? {} : { encryption: { ...encryption } }),
  };
}

/** A number where it is one exactly. */
function plain(value: bigint): number | bigint {
  return BigInt.asIntN(54, value) === value ? Number(value) : value;
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
