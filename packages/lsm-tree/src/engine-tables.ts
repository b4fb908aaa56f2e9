import { S3FifoCache } from "./block-cache.js";
import type { ResolvedEngineOptions } from "./engine-options.js";
import { TABLES_DIRECTORY } from "./database-files.js";
import { TableFiles, type TableFilesOptions } from "./table-files.js";
import type { DatabaseIdentity } from "./version-edit.js";

/** The tables of a database and their cache. */
export class EngineTables extends TableFiles {
  readonly cache: S3FifoCache;

  constructor(options: TableFilesOptions & { readonly cache: S3FifoCache }) {
    super(options);
    this.cache = options.cache;
  }
}

/**
 * With what the options of a database say of files, blocks and the cache.
 *
 * @param onFailure - told when nothing may be written any more.
 */
export function tableStoreOf(
  options: ResolvedEngineOptions,
  { databaseId, hashKey }: DatabaseIdentity,
  onFailure?: (error: unknown) => void,
): EngineTables {
  const { directory, cacheBytes, random, clock, maxOpenTables, blockBytes, filterBitsPerKey, codec, codecs } = options;
  const nonce = new Uint8Array(4);
  return new EngineTables({
    ...{ directory: directory.directory(TABLES_DIRECTORY), databaseId, hashKey, now: clock },
    cache: new S3FifoCache({ maxBytes: cacheBytes }),
    ...{ maxOpenTables, blockBytes, filterBitsPerKey },
    nonce: () => {
      random(nonce);
      return new DataView(nonce.buffer).getUint32(0, true);
    },
    ...(codec === undefined ? {} : { codec }),
    ...(codecs === undefined ? {} : { codecs }),
    ...(onFailure === undefined ? {} : { onFailure }),
  });
}
