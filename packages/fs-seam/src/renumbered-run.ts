import type { Trace } from "./crash-choice.js";
import { BarrierRecord, DataEffect, NameEffect, SizeEffect, type LogRecord } from "./effects.js";
import type { Image } from "./fs-state.js";
import type { UndecidedDisk } from "./undecided-disks.js";

/** A run of a program on one disk, as seen by an `ObservedFs`. */
export interface MetRun {
  /** What the program did. */
  readonly trace: Trace;
  /** Inode numbers of that disk in the order in which the program met them. */
  readonly met: readonly number[];
}

/** Disks on which one run has the same log, and that log. */
export interface RunOnDisks {
  /** All of them answer alike. */
  readonly disks: readonly UndecidedDisk[];
  /** What the program does on each. */
  readonly trace: Trace;
}

/**
 * The logs that a run would have had on disks that tell its program the same. A log names inodes by number, and what the
 * program met as one file may be another inode on another disk: the old or the new one under a name, or one that an earlier
 * recovery made. Files that the program made get the numbers that are free there.
 */
export function runsOn(disks: readonly UndecidedDisk[], run: MetRun): RunOnDisks[] {
  const alike = new Map<string, UndecidedDisk[]>();
  for (const disk of disks) {
    const key = `${disk.met.join()}/${disk.image.nextIno}`;
    const group = alike.get(key);
    if (group === undefined) alike.set(key, [disk]);
    else group.push(disk);
  }
  return [...alike.values()].map((group) => {
    const [{ image, met }] = group as [UndecidedDisk, ...UndecidedDisk[]]; // a group has at least one
    return { disks: group, trace: traceOn(image, met, run) };
  });
}

function traceOn(base: Image, met: readonly number[], run: MetRun): Trace {
  const { records, base: own } = run.trace;
  const numbers = new Map(run.met.map((ino, number) => [ino, met[number] as number])); // both programs met as many
  const numberOn = (ino: number): number => numbers.get(ino) ?? ino - own.nextIno + base.nextIno;
  const same = own.nextIno === base.nextIno && run.met.every((ino) => numberOn(ino) === ino);
  return { base, records: same ? records : records.map((record) => renumbered(record, numberOn)) };
}

function renumbered(record: LogRecord, numberOn: (ino: number) => number): LogRecord {
  switch (record.kind) {
    case "data": {
      const { seq, ino, page, start, end, bytes, shift, call, lost, strayTo } = record;
      const data = new DataEffect(seq, numberOn(ino), page, start, end, bytes, shift, call);
      data.lost = lost;
      data.strayTo = strayTo === undefined ? undefined : { ...strayTo, ino: numberOn(strayTo.ino) };
      return data;
    }
    case "size": {
      const { seq, ino, from, to, cause, call } = record;
      return new SizeEffect(seq, numberOn(ino), from, to, cause, call);
    }
    case "link":
    case "unlink": {
      const { kind, seq, directory, name, ino, inodeKind, group, rename, call, unordered } = record;
      const [of, what] = [numberOn(directory), numberOn(ino)];
      return new NameEffect(kind, seq, of, name, what, inodeKind, group, rename, call, unordered);
    }
    case "barrier": {
      const { seq, scope, ino, rung, covers, outcome, lost, aftermath, call } = record;
      return new BarrierRecord(seq, scope, numberOn(ino), rung, covers, outcome, lost, aftermath, call);
    }
    case "media":
      return { ...record, ino: numberOn(record.ino) };
    case "mark":
    case "writeback":
      return record;
  }
}
