import * as nodeFs from "node:fs";

/** Plays one call on an `fs`, in one of its three styles, and tells what became of it in terms that can be compared. */

export type Fs = typeof nodeFs;
export type Style = "sync" | "callback" | "promise";
type Call = (...values: unknown[]) => unknown;

/** Open files of one player, by slot: a number, and a handle when the promise style opened it. */
export interface Slot {
  readonly fd: number;
  readonly handle: nodeFs.promises.FileHandle | undefined;
  readonly flags: string;
}

export type Outcome = { readonly value: unknown } | { readonly error: unknown };

export function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = error;
  const { code, errno, syscall, path, dest } = error as NodeJS.ErrnoException & { dest?: string };
  // Wordings of argument errors are Node's own business; their codes are what programs look at.
  // Node 26 names the path of a directory that was read as a file, earlier versions do not.
  if (code === "EISDIR" && syscall === "read") return { name, code, errno, syscall };
  return code?.startsWith("ERR_") === true ? { name, code } : { name, message, code, errno, syscall, path, dest };
}

export async function outcomeOf(run: () => unknown): Promise<Outcome> {
  try {
    return { value: await run() };
  } catch (error) {
    return { error: describeError(error) };
  }
}

/** A call by name. Errors that the callback style throws at once are marked, since a program sees the difference. */
export function callByName(fs: Fs, style: Style, name: string, values: readonly unknown[]): unknown {
  if (style === "sync") return (fs[`${name}Sync` as keyof Fs] as Call)(...values);
  if (style === "promise" && name in fs.promises) {
    return (fs.promises as unknown as Record<string, Call>)[name]?.(...values);
  }
  return new Promise((resolve, reject) => {
    let issuing = true;
    const callback: Call = (first, ...results) => {
      // Node 20 itself calls back at once from a recursive readdir.
      if (issuing && fs !== nodeFs) reject(new Error("called back before the call had returned"));
      else if (name === "exists") resolve(first);
      else if (first !== null && first !== undefined) reject(first);
      else resolve(results.length > 1 ? results : results[0]);
    };
    (fs[name as keyof Fs] as Call)(...values, callback);
    issuing = false;
  });
}

/** A call on an open file: on its handle in the promise style, when it has one. */
export function callOnSlot(fs: Fs, style: Style, name: string, slot: Slot, values: readonly unknown[]): unknown {
  const method = handleMethods[name] ?? name;
  // The number of a handle that is closed may be that of another file of this process.
  if (slot.handle !== undefined && (style === "promise" || slot.handle.fd === -1)) {
    return (slot.handle as unknown as Record<string, Call>)[method]?.(...values);
  }
  return callByName(fs, style === "promise" ? "callback" : style, name, [slot.fd, ...values]);
}

const handleMethods: Readonly<Record<string, string>> = {
  fstat: "stat",
  fchmod: "chmod",
  futimes: "utimes",
  ftruncate: "truncate",
  fsync: "sync",
  fdatasync: "datasync",
};

/** What of a stat does not depend on the machine. */
export function describeStats(stats: nodeFs.Stats | nodeFs.BigIntStats | undefined): unknown {
  if (stats === undefined) return undefined;
  const shared = {
    mode: Number(stats.mode),
    isFile: stats.isFile(),
    isDirectory: stats.isDirectory(),
    bigint: typeof stats.size,
  };
  return stats.isFile() ? { ...shared, size: Number(stats.size), nlink: Number(stats.nlink) } : shared;
}
