// The core of the event store: what is refused before anything is written, what a write leaves in memory, what is read, and what is
// verified. A mistake here answers a repetition with another event, reads past what is visible, or calls damage intact.
import { storeArea, tests } from "./area.mjs";

const usual = [
  tests.storeAppend,
  tests.storeOutcomes,
  tests.storeRefusals,
  tests.storeIds,
  tests.storeBeside,
  tests.storeDefects,
  tests.storeModel,
  tests.storeCalls,
];
const reading = [tests.storeRegions, tests.storeRefusals, tests.storeBeside, tests.storeVerification, tests.storeModel];

const writing = storeArea("store writing", usual, [
  // --- event-writer.ts ---
  {
    what: "an expectation that does not hold is no conflict",
    file: "event-writer.ts",
    find: "if (conflict !== undefined) return conflict;",
  },
  {
    what: "an expectation counts no events of its own commit",
    file: "event-writer.ts",
    find: "stream.nextRevision += 1;",
  },
  {
    what: "a conflict names the first event of its commit",
    file: "event-writer.ts",
    find: 'return { kind: "conflict", index, expected, actual };',
    put: 'return { kind: "conflict", index: 0 * index, expected, actual };',
  },
  {
    what: "an empty stream is at revision 0",
    file: "event-writer.ts",
    find: 'const actual = nextRevision === 0 ? "empty" : nextRevision - 1;',
    put: "const actual = nextRevision === 0 ? 0 : nextRevision - 1;",
  },
  {
    what: "nobody's expectation has to hold",
    file: "event-writer.ts",
    find: 'expected === "any" || expected === actual',
    put: 'expected === "any" || expected !== actual',
  },
  {
    what: "a full store takes more",
    file: "event-writer.ts",
    find: 'if (!this.#index.hasRoom(events.length)) throw new StoreError("STORE_FULL", "a store has room for 2^32 events");',
  },
  {
    what: "times descend when the clock goes back",
    file: "event-writer.ts",
    find: "Math.max(this.#index.lastTimeUs, timeUs)",
    put: "timeUs",
  },
  {
    what: "the head of a stream stays what it was",
    file: "event-writer.ts",
    find: "this.#heads.set(",
    put: "if (event.revision === 0) this.#heads.set(",
  },
  {
    what: "the store goes on from the hash it was opened with",
    file: "event-writer.ts",
    find: "this.#lastHash = (encoded.at(-1) as EncodedEvent).hash; // there is one",
  },
  {
    what: "events of a commit all link to the one before the commit",
    file: "event-writer.ts",
    find: "previousHash = encoded.hash;",
  },
  {
    what: "events of one stream in a commit all link to the one before it",
    file: "event-writer.ts",
    find: "stream.hash = encoded.hash;",
  },
  {
    what: "a store that is opened begins its chain anew",
    file: "event-writer.ts",
    find: "lastSequence === 0 ? noHash : lookup.hashOf(lastSequence)",
    put: "lastSequence < 0 ? lookup.hashOf(lastSequence) : noHash",
  },
  {
    what: "lanes share their streams inside a commit",
    file: "event-writer.ts",
    find: "`${event.lane}/${",
    put: "`${event.lane * 0}/${",
  },
  {
    what: "an event that may wait is written, and one that may not waits",
    file: "event-writer.ts",
    find: "if (isWritten) this.#log.appendWritten(records);",
    put: "if (!isWritten) this.#log.appendWritten(records);",
  },
  {
    what: "a commit that may wait is several frames",
    file: "event-writer.ts",
    find: "else this.#log.appendBatch(records);",
    put: "else for (const record of records) this.#log.append(record);",
  },
  {
    what: "a commit is several frames",
    file: "event-writer.ts",
    find: "if (isWritten) this.#log.appendWritten(records);",
    put: "if (isWritten) for (const record of records) this.#log.appendWritten([record]);",
    tests: [tests.storeDefects, tests.storeModel, tests.storeCalls],
  },
  {
    what: "events are in the index before the log has them",
    file: "event-writer.ts",
    find: "this.#append(encoded, isWritten);",
    put: "for (const event of encoded) this.#index.add(event, event.sequence, this.#log.lastPlace); this.#append(encoded, isWritten);",
  },
  // --- event-replay.ts ---
  {
    what: "a commit with a key may have had more events",
    file: "event-replay.ts",
    find: 'if (hasIdAt(first + events.length, idBehind)) throw reused(first, "the first time it had more events");',
  },
  {
    what: "a commit with a key may have had fewer events",
    file: "event-replay.ts",
    find: 'if (!hasIdAt(sequence, event.id)) throw reused(first, "the first time it had fewer events");',
  },
  {
    what: "an event behind the last is read",
    file: "event-replay.ts",
    find: "if (sequence > lastSequence) return false;",
  },
  ...["entity", "lane", "scope", "kind", "version"].map((field) => ({
    what: `a key does not ask for the ${field}`,
    file: "event-replay.ts",
    find: `return "${field}";`,
    put: "{}",
  })),
  {
    what: "a key does not ask for the payload",
    file: "event-replay.ts",
    find: 'return isSamePayload ? undefined : "payload";',
    put: 'return isSamePayload || event.kind > 0 ? undefined : "payload";',
  },
  {
    what: "an id of a keyed commit may be that of another event",
    file: "event-replay.ts",
    find: "if (taken !== undefined) {",
    put: "if (taken !== undefined && first > 0) {",
  },
  {
    what: "an event without a key is the first time of one",
    file: "event-replay.ts",
    find: "if (!lookup.view(first).isKeyed)",
    put: "if (false)",
  },
  // --- event-staging.ts ---
  {
    what: "an id that is taken is given again",
    file: "event-staging.ts",
    find: "while (isTaken(id));",
    put: "while (false);",
  },
  { what: "any expectation passes", file: "event-staging.ts", find: "checkExpectation(expectedRevision);" },
  { what: "any lane passes", file: "event-staging.ts", find: "checkLane(lane);" },
  {
    what: "an address may have any field",
    file: "event-staging.ts",
    find: 'checkOptions(at, ["entity", "scope", "lane"], "a stream");',
  },
  {
    what: "an event with a key does not say so",
    file: "event-staging.ts",
    find: "isKeyed: key !== undefined",
    put: "isKeyed: false",
  },
  {
    what: "a cause is taken as it is spelled",
    file: "event-staging.ts",
    find: "causation: causation === undefined ? undefined : parseEventId(causation)",
    put: "causation: undefined",
  },
  {
    what: "a correlation is lost",
    file: "event-staging.ts",
    find: "correlation: correlation === undefined ? undefined : parseEventId(correlation)",
    put: "correlation: undefined",
  },
  {
    what: "metadata of any length",
    file: "event-staging.ts",
    find: "if (bytes.length <= MAX_METADATA_BYTES) return bytes;",
    put: "return bytes;",
  },
  {
    what: "metadata may be a list",
    file: "event-staging.ts",
    find: " && !Array.isArray(metadata)",
  },
  { what: "metadata may be null", file: "event-staging.ts", find: " && metadata !== null" },
  // --- commit-builder.ts ---
  {
    what: "a commit that is over takes events",
    file: "commit-builder.ts",
    find: 'if (this.#isDone) throw new StoreError("STORE_CLOSED", "the commit is over");',
  },
  { what: "a commit is never over", file: "commit-builder.ts", find: "this.#isDone = true;" },
  {
    what: "an event of a commit takes any option",
    file: "commit-builder.ts",
    find: 'checkOptions(options, eventKeys, "an event of a commit");',
  },
  {
    what: "all events of a keyed commit have one id",
    file: "commit-builder.ts",
    find: "index: this.#staged.length",
    put: "index: 0",
  },
  // --- store.ts, writing ---
  {
    what: "an append takes any option",
    file: "store.ts",
    find: 'checkOptions(options, appendKeys, "an append");',
  },
  { what: "a commit takes any option", file: "store.ts", find: 'checkOptions(options, commitKeys, "a commit");' },
  {
    what: "a commit may be built asynchronously",
    file: "store.ts",
    find: 'need(typeof result?.then !== "function", "build", "must not be asynchronous: a commit is made at once");',
  },
  {
    what: "any rung is written",
    file: "store.ts",
    find: 'if (rung !== "os" && rung !== "memory")',
    put: "if (false)",
  },
  {
    what: "the rung memory is that of the system",
    file: "store.ts",
    find: 'this.#writer.write(staged, timeUs, rung === "os")',
    put: "this.#writer.write(staged, timeUs, true)",
  },
  {
    what: "a store that has failed takes more",
    file: "store.ts",
    in: "#write(",
    find: "this.#checkFailure();",
  },
  { what: "a key is not looked up", file: "store.ts", find: "if (key !== undefined) {", put: "if (false) {" },
  {
    what: "a replay says that it has appended",
    file: "store.ts",
    in: "#write(",
    find: 'receiptsOf("replayed", staged, known)',
    put: 'receiptsOf("appended", staged, known)',
  },
  {
    what: "a promise of durability asks for no barrier",
    file: "store.ts",
    find: 'if (sequence > this.#log.durableLsn) await this.#sync("data", options);',
  },
  {
    what: "what is durable already waits for a barrier",
    file: "store.ts",
    find: "if (sequence > this.#log.durableLsn) await",
    put: "await",
  },
  {
    what: "an event that is not there may be waited for",
    file: "store.ts",
    find: "sequence >= 0 && sequence <= this.lastSequence",
    put: "sequence >= 0",
  },
  {
    what: "what is written is durable",
    file: "store.ts",
    find: "durable: this.#log.durableLsn",
    put: "durable: this.#log.writtenLsn",
  },
  {
    what: "what waits in memory is visible",
    file: "store.ts",
    find: "visible: this.#log.writtenLsn",
    put: "visible: this.#log.lastLsn",
  },
  { what: "any time is written", file: "store.ts", find: "timeMs >= 0 && timeMs < MAX_TIME_MS", put: "timeMs !== 0" },
  {
    what: "a close that had no room ends the store",
    file: "store.ts",
    find: 'if (!(error instanceof WalError && error.code === "WAL_NO_SPACE")) this.#release();',
    put: "this.#release();",
  },
  { what: "a store that is closed is open", file: "store.ts", find: "this.#isClosed = true;" },
  { what: "a store that is closed leaves its files open", file: "store.ts", find: "this.#places.close();" },
  {
    what: "an open that fails leaves the log open",
    file: "open-store.ts",
    in: "export async function openStore",
    find: "await log.close();",
  },
  {
    what: "a receipt is signed without a signer",
    file: "store.ts",
    find: 'if (this.#signer === undefined || algorithm === "none") throw refused("signer", "was not given");',
  },
]);

const looking = storeArea("store reading", reading, [
  // --- store.ts, reading ---
  {
    what: "reading does not write what waits",
    file: "store.ts",
    find: "log.write();",
  },
  {
    what: "reading a store on a full disk fails",
    file: "store.ts",
    find: "} catch { // A full disk",
    put: "} catch (error) { throw error; // A full disk",
  },
  // --- event-lookup.ts ---
  {
    what: "an id that shares a hash is the one",
    file: "event-lookup.ts",
    find: "return isSame(bytes, start + layoutAt.id, id, 0, ID_BYTES);",
    put: "return bytes.length > start;",
    tests: [tests.storeLookup],
  },
  {
    what: "events that are not visible are found by id",
    file: "event-lookup.ts",
    find: "if (sequence > last) return false;",
    tests: [tests.storeLookup],
  },
  {
    what: "an event that was written again elsewhere is gone",
    file: "event-lookup.ts",
    find: "if (!mayHaveMoved(error) || this.#relocate === undefined) throw error;",
    put: "throw error;",
  },
  // --- event-scan.ts ---
  {
    what: "a scan walks on behind the frame before",
    file: "event-scan.ts",
    find: "|| sequence < behind.nextLsn",
  },
  {
    what: "files that were replaced end a scan",
    file: "event-scan.ts",
    find: "if (!mayHaveMoved(error)) throw error;",
    put: "throw error;",
  },
  { what: "a scan that ends leaves its file open", file: "event-scan.ts", find: "this.#walk?.close();" },
  // --- region-selection.ts ---
  { what: "a limit of 0 is one", file: "region-selection.ts", find: "if (selection.limit === 0) return;" },
  {
    what: "a limit is one too many",
    file: "region-selection.ts",
    find: "if (count >= selection.limit) return;",
    put: "if (count > selection.limit) return;",
  },
  { what: "every event passes", file: "region-selection.ts", find: "if (!matches(sequence - 1)) continue;" },
  {
    what: "the ordinal of the event behind is asked",
    file: "region-selection.ts",
    find: "matches(sequence - 1)",
    put: "matches(Math.min(sequence, last - 1))",
  },
  {
    what: "a region begins behind its first sequence",
    file: "region-selection.ts",
    find: "Math.max(1, fromSequence)",
    put: "Math.max(1, fromSequence + 1)",
  },
  {
    what: "a region has the sequence that it ends before",
    file: "region-selection.ts",
    find: "Math.min(last + 1, beforeSequence)",
    put: "Math.min(last + 1, beforeSequence + 1)",
  },
  {
    what: "a region has what is not visible",
    file: "region-selection.ts",
    find: "Math.min(last + 1, beforeSequence)",
    put: "Math.min(index.lastSequence + 1, beforeSequence)",
    tests: [tests.storeRefusals, tests.storeCalls, tests.storeBeside, tests.storeDefects],
  },
  {
    what: "a region begins an event late",
    file: "region-selection.ts",
    find: "index.columns.firstAt(fromTimeUs) + 1",
    put: "index.columns.firstAt(fromTimeUs) + 2",
  },
  {
    what: "a region has the time that it ends before",
    file: "region-selection.ts",
    find: "index.columns.firstAt(beforeTimeUs) + 1",
    put: "index.columns.firstAt(beforeTimeUs) + 2",
  },
  {
    what: "a page begins with the event that the one before ended with",
    file: "region-selection.ts",
    find: "behind + 1",
    put: "behind",
  },
  {
    what: "a page backward begins with the event that the one before ended with",
    file: "region-selection.ts",
    find: "Math.min(end, behind)",
    put: "Math.min(end, behind + 1)",
  },
  {
    what: "an entity is its lane 0",
    file: "region-selection.ts",
    find: "(lane === undefined && index.streams.hasLanes)",
    put: "false",
  },
  {
    what: "a lane is lane 0",
    file: "region-selection.ts",
    find: "index.findStream(entity, lane ?? 0)",
    put: "index.findStream(entity, 0)",
  },
  {
    what: "kinds are not asked",
    file: "region-selection.ts",
    find: "if (kinds !== undefined && !kinds.has(columns.kindOf(ordinal))) return false;",
  },
  {
    what: "scopes are not asked",
    file: "region-selection.ts",
    find: "if (scopeNumber !== undefined && columns.scopeOf(ordinal) !== scopeNumber) return false;",
  },
  {
    what: "lanes are not asked",
    file: "region-selection.ts",
    find: "if (lane !== undefined && streams.laneOf(stream) !== lane) return false;",
  },
  {
    what: "what is known of a stream is forgotten, and its opposite believed",
    file: "region-selection.ts",
    find: "return answer === 2;",
    put: "return answer === 1;",
  },
  {
    what: "a name that is shorter than a prefix begins with it",
    file: "region-selection.ts",
    find: "if (bytes.length < prefix.length) return false;",
    put: "if (bytes.length < prefix.length) return true;",
  },
  // --- stream-selection.ts ---
  {
    what: "a stream has what is not visible",
    file: "stream-selection.ts",
    find: "index.sequenceIn(stream, length - 1) <= last ? length : index.streams.firstFrom(stream, last)",
    put: "last < 0 ? index.streams.firstFrom(stream, last) : length",
    tests: [tests.storeRefusals, tests.storeCalls, tests.storeBeside, tests.storeDefects],
  },
  {
    what: "reading backward begins behind the end",
    file: "stream-selection.ts",
    find: "Math.min(from ?? length - 1, length - 1)",
    put: "from ?? length - 1",
  },
  {
    what: "a stream is read forward only",
    file: "stream-selection.ts",
    find: "revision += backward ? -1 : 1;",
    put: "revision += 1;",
  },
  {
    what: "a stream is read without limit",
    file: "stream-selection.ts",
    find: "count < limit && ",
  },
  // --- readable-store.ts ---
  {
    what: "an event that is not visible is read by its sequence, and has a hash",
    file: "readable-store.ts",
    in: "#isThere(sequence: number)",
    find: "sequence <= this.visible()",
    put: "sequence <= this.visible() + 1",
  },
  {
    what: "there is an event 0",
    file: "readable-store.ts",
    in: "#isThere(sequence: number)",
    find: "sequence > 0",
    put: "sequence >= 0",
  },
  {
    what: "a stream takes any option",
    file: "readable-store.ts",
    find: 'checkOptions(options, ["from", "backward", "limit", "signal"], "a stream");',
  },
  {
    what: "reading may begin anywhere",
    file: "readable-store.ts",
    find: 'if (from !== undefined) checkCount("from", from);',
  },
  {
    what: "a region takes any option",
    file: "readable-store.ts",
    find: 'checkOptions(given, ["after", "upTo", ...readingKeys], "a region");',
  },
  {
    what: "a page may be empty",
    file: "readable-store.ts",
    find: 'need(limit > 0, "limit", "must be at least 1");',
  },
  {
    what: "a token of another history is a place in this one",
    file: "readable-store.ts",
    find: "if (anchor !== undefined) checkAnchor(anchor, this.hashAt(anchor.sequence));",
    tests: [tests.storeRegions, tests.storeDefects, tests.storeRefusals],
  },
  {
    what: "a page is the last although one more is there",
    file: "readable-store.ts",
    find: "isLast: found.length <= limit",
    put: "isLast: found.length <= limit + 1",
  },
  {
    what: "a page without events leads back to the first",
    file: "readable-store.ts",
    find: "last === undefined ? after : encodePageToken(",
    put: "last === undefined ? undefined : encodePageToken(",
  },
  {
    what: "a page has one event more than it may",
    file: "readable-store.ts",
    find: "found.slice(0, limit)",
    put: "found.slice(0, limit + 1)",
  },
  { what: "a scan that is left keeps its file", file: "readable-store.ts", find: "scan.close();" },
  {
    what: "batches never end",
    file: "readable-store.ts",
    find: "if (batch.length === BATCH_EVENTS) break;",
    put: "if (batch.length > BATCH_EVENTS) break;",
  },
  {
    what: "a signal does not end reading",
    file: "readable-store.ts",
    in: "#check(signal",
    find: "refuseAborted(signal);",
  },
  {
    what: "a store that was closed is read on",
    file: "readable-store.ts",
    in: "#check(signal",
    find: "this.visible();",
  },
  {
    what: "a signal may be anything",
    file: "reading-options.ts",
    find: "checkSignal(signal); return { backward",
    put: "return { backward",
  },
  {
    what: "a limit may be anything",
    file: "reading-options.ts",
    find: 'if (limit !== undefined) checkCount("limit", limit);',
  },
  // --- store-reader.ts ---
  {
    what: "the log of somebody else is read as a store",
    file: "store-reader.ts",
    find: "if (header.content !== STORE_CONTENT) {",
    put: "if (false) {",
  },
  { what: "a reader takes any option", file: "store-reader.ts", find: "checkReaderOptions(options);" },
  {
    what: "a reader looks at the same segments again",
    file: "store-reader.ts",
    in: "refresh(): number",
    find: "this.#log.refresh();",
  },
  {
    what: "a reader does not take in what has come",
    file: "store-reader.ts",
    in: "refresh(): number",
    find: "this.#indexer.catchUp(this.#index, this.#log.segments());",
  },
  {
    what: "a reader verifies what it saw before",
    file: "store-reader.ts",
    in: "override async verify",
    find: "this.refresh();",
  },
  {
    what: "an open of the writer ends a verification beside it",
    file: "store-reader.ts",
    find: 'if (!isFsError(error, "FS_NOT_FOUND")) throw error;',
    put: "throw error;",
  },
  { what: "a reader that is closed leaves files open", file: "store-reader.ts", find: "this.#places.close();" },
  { what: "a reader that is closed is open", file: "store-reader.ts", find: "this.#isClosed = true;" },
]);

const verifying = storeArea(
  "store verification",
  [tests.storeVerification, tests.storeDefects, tests.storeRefusals],
  [
    { what: "links are not followed", file: "verification.ts", find: "if (fault !== undefined) return fault;" },
    {
      what: "what is wrong is not told",
      file: "verification.ts",
      find: 'if (fault !== undefined) return { kind: "damaged", isDeep, events: sequence - 1, fault };',
    },
    {
      what: "a verification is never deep",
      file: "verification.ts",
      find: "isDeep ? new ChainCheck(parts.hasher) : undefined",
      put: "parts.last < 0 ? new ChainCheck(parts.hasher) : undefined",
    },
    {
      what: "the last event is not looked at",
      file: "verification.ts",
      find: "for (let sequence = 1; sequence <= last; sequence += 1) {",
      put: "for (let sequence = 1; sequence < last; sequence += 1) {",
    },
    {
      what: "events that are missing are none",
      file: "verification.ts",
      find: 'if (!walk.next()) return { kind: "sequence", sequence, expected: sequence };',
      put: "if (!walk.next()) return undefined;",
    },
    {
      what: "a damaged frame is thrown",
      file: "verification.ts",
      find: "if (!(error instanceof WalError) && !(error instanceof StoreError)) throw error;",
      put: "throw error;",
    },
    { what: "a signal does not end a verification", file: "verification.ts", find: "refuseAborted(signal);" },
    {
      what: "nobody hears of the progress",
      file: "verification.ts",
      find: "onProgress?.({ events: sequence, totalEvents: last });",
      put: "void last;",
    },
    {
      what: "a verification holds the event loop",
      file: "verification.ts",
      find: "if (sequence % EVENTS_PER_TURN === 0) await turn();",
    },
    { what: "a verification that ends leaves its file open", file: "verification.ts", find: "walk.close();" },
    {
      what: "a verification takes any option",
      file: "verification.ts",
      find: 'checkOptions(options, ["deep", "signal", "onProgress"], "a verification");',
    },
    {
      what: "deep may be anything",
      file: "verification.ts",
      find: 'need(typeof isDeep === "boolean", "deep", "must be a boolean");',
    },
    ...["stream", "revision", "kind", "time", "scope", "offset", "segment"].map((field) => ({
      what: `the index may say another ${field}`,
      file: "verification.ts",
      find: `return "${field}";`,
      put: "{}",
    })),
    {
      what: "the index may not know the id",
      file: "verification.ts",
      find: '=== walk.lsn ? undefined : "id"',
      put: "=== walk.lsn ? undefined : undefined",
    },
  ],
);

export const storeMutations = [...writing, ...looking, ...verifying];
