export { CodecError, codecErrorCodes } from "./codec-error.js";
export type { CodecErrorCode, CodecErrorContext } from "./codec-error.js";
export { checksumAlgorithms, crc32, crc32Backend, hashAlgorithms } from "./checksum.js";
export type { ContentHash, HashAlgorithm } from "./checksum.js";
export { peekUint64, readUint64, uint64ToNumber, writeUint64 } from "./uint64.js";
