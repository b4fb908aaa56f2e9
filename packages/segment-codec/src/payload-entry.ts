// Entry `./payload`: apart from the grammar, because it carries msgpackr.
export { PayloadCodec } from "./payload-codec.js";
export type { PayloadCodecOptions } from "./payload-codec.js";
