import { S3FifoCache } from "./block-cache.js";
import type { ResolvedEngineOptions } from "./engine-options.js";
import { TABLES_DIRECTORY } from "./database-files.js";
import { TableFiles } from "./table-files.js";
import type { DatabaseIdentity } from "./version-edit.js";

/** The tables of a database, with what its options say of files, blocks and the cache. */
export function tableStoreOf(options: ResolvedEngineOptions, { databaseId, hashKey }: DatabaseIdentity): TableFiles {
  const { directory, cacheBytes, random, clock, maxOpenTables, blockBytes, filterBitsPerKey, codec, codecs } = options;
  const nonce = new Uint8Array(4);
  return new TableFiles({
    ...{ directory: directory.directory(TABLES_DIRECTORY), databaseId, hashKey, now: clock },
    cache: new S3FifoCache({ maxBytes: cacheBytes }),
    ...{ maxOpenTables, blockBytes, filterBitsPerKey },
    nonce: () => {
      random(nonce);
      return new DataView(nonce.buffer).getUint32(0, true);
    },
    ...(codec === undefined ? {} : { codec }),
    ...(codecs === undefined ? {} : { codecs }),
  });
}
