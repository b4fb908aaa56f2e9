import type { SyncRung } from "./durability.js";
import type { FaultGate } from "./fault-gate.js";
import type { Fault } from "./fault-plan.js";
import type { FaultCall } from "./fault-rule.js";
import type { FileHandle, FileStat } from "./file-handle.js";
import { checkBuffer, checkBytes, checkRange, checkRung } from "./fs-arguments.js";
import { FsError, isFsError } from "./fs-error.js";
import type { FsOperation } from "./fs-error.js";
import { isMediaHandle } from "./media-faults.js";
import type { HandleMediaFault, MediaHandle } from "./media-faults.js";
import type { StaleBytes } from "./fault-stale.js";

/** What a handle needs of the file system that opened it. */
export interface FaultHandleHost {
  readonly gate: FaultGate;
  readonly stale: StaleBytes;
  /** Called once, when the handle is closed. */
  closed(handle: FaultHandle): void;
}

/**
 * A handle of a {@link FaultFs}. It is matched by its path at open time, also after a rename. Arguments that no backend
 * accepts are refused before the plan is asked, because they never become a call.
 */
export class FaultHandle implements FileHandle {
  readonly #inner: FileHandle;
  readonly #host: FaultHandleHost;
  #closed = false;
  #poison: unknown = undefined;

  constructor(inner: FileHandle, host: FaultHandleHost) {
    this.#inner = inner;
    this.#host = host;
  }

  get path(): string {
    return this.#inner.path;
  }

  get mode(): "read" | "write" | "append" {
    return this.#inner.mode;
  }

  protected get inner(): FileHandle {
    return this.#inner;
  }

  #call(operation: FsOperation, more: { offset?: number; length?: number; blocking?: false } = {}): FaultCall {
    return { operation, path: this.#inner.path, blocking: true, ...more };
  }

  #checkOpen(operation: FsOperation): void {
    if (!this.#closed) return;
    const { path } = this;
    throw new FsError("FS_CLOSED", `${operation} ${path}: the handle is closed`, { operation, path, errno: "EBADF" });
  }

  #checkSound(operation: FsOperation): void {
    this.#checkOpen(operation);
    if (this.#poison === undefined) return;
    const { path } = this;
    const message = `${operation} ${path}: an earlier barrier of this handle failed; reopen the file and check it`;
    throw new FsError("FS_POISONED", message, { operation, path, injected: true }, { cause: this.#poison });
  }

  #armMedia(fault: HandleMediaFault, call: FaultCall): void {
    if (isMediaHandle(this.#inner)) return this.#inner.armMediaFault(fault);
    const { operation, path } = call;
    throw new FsError("FS_UNSUPPORTED", `${operation} ${path}: this handle takes no ${fault.kind}`, {
      operation,
      path,
    });
  }

  readAt(target: Uint8Array, offset: number): number {
    this.#checkOpen("read");
    checkBuffer(target, "read", this.path);
    checkBytes(offset, "offset", "read", this.path);
    const call = this.#call("read", { offset, length: target.length });
    const { delayMs, fault } = this.#host.gate.decide(call);
    this.#host.gate.pass(delayMs);
    if (fault === undefined) return this.#inner.readAt(target, offset);
    const { action } = fault;
    if (action.kind === "error" && action.late !== true) throw fault.error(action.errno);
    const part = action.kind === "short" ? target.subarray(0, firstBytes(fault, 0)) : target;
    return this.#afterRead(fault, part, offset, this.#inner.readAt(part, offset));
  }

  async readAtAsync(target: Uint8Array, offset: number): Promise<number> {
    this.#checkOpen("read");
    checkBuffer(target, "read", this.path);
    checkBytes(offset, "offset", "read", this.path);
    const call = this.#call("read", { offset, length: target.length, blocking: false });
    const { delayMs, fault } = this.#host.gate.decide(call);
    if (delayMs > 0) await this.#host.gate.wait(delayMs);
    if (fault === undefined) return this.#inner.readAtAsync(target, offset);
    const { action } = fault;
    if (action.kind === "error" && action.late !== true) throw fault.error(action.errno);
    const part = action.kind === "short" ? target.subarray(0, firstBytes(fault, 0)) : target;
    return this.#afterRead(fault, part, offset, await this.#inner.readAtAsync(part, offset));
  }

  #afterRead(fault: Fault, target: Uint8Array, offset: number, count: number): number {
    const { action } = fault;
    if (action.kind === "error") throw fault.error(action.errno, count);
    if (action.kind !== "corruptRead" || count === 0) return count;
    if (action.how === "zero") {
      target.fill(0, 0, count);
    } else if (action.how === "stale") {
      this.#host.stale.overlay(this.path, target.subarray(0, count), offset);
    } else {
      const prng = fault.prng();
      const at = prng.below(count);
      target[at] = (target[at] ?? 0) ^ (1 << prng.below(8));
    }
    return count;
  }

  writeAt(bytes: Uint8Array, offset: number): void {
    this.#checkSound("write");
    checkBuffer(bytes, "write", this.path);
    checkRange(offset, bytes.length, "write", this.path);
    const call = this.#call("write", { offset, length: bytes.length });
    this.#write(call, bytes, (part, from) => {
      this.#host.stale.keep(this.#inner, part.length, offset + from);
      this.#inner.writeAt(part, offset + from);
    });
  }

  append(bytes: Uint8Array): void {
    this.#checkSound("append");
    checkBuffer(bytes, "append", this.path);
    this.#write(this.#call("append", { length: bytes.length }), bytes, (part) => {
      this.#host.stale.keep(this.#inner, part.length);
      this.#inner.append(part);
    });
  }

  #write(call: FaultCall, bytes: Uint8Array, carryOut: (part: Uint8Array, from: number) => void): void {
    const { delayMs, fault } = this.#host.gate.decide(call);
    this.#host.gate.pass(delayMs);
    const action = fault?.action;
    if (fault === undefined || action === undefined) return carryOut(bytes, 0);
    switch (action.kind) {
      case "error":
        if (action.late === true) carryOut(bytes, 0);
        throw fault.error(action.errno, action.late === true ? bytes.length : 0);
      case "torn": {
        const landed = Math.min(firstBytes(fault, 0), bytes.length);
        if (landed > 0) carryOut(bytes.subarray(0, landed), 0);
        throw fault.error(action.errno, landed);
      }
      case "short":
        return this.#writeTwice(fault, bytes, carryOut);
      case "lostWrite":
      case "misdirectedWrite":
        this.#armMedia(action, call);
        return carryOut(bytes, 0);
      default:
        return carryOut(bytes, 0);
    }
  }

  #writeTwice(fault: Fault, bytes: Uint8Array, carryOut: (part: Uint8Array, from: number) => void): void {
    const first = Math.min(firstBytes(fault, 1), bytes.length);
    if (first > 0) carryOut(bytes.subarray(0, first), 0);
    if (first === bytes.length) return;
    try {
      carryOut(bytes.subarray(first), first);
    } catch (error) {
      if (!isFsError(error)) throw error;
      const transferred = first + (error.transferred ?? 0);
      throw new FsError(error.code, error.message, { ...contextOf(error), transferred }, { cause: error });
    }
  }

  truncate(size: number): void {
    this.#checkSound("truncate");
    checkBytes(size, "size", "truncate", this.path);
    this.#host.gate.run(this.#call("truncate", { offset: size }), () => this.#inner.truncate(size));
  }

  allocate(offset: number, length: number): void {
    this.#checkSound("allocate");
    checkRange(offset, length, "allocate", this.path);
    this.#host.gate.run(this.#call("allocate", { offset, length }), () => this.#inner.allocate(offset, length));
  }

  punch(offset: number, length: number): void {
    this.#checkSound("punch");
    checkRange(offset, length, "punch", this.path);
    this.#host.gate.run(this.#call("punch", { offset, length }), () => this.#inner.punch(offset, length));
  }

  stat(): FileStat {
    this.#checkOpen("stat");
    return this.#host.gate.run(this.#call("stat"), () => this.#inner.stat());
  }

  async sync(rung: SyncRung): Promise<void> {
    this.#checkSound("sync");
    checkRung(rung, this.path);
    const call = this.#call("sync", { blocking: false });
    const { delayMs, fault } = this.#host.gate.decide(call);
    if (delayMs > 0) await this.#host.gate.wait(delayMs);
    if (fault?.action.kind !== "error") {
      this.#armSync(fault, call);
      return this.#inner.sync(rung);
    }
    if (fault.action.late === true) await this.#inner.sync(rung);
    throw this.#failBarrier(fault, fault.action.errno);
  }

  syncBlocking(rung: SyncRung): void {
    this.#checkSound("sync");
    checkRung(rung, this.path);
    const call = this.#call("sync");
    const { delayMs, fault } = this.#host.gate.decide(call);
    this.#host.gate.pass(delayMs);
    if (fault?.action.kind !== "error") {
      this.#armSync(fault, call);
      return this.#inner.syncBlocking(rung);
    }
    if (fault.action.late === true) this.#inner.syncBlocking(rung);
    throw this.#failBarrier(fault, fault.action.errno);
  }

  #armSync(fault: Fault | undefined, call: FaultCall): void {
    const action = fault?.action;
    if (action?.kind === "failedSync" || action?.kind === "droppedSync") this.#armMedia(action, call);
  }

  /** A failed barrier poisons the handle, as a real one does: nobody may believe a second try. */
  #failBarrier(fault: Fault, errno: string): FsError {
    const error = fault.error(errno);
    this.#poison ??= error;
    return error;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#host.closed(this);
    try {
      this.#host.gate.run(this.#call("close"), () => undefined);
    } finally {
      this.#inner.close(); // whatever the plan reports, no descriptor is left behind
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** A handle over one that takes media faults: it takes them too, so that wrappers stack. */
export class FaultMediaHandle extends FaultHandle implements MediaHandle {
  armMediaFault(fault: HandleMediaFault): void {
    if (isMediaHandle(this.inner)) this.inner.armMediaFault(fault);
  }
}

/** Bytes of the first part of a short or torn transfer: what the rule says, or any count below the whole. */
function firstBytes(fault: Fault, least: number): number {
  const { action } = fault;
  if ((action.kind === "short" || action.kind === "torn") && action.bytes !== undefined) return action.bytes;
  const length = fault.call.length ?? 0;
  return length <= least ? length : least + fault.prng().below(length - least);
}

function contextOf(error: FsError): ConstructorParameters<typeof FsError>[2] {
  const { operation, path, destination, errno, offset, visible, injected } = error;
  return { operation, path, destination, errno, offset, visible, injected };
}
