/**
 * Entry `@holdfast/segment-codec/payload`: values as MessagePack, apart because it carries msgpackr.
 * @packageDocumentation
 */
export { PayloadCodec } from "./payload-codec.js";
export type { PayloadCodecOptions } from "./payload-codec.js";
