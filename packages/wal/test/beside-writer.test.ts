// A look at a log between whose reads the writer goes on: what was read first knows less than what is read next.
import { Directory, type FileHandle, type StoreFs } from "@holdfast/fs-seam";
import { MemoryFs } from "@holdfast/fs-seam/memory";
import { expect, test } from "vitest";
import { openWal, openWalReader } from "../src/index.js";
import { openRecordLog, openRecordLogReader } from "../src/record-log-entry.js";
import { bytesOf } from "./log-law.js";

/** The target with some methods replaced; the others work on the target itself. */
function replacing<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (inner, key) => {
      const value: unknown = Reflect.get(key in methods ? methods : inner, key);
      return typeof value === "function" ? value.bind(inner) : value;
    },
  });
}

/** The same files, and `afterRead` called behind every read of one. */
function withReads(inner: MemoryFs, afterRead: () => void): StoreFs {
  const hooked = (handle: FileHandle): FileHandle =>
    replacing(handle, {
      readAt: (target: Uint8Array, offset: number): number => {
        const count = handle.readAt(target, offset);
        afterRead();
        return count;
      },
    });
  return replacing<StoreFs>(inner, { open: (path, options) => hooked(inner.open(path, options)) });
}

interface Written {
  append(record: Uint8Array): number;
  syncBlocking(): number;
  close(): Promise<void>;
}

const options = { preallocateBytes: 65_536, prepareSegments: false };

const logs = {
  "a log": [
    (directory: Directory): Promise<Written> => openWal({ directory, ...options }),
    (directory: Directory): number => openWalReader({ directory }).lastLsn,
  ],
  "a record log": [
    (directory: Directory): Promise<Written> =>
      openRecordLog({ directory, name: "events", preallocateBytes: options.preallocateBytes }),
    (directory: Directory): number => openRecordLogReader({ directory, name: "events" }).lastLsn,
  ],
} as const;

test.each(Object.entries(logs))(
  "%s whose writer adds what is durable between any two reads",
  async (_, [open, look]) => {
    for (let busyAt = 1; busyAt <= 8; busyAt += 1) {
      const fs = new MemoryFs();
      const log = await open(new Directory(fs));
      const add = (): void => {
        log.append(bytesOf("record"));
        log.syncBlocking();
      };
      add();
      let reads = 0;
      const beside = withReads(fs, () => {
        reads += 1;
        // Two of them: the second says that the first is durable.
        if (reads === busyAt) for (let count = 0; count < 2; count += 1) add();
      });
      expect([1, 3], `behind read ${busyAt}`).toContain(look(new Directory(beside)));
      expect(reads).toBeGreaterThan(2);
      await log.close();
    }
  },
);
