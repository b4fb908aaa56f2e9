/**
 * Entry `@holdfast/store`: an event store over one log, opened for writing or beside its writer.
 * @packageDocumentation
 */
export { defineEvent } from "./event-definition.js";
export type { EventCodec, EventDefinition, EventInput, EventOptions, EventOutput } from "./event-definition.js";
export { EventRegistry } from "./event-registry.js";
export type { EventManifestEntry, PayloadFault, PayloadReading } from "./event-registry.js";
export { signReceipt } from "./receipt-signature.js";
export type { ReceiptFacts, ReceiptSigner, SignedReceipt } from "./receipt-signature.js";
export { isInRegion, region } from "./region.js";
export type { Region, RegionEvents, RegionFilter, RegionOptions, RegionRow } from "./region.js";
export { uncheckedSchema } from "./standard-schema.js";
export type {
  SchemaInput,
  SchemaIssue,
  SchemaOutput,
  SchemaResult,
  StandardIssue,
  StandardSchema,
} from "./standard-schema.js";
export { upcastFrom } from "./upcast.js";
export type { UpcastStep } from "./upcast.js";
export { formatEventId, idempotencyKey, isEventId, parseEventId } from "./event-id.js";
export type { EventId, IdempotencyKey, Revision, Sequence } from "./event-id.js";
export { LANE_LIMIT, MAX_NAME_BYTES, checkLane, encodeName } from "./event-name.js";
export type { NameField } from "./event-name.js";
export { StoreError, storeErrorCodes } from "./store-error.js";
export type { StoreErrorCode, StoreErrorContext } from "./store-error.js";
export { openStore } from "./open-store.js";
export { Store } from "./store.js";
export type { Written } from "./append-receipts.js";
export type { StoreHealth, StoreOpenReport, StoreStats, Watermarks } from "./store-report.js";
export type { StoreLogOptions, StoreOptions, StoreReaderOptions } from "./store-options.js";
export type { IndexedPart, IndexReport } from "./index-filling.js";
export { openStoreReader, StoreReader } from "./store-reader.js";
export { ReadableStore } from "./readable-store.js";
export type { BeyondOptions, ReaderWatermarks, StoreAnchor } from "./readable-store.js";
export type { EventPage, EventsOptions, PageOptions, ReadingOptions, StreamOptions } from "./reading-options.js";
export type { CommitBuilder } from "./commit-builder.js";
export type {
  AppendConflict,
  AppendOptions,
  AppendOutcome,
  AppendReceipt,
  CommitOptions,
  CommitOutcome,
  CommitReceipt,
  EventAppendOptions,
  StreamAddress,
  UnconditionalOptions,
} from "./append-outcome.js";
export type { ExpectedRevision } from "./event-writer.js";
export type { EventFacts, EventMetadata, KnownEvent, RawEvent, StoredEvent } from "./stored-event.js";
export type { VerifyFault, VerifyOptions, VerifyProgress, VerifyReport } from "./verification.js";
