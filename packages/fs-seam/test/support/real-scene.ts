import { mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { FsError } from "../../src/fs-error.js";
import { nodeCalls, type RealCalls } from "../../src/real-calls.js";

/** A new empty directory on the host, removed behind the test. */
export function scratchDirectory(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-seam-")));
  scratch.push(path);
  return path;
}

const scratch: string[] = [];
afterEach(() => {
  for (const path of scratch.splice(0)) rmSync(path, { recursive: true, force: true });
});

/** Descriptors that this process has open, without the one that does the counting. */
export function descriptorCount(): number {
  return readdirSync("/proc/self/fd").length - 1;
}

/** An error as Node makes one of a failed system call. */
export function platformError(errno: string): Error {
  return Object.assign(new Error(`${errno}: made by a test`), { code: errno, errno: -1, syscall: "test" });
}

export type CallName = keyof RealCalls;

/**
 * Real calls, except that `decide` is asked before each: an errno makes the call fail. A close closes before it fails, as
 * kernels do, and no other failing call has an effect.
 */
export function callsThatFail(decide: (name: CallName, count: number) => string | undefined): RealCalls {
  let count = 0;
  const wrap = (name: CallName) => {
    const real = nodeCalls[name] as (...values: unknown[]) => unknown;
    return (...values: unknown[]): unknown => {
      count += 1;
      const errno = decide(name, count);
      if (errno === undefined) return real(...values);
      if (name === "close") real(...values);
      if (!name.endsWith("Async")) throw platformError(errno);
      const done = values.at(-1) as (error: Error) => void;
      setImmediate(() => done(platformError(errno)));
      return undefined;
    };
  };
  return Object.fromEntries(
    Object.keys(nodeCalls).map((name) => [name, wrap(name as CallName)]),
  ) as unknown as RealCalls;
}

/** What `run` throws, which must be an FsError. */
export function failureOf(run: () => unknown): FsError {
  try {
    run();
  } catch (error) {
    if (error instanceof FsError) return error;
    throw new Error("something else than an FsError was thrown", { cause: error });
  }
  throw new Error("nothing was thrown");
}

export async function rejectionOf(promise: Promise<unknown>): Promise<FsError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof FsError) return error;
    throw new Error("rejected with something else than an FsError", { cause: error });
  }
  throw new Error("did not reject");
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
