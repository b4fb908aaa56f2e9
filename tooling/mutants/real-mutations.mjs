// Barriers of the host: real-file-handle.ts, real-barrier-queue.ts, real-fs.ts, real-directory.ts, real-calls.ts.
import { area, tests } from "./area.mjs";

export const realMutations = area(
  "real",
  [tests.realHandle],
  [
    { what: "a promised data barrier is an fsync", file: "real-file-handle.ts", find: "this.#calls.fdatasyncAsync(this.#fd, done)", put: "this.#calls.fsyncAsync(this.#fd, done)" },
    { what: "a promised full barrier is an fdatasync", file: "real-file-handle.ts", find: "else this.#calls.fsyncAsync(this.#fd, done);", put: "else this.#calls.fdatasyncAsync(this.#fd, done);" },
    { what: "a promised data barrier is nothing", file: "real-file-handle.ts", find: "this.#calls.fdatasyncAsync(this.#fd, done)", put: "done(null)" },
    { what: "a promised full barrier is nothing", file: "real-file-handle.ts", find: "else this.#calls.fsyncAsync(this.#fd, done);", put: "else done(null);" },
    { what: "a blocking data barrier is an fsync", file: "real-file-handle.ts", find: "this.#calls.fdatasync(this.#fd);", put: "this.#calls.fsync(this.#fd);" },
    { what: "a blocking full barrier is an fdatasync", file: "real-file-handle.ts", find: "else this.#calls.fsync(this.#fd);", put: "else this.#calls.fdatasync(this.#fd);" },
    { what: "a blocking data barrier is nothing", file: "real-file-handle.ts", find: 'if (rung === "data") this.#calls.fdatasync(this.#fd);\n      else', put: 'if (rung !== "data")' },
    { what: "a blocking full barrier is nothing", file: "real-file-handle.ts", find: "else this.#calls.fsync(this.#fd);" },
    { what: "a promised barrier ignores its error", file: "real-file-handle.ts", find: "else reject(this.#poison(error));", put: "else resolve();" },
    { what: "a promised barrier fails without poison", file: "real-file-handle.ts", find: "else reject(this.#poison(error));", put: "else reject(error);" },
    { what: "a blocking barrier ignores its error", file: "real-file-handle.ts", in: "  syncBlocking(rung", find: "throw this.#poison(error);", put: "void error;" },
    { what: "a blocking barrier fails without poison", file: "real-file-handle.ts", in: "  syncBlocking(rung", find: "throw this.#poison(error);", put: 'throw fsErrorFrom(error, "sync", this.path);' },
    { what: "the poison is forgotten", file: "real-file-handle.ts", find: "this.#failure ??= failure;" },
    { what: "a poisoned handle writes on", file: "real-file-handle.ts", in: "  #poison(error", find: "this.#mayWriteAt = false;" },
    { what: "a poisoned handle appends on", file: "real-file-handle.ts", in: "  #poison(error", find: "this.#mayAppend = false;" },
    { what: "a poisoned handle syncs on", file: "real-file-handle.ts", in: "  #checkBarrier(rung", find: 'if (this.#failure !== undefined) throw poisoned("sync", this.path, this.#failure);' },
    { what: "a poisoned handle is truncated", file: "real-file-handle.ts", in: "  #checkChange(operation", find: "if (this.#failure !== undefined) throw poisoned(operation, this.path, this.#failure);" },
    { what: "a barrier behind a failed one asks the platform", file: "real-file-handle.ts", in: "  #barrier(rung", find: 'if (this.#failure !== undefined) return Promise.reject(poisoned("sync", this.path, this.#failure));' },
    { what: "a blocking barrier runs beside a promised one", file: "real-file-handle.ts", find: "if (this.#barriers.busy) {", put: "if (this.#barriers === undefined) {" },
    { what: "a closed handle syncs", file: "real-file-handle.ts", in: "  #checkBarrier(rung", find: 'if (!this.#open) throw this.#closedError("sync");' },
    { what: "close gives the descriptor back while a promise uses it", file: "real-file-handle.ts", find: "if (this.#inFlight === 0) this.#release();", put: "this.#release();" },
    { what: "a barrier does not count as using the descriptor", file: "real-file-handle.ts", in: "  sync(rung: SyncRung)", find: "this.#inFlight += 1;" },
    { what: "the descriptor is never given back behind a promise", file: "real-file-handle.ts", in: "  #settle(error", find: "this.#release();" },
    { what: "a failed close behind a promise is ignored", file: "real-file-handle.ts", in: "  #settle(error", find: "if (error === undefined) throw closeFailure;" },

    // --- real-barrier-queue.ts ---
    { what: "barriers run side by side", file: "real-barrier-queue.ts", find: "const own = this.#count === 1 ? barrier() : this.#newest.then(barrier);", put: "const own = barrier();" },
    { what: "a barrier waits for a promise though nothing is in flight", file: "real-barrier-queue.ts", find: "const own = this.#count === 1 ? barrier() : this.#newest.then(barrier);", put: "const own = this.#newest.then(barrier);" },
    { what: "a barrier does not wait for the one before it", file: "real-barrier-queue.ts", find: "this.#newest = own.then(ignore, ignore);" },
    { what: "a barrier that worked is in flight for ever", file: "real-barrier-queue.ts", find: "this.#count -= 1;\n        settled();", put: "settled();" },
    { what: "a barrier that failed is in flight for ever", file: "real-barrier-queue.ts", find: "this.#count -= 1;\n        settled(error);", put: "settled(error);" },
    { what: "a failed barrier of the queue says success", file: "real-barrier-queue.ts", find: "settled(error);\n        throw error;", put: "settled(error);" },

    // --- real-fs.ts ---
    { what: "syncNames does nothing", file: "real-fs.ts", in: "  async syncNames(path", find: "this.#calls.fsyncAsync(barrier.fd, done)", put: "done(null)", tests: [tests.realFs] },
    { what: "syncNamesBlocking does nothing", file: "real-fs.ts", in: "  syncNamesBlocking(path", find: "this.#calls.fsync(barrier.fd);", tests: [tests.realFs] },
    { what: "syncNames is an fdatasync", file: "real-fs.ts", in: "  async syncNames(path", find: "this.#calls.fsyncAsync(barrier.fd, done)", put: "this.#calls.fdatasyncAsync(barrier.fd, done)", tests: [tests.realFs] },
    { what: "syncNamesBlocking is an fdatasync", file: "real-fs.ts", in: "  syncNamesBlocking(path", find: "this.#calls.fsync(barrier.fd);", put: "this.#calls.fdatasync(barrier.fd);", tests: [tests.realFs] },
    { what: "syncNames ignores its error", file: "real-fs.ts", find: "error === null ? undefined : this.#poisonNames(error, path, barrier.identity)", put: "undefined", tests: [tests.realFs] },
    { what: "syncNamesBlocking ignores its error", file: "real-fs.ts", in: "  syncNamesBlocking(path", find: "failure = this.#poisonNames(error, path, barrier.identity);", put: "void error;", tests: [tests.realFs] },
    { what: "a failed names barrier does not poison", file: "real-fs.ts", find: "this.#poisonedNames.set(identity, failure);", tests: [tests.realFs] },
    { what: "the poison of a directory is not asked for", file: "real-fs.ts", find: "if (failure !== undefined) {\n      throw poisoned(", put: "if (failure !== undefined && identity === "") {\n      throw poisoned(", tests: [tests.realFs] },
    { what: "a names barrier leaks its descriptor", file: "real-fs.ts", in: "  #giveBack(fd", find: "this.#calls.close(fd);", tests: [tests.realFs] },
    { what: "Windows says it has a names barrier", file: "real-fs.ts", find: 'namesBarrier: this.#windows ? "rename-only" : "fsync",', put: 'namesBarrier: "fsync",', tests: [tests.realFs] },

    // --- real-directory.ts ---
    { what: "openDirectory does not sync the names it made", file: "real-directory.ts", find: 'new RealFs({ root: level }).syncNamesBlocking("/");', tests: [tests.realDirectory] },
    { what: "openDirectory syncs only the innermost name", file: "real-directory.ts", find: "const last = dirname(outermost ?? path);", put: "const last = dirname(path);", tests: [tests.realDirectory] },
    { what: "openDirectory ignores that a new name could not be synced", file: "real-directory.ts", find: "if (outermost !== undefined || !isFsError(error,", put: "if (!isFsError(error,", tests: [tests.realDirectory] },
    { what: "openDirectory ignores every failed barrier", file: "real-directory.ts", find: 'if (outermost !== undefined || !isFsError(error, "FS_PERMISSION_DENIED")) throw error;', tests: [tests.realDirectory] },

    // --- real-calls.ts ---
    { what: "the platform's fsync is its fdatasync", file: "real-calls.ts", find: "fsync: fs.fsyncSync,", put: "fsync: fs.fdatasyncSync," },
    { what: "the platform's promised fsync is its fdatasync", file: "real-calls.ts", find: "fsyncAsync: fs.fsync,", put: "fsyncAsync: fs.fdatasync," },
    { what: "the platform's fdatasync does nothing", file: "real-calls.ts", find: "fdatasync: fs.fdatasyncSync,", put: "fdatasync: () => undefined," },
    { what: "the platform's promised fdatasync does nothing", file: "real-calls.ts", find: "fdatasyncAsync: fs.fdatasync,", put: "fdatasyncAsync: (_fd, done) => void setImmediate(done, null)," },
  ],
);
