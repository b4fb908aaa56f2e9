// What a run records, and how a barrier goes from its issue to its end: effects.ts, engine-*.ts.
import { area, tests } from "./area.mjs";

export const logMutations = area(
  "log",
  [tests.crash, tests.log, tests.laws, tests.crashStates, ...tests.simFs],
  [
    // --- the records ---
    {
      what: "bytes written are not in the log",
      file: "effect-log.ts",
      find: "this.#data(dataKind, ino, page, start, end, bytes, shift);",
    },
    {
      what: "the log forgets what its payload weighs",
      file: "effect-log.ts",
      find: "if (bytes !== undefined) this.payloadBytes += end - start;",
    },
    {
      what: "a changed length is not in the log",
      file: "effect-log.ts",
      find: "records.push(new SizeEffect(seq, ino, from, to, cause, undefined));",
    },
    {
      what: "a changed name is not in the log",
      file: "effect-log.ts",
      find: "records.push(new NameEffect(kind, seq, first, name, ino, inodeKind, seq - (third & 3), rename, undefined));",
    },
    {
      what: "a barrier is not in the log",
      file: "effect-log.ts",
      find: "records.push(new BarrierRecord(seq, scope, ino, rung, seq - first, outcome, nothingLost, undefined, undefined));",
    },
    {
      what: "names that no rename ties together are one group",
      file: "effect-log.ts",
      find: "group: number = this.length,",
      put: "group: number = 0,",
    },

    // --- what a call records ---
    {
      what: "a write that grows the file records no length",
      file: "engine-content.ts",
      find: "if (!appends) logGrowth(log, ino, content.size, end, inBlock);",
    },
    {
      what: "a write records no bytes",
      file: "engine-content.ts",
      find: "else log.data(ino, index, start, start + count, payload.bytes, payload.shift);",
    },
    {
      what: "the disk never hears of a write",
      file: "engine-content.ts",
      find: "this.afterLoggedWrite(handle, first);",
    },
    {
      what: "a fault of one write strikes all before it",
      file: "engine-content.ts",
      find: "const first = log.length;",
      put: "const first = 0;",
    },
    {
      what: "a cut or growth records no length",
      file: "engine-content.ts",
      find: 'this.log?.size(ino, from, size, "set");',
    },
    {
      what: "a cut does not record that it zeroes the rest of the last page",
      file: "engine-content.ts",
      find: "this.log?.data(ino, page, rest, Math.min(pageBytes, from - page * pageBytes), undefined, 0);",
    },
    {
      what: "a punched hole is not in the log",
      file: "engine-content.ts",
      find: "this.log?.data(handle.ino, index, start, stop, undefined, 0);",
    },
    {
      what: "an allocation does not grow the file",
      file: "engine-content.ts",
      in: "allocate(handle: EngineHandle",
      find: "if (offset + length > content.size) this.cut(handle.ino, offset + length);",
    },
    {
      what: "a reflink records no length",
      file: "engine-content.ts",
      find: 'if (source.size > 0) this.log?.size(to, 0, source.size, "write");',
    },
    {
      what: "a reflink records no bytes",
      file: "engine-content.ts",
      find: "this.log?.data(to, index, 0, page.length, page.slab, page.at);",
    },
    {
      what: "a bound name is not in the log",
      file: "engine-fs.ts",
      find: 'this.log?.name("link", directory, name, ino, kind, step?.rename, step?.group);',
    },
    {
      what: "a removed name is not in the log",
      file: "engine-fs.ts",
      find: 'this.log?.name("unlink", directory, name, inode.ino, inode.kind, step?.rename, step?.group);',
    },
    {
      what: "the new name of a rename is outside its group",
      file: "engine-fs.ts",
      find: "ino, kind, step?.rename, step?.group);",
      put: "ino, kind, step?.rename);",
    },
    {
      what: "the old name of a rename is outside its group",
      file: "engine-fs.ts",
      find: "inode.kind, step?.rename, step?.group);",
      put: "inode.kind, step?.rename);",
    },
    {
      what: "a rename never leaves its directory",
      file: "engine-fs.ts",
      find: 'sourceDirectory === targetDirectory ? "within" : "across"',
      put: '"within"',
    },
    {
      what: "a rename always leaves its directory",
      file: "engine-fs.ts",
      find: 'sourceDirectory === targetDirectory ? "within" : "across"',
      put: '"across"',
    },

    // --- what a barrier covers ---
    {
      what: "a blocking file barrier covers nothing",
      file: "engine-content.ts",
      in: "fileBarrierBlocking(handle",
      find: "this.log?.length ?? 0",
      put: "0",
    },
    {
      what: "a blocking names barrier covers nothing",
      file: "engine-content.ts",
      in: "protected namesBarrierBlocking(",
      find: "this.log?.length ?? 0",
      put: "0",
    },
    {
      what: "a promised file barrier covers writes that came after its issue",
      file: "engine-content.ts",
      in: "issueFileBarrier(handle: EngineHandle",
      find: "const covers = this.log?.length ?? 0;",
      put: "const covers = Number.MAX_SAFE_INTEGER;",
    },
    {
      what: "a promised file barrier covers nothing",
      file: "engine-content.ts",
      in: "issueFileBarrier(handle: EngineHandle",
      find: "const covers = this.log?.length ?? 0;",
      put: "const covers = 0;",
    },
    {
      what: "a promised names barrier covers names that came after its issue",
      file: "engine-content.ts",
      in: "protected issueNamesBarrier(",
      find: "const covers = this.log?.length ?? 0;",
      put: "const covers = Number.MAX_SAFE_INTEGER;",
    },
    {
      what: "a promised names barrier covers nothing",
      file: "engine-content.ts",
      in: "protected issueNamesBarrier(",
      find: "const covers = this.log?.length ?? 0;",
      put: "const covers = 0;",
    },
    {
      what: "a barrier that failed on the disk is recorded in the life after the crash",
      file: "issued-barrier.ts",
      find: "if (epoch !== engine.epoch || !fails()) return;",
      put: "if (!fails()) return;",
    },
    {
      what: "a barrier that works is recorded before the program knows",
      file: "issued-barrier.ts",
      find: "if (epoch !== engine.epoch || !fails()) return;",
      put: "if (epoch !== engine.epoch) return;",
    },
    {
      what: "a barrier in flight succeeds across a crash",
      file: "issued-barrier.ts",
      find: "engine.checkEpoch(epoch, operation, path);",
    },
    {
      what: "a promised barrier never ends in a record",
      file: "issued-barrier.ts",
      find: "if (!failed) finish();",
      put: "if (!failed) return;",
    },
    {
      what: "a failed barrier is carried out twice",
      file: "issued-barrier.ts",
      find: "failed = true;",
    },
    {
      what: "a failed promise barrier says success",
      file: "issued-barrier.ts",
      find: "fail?.();",
    },
    {
      what: "what was issued before a crash may complete after it",
      file: "engine-content.ts",
      in: "checkEpoch(epoch: number",
      find: "if (epoch === this.epoch) return;",
      put: "return;",
    },
    {
      what: "a fault of the disk strikes every later barrier too",
      file: "engine-content.ts",
      in: "protected takeFileFault(",
      find: "handle.armed = undefined;",
    },

    // --- epochs and boots ---
    {
      what: "handles outlive a crash",
      file: "engine-content.ts",
      in: "protected killHandles(",
      find: "this.epoch += 1;",
    },
    {
      what: "files that only dead handles held stay for ever",
      file: "engine-content.ts",
      find: "for (const ino of orphans) this.collect(ino);",
    },
    {
      what: "dead handles count against the limit",
      file: "engine-content.ts",
      in: "protected killHandles(",
      find: "this.openHandles = 0;",
    },
    {
      what: "dead handles keep the files of their inode numbers alive",
      file: "engine-content.ts",
      in: "protected killHandles(",
      find: "this.#handlesOf.clear();",
    },
    {
      what: "a crash leaves the tree as it was",
      file: "engine-content.ts",
      in: "protected mountAgain(",
      find: "this.state = new FsState(image, this.state.slab);",
    },
    {
      what: "a crash in place is no new boot",
      file: "engine-content.ts",
      in: "protected mountAgain(",
      find: "this.state.boots += 1;",
    },
    {
      what: "mounting an image is no new boot",
      file: "engine-content.ts",
      in: "constructor(image: Image",
      find: "this.state.boots += 1;",
    },
    {
      what: "a removed file goes while a handle has it open",
      file: "engine-content.ts",
      find: "&& !this.#handlesOf.has(ino)",
    },
    {
      what: "the owner of an earlier boot counts as alive",
      file: "engine-fs.ts",
      find: "identity.bootId === own.bootId &&",
    },
    {
      what: "the owner of an earlier process counts as alive",
      file: "engine-fs.ts",
      find: "&& identity.startTime === own.startTime",
    },
  ],
);
