// Consumers of a store: named cursors and the files of their positions, reactors, and subscriptions. A mistake here passes over an event
// that was not handled, or lets somebody go on in another history.
import { storeArea, tests } from "./area.mjs";

const positions = storeArea(
  "store cursor",
  [
    tests.storeCursorGolden,
    tests.storeCursor,
    tests.storeConsumerDefects,
    tests.storeConsumerFaults,
    tests.storeConsumerLaws,
    tests.storeConsumerCrash,
  ],
  [
    // --- named-cursor.ts ---
    {
      what: "a position is saved before its event is durable",
      file: "named-cursor.ts",
      find: "if (sequence > source.watermarks.durable) {",
      put: "if (sequence < 0) {",
    },
    {
      what: "a position waits for the event before its own",
      file: "named-cursor.ts",
      find: "source.whenBeyond(sequence - 1,",
      put: "source.whenBeyond(Math.max(0, sequence - 2),",
    },
    {
      what: "a position waits for what is visible",
      file: "named-cursor.ts",
      find: '{ until: "durable", ...(signal',
      put: '{ until: "visible", ...(signal',
    },
    {
      what: "where a cursor begins is not saved",
      file: "named-cursor.ts",
      find: "await savePosition(source, file, sequence, delivery.signal);",
      put: "void sequence;",
    },
    {
      what: "what was given out before need not be acknowledged",
      file: "named-cursor.ts",
      find: "first?.isAcknowledged === true; first",
      put: "first !== undefined && first.sequence <= sequence; first",
    },
    {
      what: "an acknowledgement of an earlier loop counts",
      file: "named-cursor.ts",
      find: 'if (loop !== this.#loop) return { kind: "outdated" };',
    },
    {
      what: "what waits for another is acknowledged",
      file: "named-cursor.ts",
      find: 'if (sequence > this.#acknowledged) return { kind: "held" };',
    },
    {
      what: "an acknowledgement of data is saved later",
      file: "named-cursor.ts",
      find: 'if (rung === "data") await this.#save(sequence);',
    },
    {
      what: "an acknowledgement of memory is saved at once",
      file: "named-cursor.ts",
      find: 'if (rung === "data") await this.#save(sequence);',
      put: "await this.#save(sequence);",
    },
    {
      what: "two files are written at once",
      file: "named-cursor.ts",
      find: "this.#saving ??= this.#replace()",
      put: "this.#saving = this.#replace()",
    },
    {
      what: "whoever acknowledges in one turn writes a file each",
      file: "named-cursor.ts",
      find: "await Promise.resolve(); // whoever acknowledges in the same turn is part of it",
    },
    {
      what: "what was acknowledged meanwhile counts as saved",
      file: "named-cursor.ts",
      in: "async #replace()",
      find: "this.#saved = sequence;",
      put: "this.#saved = this.#acknowledged;",
    },
    {
      what: "a barrier that has failed may be tried again",
      file: "named-cursor.ts",
      find: "if (isHarmless(error)) throw error;",
      put: "throw error;",
    },
    {
      what: "a full disk is the end of a cursor",
      file: "named-cursor.ts",
      find: "if (isHarmless(error)) throw error;",
    },
    {
      what: "a file that is in place already is harmless",
      file: "named-cursor.ts",
      find: "&& !error.visible && error.operation",
      put: "&& error.operation",
    },
    { what: "a barrier without room is harmless", file: "named-cursor.ts", find: ' && error.operation !== "sync"' },
    {
      what: "closing does not save what is acknowledged",
      file: "named-cursor.ts",
      in: "async #close()",
      find: "await savePosition(this.#source, this.#file, sequence, undefined);",
    },
    {
      what: "a cursor that has failed saves when it is closed",
      file: "named-cursor.ts",
      find: "if (this.#failure !== undefined) return;",
    },
    {
      what: "closing waits for what may never be durable",
      file: "named-cursor.ts",
      find: "isForeign ? Math.min(this.#acknowledged, durable) : this.#acknowledged",
      put: "durable < 0 ? durable : this.#acknowledged",
    },
    { what: "a cursor that is closed keeps its lock", file: "named-cursor.ts", find: "this.#release();" },
    {
      what: "a cursor that is closed acknowledges",
      file: "named-cursor.ts",
      find: "if (this.#isClosed) throw closed();",
    },
    {
      what: "an open that fails keeps the lock",
      file: "named-cursor.ts",
      find: "cleanUpAfter(error, () => file.release());",
    },
    { what: "what an earlier loop has given out is waited for", file: "named-cursor.ts", find: "this.#given = [];" },
    {
      what: "a reset goes on where the file says",
      file: "named-cursor.ts",
      find: "isReset ? undefined : file.read(source)",
      put: "file.read(source)",
    },
    // --- cursor-file.ts ---
    {
      what: "a position of another history is gone on from",
      file: "cursor-file.ts",
      find: "if (found === undefined || !isSame(found, 0, hash, 0, HASH_BYTES)) throw divergedPosition(this.#binding, sequence);",
      put: "void [history, hash, sequence];",
    },
    {
      what: "a position behind the end of the history is gone on from",
      file: "cursor-file.ts",
      find: "found === undefined || !isSame(",
      put: "found !== undefined && !isSame(",
    },
    {
      what: "a position is saved without a barrier",
      file: "cursor-file.ts",
      find: '{ rung: "data" }',
      put: '{ rung: "os" }',
    },
    {
      what: "directories of a cursor may be lost",
      file: "cursor-file.ts",
      find: "await makeDirectoriesDurably(parent, path);",
      put: 'for (const each of ["cursors", path]) if (!parent.exists(each)) parent.makeDirectory(each);',
    },
    {
      what: "two have one cursor",
      file: "cursor-file.ts",
      find: "const lock = acquireDirectoryLock(directory);",
      put: "const lock = { release(): void {} } as DirectoryLock;",
    },
    {
      what: "temporary files of a cursor stay",
      file: "cursor-file.ts",
      find: "directory.sweepTemps();",
      put: "void directory;",
    },
    {
      what: "a cursor whose file cannot be read is a new one",
      file: "cursor-file.ts",
      find: 'if (isFsError(error, "FS_NOT_FOUND")) return undefined;',
      put: "return undefined;",
    },
    { what: "a cursor may be called like a device", file: "cursor-file.ts", find: " && !devicePattern.test(name)" },
    // --- cursor-position.ts ---
    {
      what: "a position is believed without its checksum",
      file: "cursor-position.ts",
      find: 'if (view.getUint32(end, true) !== crc32(bytes, 0, end)) return damaged(end, "has another checksum");',
    },
    ...[
      ["name", 'if (found.name !== name) throw mismatch("name", "another cursor");'],
      ["store", 'if (Buffer.from(found.logId).toString("hex") !== id) throw mismatch("log", "another store");'],
      [
        "region",
        'if (!isSame(found.regionHash, 0, regionHash(region), 0, HASH_BYTES)) throw mismatch("region", "another region");',
      ],
    ].map(([field, find]) => ({ what: `a position is of any ${field}`, file: "cursor-position.ts", find })),
    // --- cursor-start.ts ---
    {
      what: "a token of another history is a beginning",
      file: "cursor-start.ts",
      find: "checkAnchor(anchor, source.hashAt(anchor.sequence));",
    },
    { what: "a beginning may lie behind the end", file: "cursor-start.ts", find: " && start <= visible" },
  ],
);

const reactors = storeArea(
  "store reactor",
  [tests.storeReactor, tests.storeConsumerDefects, tests.storeConsumerFaults, tests.storeConsumerCrash],
  [
    {
      what: "an event is acknowledged before what follows from it is durable",
      file: "reactor.ts",
      find: "await this.#store.durable(last);",
      put: "void last;",
    },
    {
      what: "only what follows from the last event is made durable",
      file: "reactor.ts",
      find: "last = Math.max(last, sequence);",
      put: "last = sequence;",
    },
    {
      what: "an event is acknowledged before it is handled",
      file: "reactor.ts",
      find: "if (!(await reactor.handleAll(batch.events))) break; await batch.ack();",
      put: "await batch.ack(); if (!(await reactor.handleAll(batch.events))) break;",
    },
    {
      what: "events that were not handled are acknowledged",
      file: "reactor.ts",
      find: "if (!(await reactor.handleAll(batch.events))) break;",
      put: "await reactor.handleAll(batch.events);",
    },
    { what: "nothing is acknowledged", file: "reactor.ts", find: "await batch.ack();" },
    {
      what: "what follows is written as often as it is handled",
      file: "reactor.ts",
      find: "{ key },",
      put: 'key === "" ? { key } : {},',
    },
    {
      what: "reactors share their keys",
      file: "reactor.ts",
      find: '"holdfast.reactor/1", name, causation',
      put: '"holdfast.reactor/1", causation',
    },
    {
      what: "all events have one key",
      file: "reactor.ts",
      find: '"holdfast.reactor/1", name, causation',
      put: '"holdfast.reactor/1", name',
    },
    {
      what: "a reactor handles what it has written",
      file: "reactor.ts",
      find: "!handlesOwn && event.metadata",
      put: "handlesOwn && event.metadata",
    },
    {
      what: "what a reactor has written does not say so",
      file: "reactor.ts",
      find: "[REACTOR_METADATA_KEY]: name }",
      put: "}",
    },
    {
      what: "what follows has no cause",
      file: "reactor.ts",
      find: "{ ...options, causation, correlation, metadata }",
      put: "{ ...options, correlation, metadata }",
    },
    {
      what: "what follows has no correlation",
      file: "reactor.ts",
      find: "{ ...options, causation, correlation, metadata }",
      put: "{ ...options, causation, metadata }",
    },
    {
      what: "a store that has failed is the fault of an event",
      file: "reactor.ts",
      find: 'if (this.#store.health.kind !== "ok") throw error; // of the store, not of this event',
    },
    {
      what: "what a handler says too late is lost",
      file: "reactor.ts",
      find: 'if (this.#reactions === undefined) throw new StoreError("STORE_CLOSED", "the handler of this event is done");',
      put: "if (this.#reactions === undefined) return;",
    },
    { what: "a handler of an earlier attempt speaks on", file: "reactor.ts", find: "this.#reactions = undefined;" },
    {
      what: "an event that is stopped for is skipped",
      file: "reactor.ts",
      find: 'if (decision === "stop") throw failed(event, error);',
      put: 'if (decision === "stop") return 0;',
    },
    {
      what: "what stands for a skipped event may be in conflict",
      file: "reactor.ts",
      find: 'if (typeof outcome !== "number") throw failed(event, outcome);',
      put: 'if (typeof outcome !== "number") return 0;',
    },
    {
      what: "a conflict is handled",
      file: "reactor.ts",
      find: 'if (outcome.kind === "conflict") return outcome;',
      put: 'if (outcome.kind === "conflict") return 0;',
    },
    {
      what: "other events than the first time end a reactor",
      file: "reactor.ts",
      find: 'if (!(error instanceof StoreError && error.code === "STORE_KEY_REUSED")) throw error;',
      put: "throw error;",
    },
    {
      what: "whatever ends a commit is a repetition",
      file: "reactor.ts",
      find: 'if (!(error instanceof StoreError && error.code === "STORE_KEY_REUSED")) throw error;',
      put: "if (!(error instanceof StoreError)) throw error;",
    },
    {
      what: "a signal does not end a reactor between two events",
      file: "reactor.ts",
      find: "if (signal?.aborted === true) return false;",
    },
    { what: "a pause is not ended by a signal", file: "reactor.ts", find: 'signal?.addEventListener("abort", end);' },
    {
      what: "a reactor that has failed keeps its cursor",
      file: "reactor.ts",
      find: "await cursor.close().catch(() => {}); // the first failure is the one to tell",
    },
  ],
);

const subscriptions = storeArea(
  "store subscription",
  [tests.storeSubscription, tests.storeConsumerDefects],
  [
    {
      what: "a subscriber's queue has one place more",
      file: "subscription.ts",
      in: "#push(",
      find: "this.#waiting.length >= capacity",
      put: "this.#waiting.length > capacity",
    },
    {
      what: "there is always room",
      file: "subscription.ts",
      find: "this.#waiting.length >= this.#options.capacity && ",
      put: "this.#waiting.length < 0 && ",
    },
    {
      what: "what overflows is dropped whatever was said",
      file: "subscription.ts",
      find: 'if (overflow === "error") {',
      put: 'if (overflow === ("never" as string)) {',
    },
    {
      what: "the newest is dropped",
      file: "subscription.ts",
      find: "this.#waiting.shift();",
      put: "this.#waiting.pop();",
    },
    { what: "what was dropped is not told with the batch", file: "subscription.ts", find: "this.#droppedBefore += 1;" },
    { what: "what was dropped is told with every batch", file: "subscription.ts", find: "this.#droppedBefore = 0;" },
    { what: "what was dropped is not counted", file: "subscription.ts", find: "this.#dropped += 1;" },
    {
      what: "what is there at the beginning overflows",
      file: "subscription.ts",
      find: "event.sequence <= caughtUp || ",
    },
    { what: "what comes never waits", file: "subscription.ts", find: ' || overflow === "wait"' },
    {
      what: "nobody hears of an event that has come",
      file: "subscription.ts",
      in: "#push(",
      find: "this.#wakeSubscriber?.();",
    },
    {
      what: "nobody reads on when there is room",
      file: "subscription.ts",
      in: "async *[Symbol.asyncIterator]",
      find: "this.#wakeFeeder?.();",
    },
    {
      what: "a failure ends a subscription without a word",
      file: "subscription.ts",
      find: "this.#finish({ error });",
      put: 'this.#finish("closed"); void error;',
    },
    {
      what: "a subscription that is left reads on",
      file: "subscription.ts",
      in: "async *[Symbol.asyncIterator]",
      find: "this.close();",
    },
    {
      what: "a subscription that has ended is heard by its signal",
      file: "subscription.ts",
      find: 'this.#options.signal?.removeEventListener("abort", this.#stop);',
    },
    {
      what: "a signal does not end a subscription",
      file: "subscription.ts",
      find: 'signal?.addEventListener("abort", this.#stop);',
    },
    {
      what: "two loops share the events",
      file: "subscription.ts",
      find: 'if (this.#isIterated) throw refused("subscription", "has its loop: another one would take its events");',
    },
    {
      what: "an event is given out behind the end",
      file: "subscription.ts",
      find: "if (this.#end !== undefined) return;",
    },
  ],
);

export const storeConsumerMutations = [...positions, ...reactors, ...subscriptions];
