// The defects of the list in packages/store/test/known-defects.md, each put in on purpose. The test by its number is the one that has to
// notice; `holdfast` stands on a log, so some of them are put into that.
import { area, storeArea, tests } from "./area.mjs";

const usual = [tests.storeDefects];
const walOf = (entries) => area("packages/store defects", usual, entries, "packages/wal");

export const storeDefectMutations = [
  ...walOf([
    {
      what: "D-1: a commit that failed has used up its sequences",
      file: "log-writer.ts",
      find: "takeBack();",
      put: "void takeBack;",
    },
    {
      what: "D-4: the end of the log moves on although a write was cut short",
      file: "log-writer.ts",
      find: "throw spaceFailure(error, open.segment.file);",
      put: "open.writtenBytes += 64; throw spaceFailure(error, open.segment.file);",
    },
    {
      what: "D-13: a key that cannot be read is forgotten",
      file: "recovery.ts",
      find: 'if (tail.damage !== undefined && mode !== "salvage") throw tail.damage;',
    },
    {
      what: "D-19: every run leaves a file",
      file: "recovery.ts",
      find: "for (const file of replaced) directory.remove(file);",
    },
    {
      what: "D-21: a store goes on behind a failed barrier",
      file: "group-commit.ts",
      find: "round.reject(error); this.#options.onFailure(error);",
      put: "round.reject(error);",
    },
    {
      what: "D-27: a torn tail stays in front of what is written next",
      file: "recovery.ts",
      find: "copy.write();",
      put: "copy.write(); if (tail.dropped.length > 0) { staged.handle.append(new Uint8Array(24).fill(7)); copy.writtenBytes += 24; }",
    },
    {
      what: "D-29: a segment whose creation was cut off is damage",
      file: "segment-survey.ts",
      find: "return outcome.kind;",
      put: 'throw new WalError("WAL_CORRUPT", file, { file });',
    },
  ]),
  ...storeArea("packages/store defects", usual, [
    {
      what: "D-2: a commit that failed half-way leaves its first events",
      file: "event-writer.ts",
      find: "if (isWritten) this.#log.appendWritten(records);",
      put: "if (isWritten) for (const record of records) this.#log.appendWritten([record]);",
    },
    {
      what: "D-3: an event is hashed by its payload alone",
      file: "event-hash.ts",
      find: "return this.#hash.hash(scratch.subarray(0, length));",
      put: "return payloadHash.slice();",
    },
    {
      what: "D-3: a verification asks who is there, not in which order",
      file: "verification.ts",
      find: "if (fault !== undefined) return fault;",
    },
    {
      what: "D-6, D-22: an event is acknowledged as durable before a barrier, and starts none",
      file: "store.ts",
      find: 'if (sequence > this.#log.durableLsn) await this.#sync("data", options);',
    },
    {
      what: "D-7: an event of a commit loses its version",
      file: "event-staging.ts",
      find: "payloadVersion: definition.version,",
      put: "payloadVersion: index > 0 ? 0 : definition.version,",
    },
    {
      what: "D-8: an expectation is looked at before the key",
      file: "store.ts",
      find: "if (key !== undefined) {",
      put: 'if (key !== undefined && staged.every(({ expectedRevision }) => expectedRevision === "any")) {',
    },
    {
      what: "D-8: 0 stands for an empty stream as well",
      file: "event-writer.ts",
      find: 'expected === "any" || expected === actual',
      put: 'expected === "any" || expected === actual || (expected === 0 && actual === "empty")',
    },
    {
      what: "D-9: a key gives the old receipt for another event",
      file: "event-replay.ts",
      find: "if (difference !== undefined) throw reused(",
      put: "if (difference === undefined && sequence < 0) throw reused(",
    },
    {
      what: "D-16: a payload is stored as a list of numbers",
      file: "event-staging.ts",
      find: "const payload = registry.encode(definition, input);",
      put: "const payload = Uint8Array.from([...registry.encode(definition, input)].flatMap((byte) => [0xcc, byte]));",
    },
    {
      what: "D-23: all stores of a process share their definitions",
      file: "event-registry.ts",
      find: "this.#byKind = byKind;",
      put: "const shared = ((globalThis as any).sharedKinds ??= new Map()); for (const [kind, each] of byKind) if (!shared.has(kind)) shared.set(kind, each); this.#byKind = shared;",
    },
    {
      what: "D-25: a sequence is given twice",
      file: "event-writer.ts",
      find: "this.#log.lastLsn + 1 + index",
      put: "Math.max(1, this.#log.lastLsn) + index",
    },
    {
      what: "D-26: what was accepted counts as durable",
      file: "store.ts",
      find: "durable: this.#log.durableLsn",
      put: "durable: this.#log.lastLsn",
    },
    {
      what: "D-28: a commit that was cut off is there in part",
      file: "event-writer.ts",
      find: "if (isWritten) this.#log.appendWritten(records);",
      put: "if (isWritten) { for (const record of records) this.#log.append(record); (this.#log as any).write(); }",
    },
    {
      what: "D-35: a payload that cannot be decoded ends reading",
      file: "stored-event.ts",
      find: 'case "invalid": {',
      put: 'case "invalid": { if (reading.cause !== undefined) throw reading.cause;',
    },
  ]),
];
