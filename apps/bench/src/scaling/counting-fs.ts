import type { FileHandle, StoreFs } from "@holdfast/fs-seam";

/** What a program has asked of its file system. */
export interface SeamCounts {
  /** Calls of the file system and of its handles, reads, writes and barriers among them: each is a system call at least. */
  calls: number;
  /** Barriers, for bytes and for names. */
  barriers: number;
  /** What reads gave. */
  bytesRead: number;
  /** What was handed over, zeros ahead of the end among it. */
  bytesWritten: number;
}

export function noCounts(): SeamCounts {
  return { calls: 0, barriers: 0, bytesRead: 0, bytesWritten: 0 };
}

/** The same file system, which adds to `counts` what it is asked for: what it refuses is a call as well, and moves no byte. */
export function countingFs(inner: StoreFs, counts: SeamCounts): StoreFs {
  return counted(inner, counts);
}

/** What asks nothing of a disk. */
const freeMethods: ReadonlySet<string> = new Set(["capabilities", "nonce", "processIdentity", "processState"]);
const barrierMethods: ReadonlySet<string> = new Set(["sync", "syncBlocking", "syncNames", "syncNamesBlocking"]);

/** The seam's interfaces have methods alone that do something, so whatever is called is looked at, also what they may get one day. */
function counted<Subject extends StoreFs | FileHandle>(subject: Subject, counts: SeamCounts): Subject {
  const wrapped = new Map<PropertyKey, unknown>();
  return new Proxy(subject, {
    get(target, name) {
      const known = wrapped.get(name);
      if (known !== undefined) return known;
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method = (...args: unknown[]): unknown => {
        if (typeof name === "string") noteCall(name, counts); // before it is carried out, since it may be refused
        const result: unknown = Reflect.apply(value, target, args);
        if (typeof name === "string") noteBytes(name, args, result, counts);
        return name === "open" ? counted(result as FileHandle, counts) : result; // what every `open` gives
      };
      wrapped.set(name, method);
      return method;
    },
  });
}

function noteCall(method: string, counts: SeamCounts): void {
  if (freeMethods.has(method)) return;
  counts.calls += 1;
  if (barrierMethods.has(method)) counts.barriers += 1;
}

/** Arguments and results are those of the interfaces, by the method's name. */
function noteBytes(method: string, args: readonly unknown[], result: unknown, counts: SeamCounts): void {
  if (method === "readAt") counts.bytesRead += result as number;
  else if (method === "readAtAsync") noteRead(result as Promise<number>, counts);
  else if (method === "writeAt" || method === "append") counts.bytesWritten += (args[0] as Uint8Array).length;
  else if (method === "allocate") counts.bytesWritten += args[1] as number;
}

/** Beside whoever awaits it, and who hears of its failure. */
function noteRead(read: Promise<number>, counts: SeamCounts): void {
  void read.then(
    (bytes) => (counts.bytesRead += bytes),
    () => {},
  );
}
