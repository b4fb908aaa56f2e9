import { isEffect, isName, type Call, type Effect, type LogRecord, type Trace } from "@holdfast/fs-seam/crash";
import type { Blame } from "./blame.js";
import { describeCall, isNodeFs } from "./call-site.js";
import { directoryOf } from "./report/inode-paths.js";

/** A barrier that a program lacks. */
export interface MissingBarrier {
  readonly scope: "file" | "names";
  /** The file or the directory. */
  readonly inode: number;
  readonly path: string;
}

/** What would have kept the promise. */
export type Fix =
  /** Barriers to wait for before the call, or the acknowledgement, of record `before`. */
  | { readonly kind: "barriers"; readonly barriers: readonly MissingBarrier[]; readonly before: number }
  /** No barrier helps; the program must do it another way. */
  | { readonly kind: "redesign"; readonly text: string };

/** The fix for what a failure comes down to; undefined when the crash has nothing to do with it. */
export function fixFor({ records }: Trace, { kind, lost, trigger }: Blame): Fix | undefined {
  const effect = lost === undefined ? undefined : effectAt(records, lost);
  switch (kind) {
    case "media":
      return redesign("after a failed barrier write the bytes again, to a new file; do not retry it");
    case "program":
      return undefined;
    case "parts":
      return effect === undefined ? undefined : redesign(partsText(effect));
    case "steps":
      return redesign(stepsText(effect, trigger === undefined ? undefined : effectAt(records, trigger)));
    case "order":
    case "acknowledged":
    case "several":
      if (effect === undefined || trigger === undefined) return undefined;
      return { kind: "barriers", barriers: barriersFor(records, effect), before: trigger };
  }
}

function redesign(text: string): Fix {
  return { kind: "redesign", text };
}

function effectAt(records: readonly LogRecord[], seq: number): Effect | undefined {
  const record = records[seq];
  return record !== undefined && isEffect(record) ? record : undefined;
}

/** The barriers that settle one effect: of its file, or of the directories of its name, the destination first. */
function barriersFor(records: readonly LogRecord[], effect: Effect): MissingBarrier[] {
  if (!isName(effect)) return [{ scope: "file", inode: effect.ino, path: effect.call?.path ?? `inode ${effect.ino}` }];
  const steps = records.filter(isEffect).filter((other) => isName(other) && other.group === effect.group);
  const barriers: MissingBarrier[] = [];
  for (const step of [...steps].reverse()) {
    if (!isName(step) || barriers.some(({ inode }) => inode === step.directory)) continue;
    const path = directoryOf(step) ?? `inode ${step.directory}`;
    barriers.push({ scope: "names", inode: step.directory, path });
  }
  return barriers;
}

function partsText(effect: Effect): string {
  if (isName(effect)) return "no barrier helps: here a rename may come apart, so recovery must find either name";
  const path = effect.call?.path ?? "the file";
  return `no barrier orders the parts of one call: let recovery notice a torn write by a checksum, or write a temporary file, sync it and rename it over ${path}`;
}

function stepsText(lost: Effect | undefined, trigger: Effect | undefined): string {
  if (trigger !== undefined && !isName(trigger)) {
    return `no barrier helps: write a temporary file, sync it and rename it over ${trigger.call?.path ?? "the file"}`;
  }
  if (trigger?.kind === "unlink" && trigger.call?.operation === "remove" && lost !== undefined && isName(lost)) {
    return `leave out ${describeCall(trigger.call)}: a rename over the name replaces it in one step`;
  }
  if (trigger?.kind === "link" && lost !== undefined && !isName(lost) && lost.ino === trigger.ino) {
    return `no barrier helps: fill a temporary file, sync it, and only then rename it to ${trigger.call?.destination ?? trigger.call?.path ?? "its name"}`;
  }
  return "no barrier helps: both must take effect in one step, or recovery must accept what lies between";
}

/** A fix as one line, in the words of the interface that the program uses. */
export function fixText({ records }: Trace, fix: Fix): string {
  if (fix.kind === "redesign") return fix.text;
  const record = records[fix.before];
  const call = record !== undefined && "call" in record ? record.call : undefined;
  const place = record?.kind === "mark" ? `${JSON.stringify(record.label)} is acknowledged` : describeCall(call);
  const isNode = isNodeFs(call) || records.some((each) => "call" in each && isNodeFs(each.call));
  return `${fix.barriers.map((barrier) => barrierText(barrier, isNode)).join(", then ")}, before ${place}`;
}

function barrierText({ scope, path }: MissingBarrier, isNode: boolean): string {
  if (isNode && scope === "file") return `fs.fsyncSync(fd) on ${path}`;
  if (isNode) return `fs.fsyncSync(fd) on the directory ${path}, opened with "r"`;
  return scope === "file" ? `await handle.sync("data") on ${path}` : `await directory.syncNames() on ${path}`;
}

/** The call of a record. */
export function callAt({ records }: Trace, seq: number | undefined): Call | undefined {
  const record = seq === undefined ? undefined : records[seq];
  return record !== undefined && "call" in record ? record.call : undefined;
}
