/**
 * Entry `@holdfast/store/emmett`: Emmett's event store over one of ours. Needs @event-driven-io/emmett.
 * @packageDocumentation
 */
export { emmettEventStore } from "./emmett-event-store.js";
export type { EmmettEventStore, EmmettEventStoreOptions } from "./emmett-event-store.js";
