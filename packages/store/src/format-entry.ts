// Entry `./format`: records, hashes and links as pure functions over bytes, for tools that open no store.
export { ChainCheck } from "./event-chain.js";
export type { ChainFault, ChainPoint } from "./event-chain.js";
export { dropPayload, encodeEnvelope, encodeEventRecord, envelopeBytes } from "./event-encoder.js";
export type { EventEnvelope } from "./event-encoder.js";
export { EventHasher } from "./event-hash.js";
export { EventRecord } from "./event-record.js";
export { sha256 } from "./sha256.js";
