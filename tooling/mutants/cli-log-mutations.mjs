// The checks of `holdfast dump`, `verify` and `salvage` on logs, record logs and files of durability. A mistake here calls a log sound that
// does not open, or copies a record that is none.
import { area, tests } from "./area.mjs";

const cli = (name, usual, entries) => area(name, usual, entries, "apps/cli");

export const cliLogMutations = [
  ...cli(
    "cli-log",
    [tests.cliLog],
    [
      {
        what: "a segment under another name counts",
        file: "inspect/wal-directory.ts",
        find: 'if (header.segmentId !== segmentId || header.nonce !== nonce) return { kind: "misnamed", header };',
      },
      {
        what: "a segment of another log counts",
        file: "inspect/wal-directory.ts",
        find: 'if (!isOf(this.logId, header)) return { kind: "stranger", header };',
      },
      {
        what: "a segment that nothing leads to counts",
        file: "inspect/wal-directory.ts",
        find: "tail !== undefined && segmentId > tail.segmentId",
        put: "false",
      },
      {
        what: "what frames of later segments state as durable is not looked at",
        file: "inspect/wal-directory.ts",
        find: "proven = Math.max(proven, this.#evidenceIn(later, logId, nextLsn).durableLsn);",
      },
      {
        what: "a checkpoint says nothing about what was durable",
        file: "inspect/wal-directory.ts",
        find: "let proven = this.checkpoints[0]?.lsn ?? 0;",
        put: "let proven = 0;",
      },
      {
        what: "a checkpoint of another LSN than its name says counts",
        file: "inspect/wal-directory.ts",
        find: "&& header?.durableLsn === lsn",
        put: "&& header !== undefined",
      },
      {
        what: "the log is that of whatever segment comes first",
        file: "inspect/wal-directory.ts",
        find: "if (most === undefined || each.count > most.count) most = each;",
        put: "most ??= each;",
      },
      {
        what: "a segment that lost its header is left over, whatever it holds",
        file: "inspect/wal-segment-file.ts",
        find: "if (headerCount === log.framesIn(name, next.baseLsn).headerCount)",
        put: "if (true)",
      },
      {
        what: "records may be gone that no checkpoint holds",
        file: "inspect/wal-segment-file.ts",
        find: "own.baseLsn === log.firstLsn ? missingCheckpoint(log) : undefined",
        put: "undefined",
      },
      {
        what: "a damaged checkpoint holds what is gone",
        file: "inspect/wal-segment-file.ts",
        find: 'if (log.readCheckpoint(name).kind === "checkpoint") return undefined;',
        put: "return undefined;",
      },
      {
        what: "a checkpoint under another name is sound",
        file: "inspect/wal-checkpoint-file.ts",
        find: "header.durableLsn !== lsn",
        put: "false",
      },
      {
        what: "a checkpoint whose frame is damaged is sound",
        file: "inspect/wal-checkpoint-file.ts",
        find: 'yield damage("corrupt", rest, "INSPECT_CHECKPOINT_DAMAGED", decoded.why);',
      },
      {
        what: "a batch holds as many records as it likes",
        file: "inspect/log-records.ts",
        find: "return count === span && end === payloadEnd - payloadStart;",
        put: "return true;",
      },
      {
        what: "what was set aside is damage",
        file: "inspect/passed-over.ts",
        find: 'if (folder.name !== "aside") return false;',
        put: "return false;",
      },
      {
        what: "a directory called like a segment is passed over",
        file: "inspect/host-tree.ts",
        find: "if (isOurName(text, folder)) yield",
        put: "if (false) yield",
      },
    ],
  ),
  ...cli(
    "cli-record-log",
    [tests.cliRecordLog],
    [
      {
        what: "durable records that are missing are a torn tail",
        file: "inspect/record-log-file.ts",
        find: "if (found !== undefined && durableLsn > lastLsn)",
        put: "if (false)",
      },
      {
        what: "the copy of a header does not stand in for it",
        file: "inspect/record-log-file.ts",
        find: "return { header: copy.header, isDamaged: true };",
        put: "return undefined;",
      },
    ],
  ),
  ...cli(
    "cli-durability",
    [tests.cliDurability],
    [
      {
        what: "a missing segment is not missed",
        file: "inspect/durability-directory.ts",
        find: "(this.#ids[0] ?? segmentId) < segmentId && !this.#ids.includes(segmentId - 1)",
        put: "false",
      },
      {
        what: "any segment may end in a torn tail",
        file: "inspect/durability-file.ts",
        find: "const last = log?.isLast(segmentId) ?? true;",
        put: "const last = true;",
      },
      {
        what: "entries need not go on from one segment to the next",
        file: "inspect/durability-file.ts",
        find: "const nextEntryId = log?.dueAt(segmentId);",
        put: "const nextEntryId = undefined;",
      },
      {
        what: "a letter of the beginning that is damaged makes a file foreign",
        file: "inspect/durability-file.ts",
        find: "bytesDiffering <= 1 || ",
      },
      {
        what: "a name that only readers take for a segment is sound",
        file: "inspect/durability-file.ts",
        find: 'yield damage("corrupt", { offset: 0, endOffset: 0 }, "INSPECT_MISNAMED", reason);',
      },
    ],
  ),
  ...cli(
    "cli-salvage",
    [tests.cliSalvage],
    [
      {
        what: "the chain stored in a damaged frame is not tried",
        file: "salvage/sound-frames.ts",
        find: "let chain = this.#chainAt(offset);",
        put: "let chain = 0;",
      },
      {
        what: "what a later segment has replaced is copied",
        file: "salvage/sound-frames.ts",
        find: "if (cursor.lsn >= untilLsn) return;",
      },
      {
        what: "records behind a gap are joined to those before it",
        file: "salvage/salvage-output.ts",
        find: "if (range?.nextLsn !== cursor.lsn)",
        put: "if (range === undefined)",
      },
      {
        what: "what is missing at the end is not told",
        file: "salvage/wal-salvage.ts",
        find: "yield* due.end(log.tail()?.durableLsn ?? 0);",
      },
      {
        what: "a gap is not told",
        file: "salvage/due-lsn.ts",
        find: "if (lastId < firstId) {",
        put: "if (true) {",
      },
      {
        what: "the destination may lie in the source",
        file: "salvage/salvage-output.ts",
        find: 'source.kind === "directory" && isInside',
        put: "false",
      },
      {
        what: "the destination may exist",
        file: "salvage/salvage-output.ts",
        find: 'if ((error as NodeJS.ErrnoException).code === "EEXIST") {',
        put: "if (false) {",
      },
      {
        what: "an entry of durability is searched for right behind the header alone",
        file: "salvage/durability-salvage.ts",
        find: "if (end.laterOffset !== undefined) return end.laterOffset + shift;",
      },
      {
        what: "an id that is under no checksum is believed",
        file: "salvage/durability-salvage.ts",
        find: "if (due.id !== undefined && (startEntryId < due.id || startEntryId - due.id > most)) return undefined;",
      },
    ],
  ),
];
